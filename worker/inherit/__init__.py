"""Weights that a child takes over from a trained parent."""

from worker.inherit.inherited import Inherited, inherit
from worker.inherit.parent import Parent

__all__ = ["Inherited", "Parent", "inherit"]
