"""The charts, built once: the page and the SDK draw the same Plotly JSON.

Each function takes plain rows and returns `{"data": [...], "layout": {...}}`. What a trace or a
line stands for is named (`meta.role`, `shape.name`), so that the page can colour it by its theme.
"""

from service.figures.axes import Axis, Budget
from service.figures.front import front
from service.figures.hypervolume import hypervolume
from service.figures.importance import importance
from service.figures.layout import Figure
from service.figures.learning import learning
from service.figures.memory import memory
from service.figures.overlay import Growth, overlay
from service.figures.parallel import parallel
from service.figures.points import Point
from service.figures.prediction import Foreseen, prediction
from service.figures.space import front3d
from service.figures.thinking import Thought, thinking
from service.figures.timeline import Run, timeline

__all__ = [
    "Axis",
    "Budget",
    "Figure",
    "Foreseen",
    "Growth",
    "Point",
    "Run",
    "Thought",
    "front",
    "front3d",
    "hypervolume",
    "importance",
    "learning",
    "memory",
    "overlay",
    "parallel",
    "prediction",
    "thinking",
    "timeline",
]
