"""Trains, costs and delivers the networks of a study; talks HTTP only."""
