"""Figures that README and decision records quote; each module prints and saves one record."""
