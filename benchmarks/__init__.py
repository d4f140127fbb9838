"""Figures that the README and the decision records quote; each module prints and saves one record."""
