"""Tinyfront: Pareto fronts of networks that fit a microcontroller, and of any other black box."""

from tinyfront.asked import AskedTrial
from tinyfront.client import Client
from tinyfront.confirmed import Confirmed
from tinyfront.datasets import DataSet
from tinyfront.errors import (
    CheckFailed,
    Conflict,
    Infeasible,
    InvalidArgument,
    MissingPackage,
    MissingWorker,
    NoCounterpart,
    NoNetwork,
    NotAllowed,
    NotFound,
    NothingFits,
    Problem,
    Refused,
    ServerError,
    ServerUnreachable,
    TinyfrontError,
    TrialCancelled,
    TrialLeftOpen,
    Unavailable,
    UnreadableAnswer,
    WaitTimeout,
    WrongRows,
)
from tinyfront.front import Front
from tinyfront.hypervolumes import HypervolumeHistory
from tinyfront.importances import Importance
from tinyfront.objectives import Objective, maximize, minimize
from tinyfront.optuna_in import from_optuna
from tinyfront.optuna_out import to_optuna
from tinyfront.serving import WorkerTrial
from tinyfront.spaces import Choice, Cnn, Integer, Parameters, Real
from tinyfront.study import Study
from tinyfront.trial import Trial
from tinyfront.verification import Level, Verification
from tinyfront.worker import Worker

__version__ = "0.2.0.dev0"

__all__ = [
    "AskedTrial",
    "CheckFailed",
    "Choice",
    "Client",
    "Cnn",
    "Confirmed",
    "Conflict",
    "DataSet",
    "Front",
    "HypervolumeHistory",
    "Importance",
    "Infeasible",
    "Integer",
    "InvalidArgument",
    "Level",
    "MissingPackage",
    "MissingWorker",
    "NoCounterpart",
    "NoNetwork",
    "NotAllowed",
    "NotFound",
    "NothingFits",
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
    "TrialCancelled",
    "TrialLeftOpen",
    "Unavailable",
    "UnreadableAnswer",
    "Verification",
    "WaitTimeout",
    "Worker",
    "WorkerTrial",
    "WrongRows",
    "from_optuna",
    "maximize",
    "minimize",
    "to_optuna",
]
