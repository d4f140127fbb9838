"""Tinyfront: Pareto fronts of networks that fit a microcontroller, and of any other black box."""

from tinyfront.asked import AskedTrial
from tinyfront.client import Client
from tinyfront.confirmed import Confirmed
from tinyfront.errors import (
    Conflict,
    InvalidArgument,
    MissingPackage,
    NotAllowed,
    NotFound,
    Problem,
    Refused,
    ServerError,
    ServerUnreachable,
    TinyfrontError,
    TrialLeftOpen,
    Unavailable,
    UnreadableAnswer,
    WaitTimeout,
)
from tinyfront.front import Front
from tinyfront.objectives import Objective, maximize, minimize
from tinyfront.spaces import Choice, Cnn, Integer, Parameters, Real
from tinyfront.study import Study
from tinyfront.trial import Trial

__version__ = "0.2.0.dev0"

__all__ = [
    "AskedTrial",
    "Choice",
    "Client",
    "Cnn",
    "Confirmed",
    "Conflict",
    "Front",
    "Integer",
    "InvalidArgument",
    "MissingPackage",
    "NotAllowed",
    "NotFound",
    "Objective",
    "Parameters",
    "Problem",
    "Real",
    "Refused",
    "ServerError",
    "ServerUnreachable",
    "Study",
    "TinyfrontError",
    "Trial",
    "TrialLeftOpen",
    "Unavailable",
    "UnreadableAnswer",
    "WaitTimeout",
    "maximize",
    "minimize",
]
