"""Pruning: what a network can do without is found while it is trained, then taken out."""
