"""Searches for networks in one process: the same trainings for every method, kept and compared."""
