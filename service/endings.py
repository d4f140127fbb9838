"""What a definition says of ends: when a training stops early, and when the study is over."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from optimizer.stopping import Halving
from service.errors import InvalidDefinition
from service.states import Kind

# A thousandth of the hypervolume is less than what repeating a training moves it by.
PLATEAU_GROWTH = 0.001
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {"stopping": None, "epochs": None, "hours": None, "plateau": None, "plateau_growth": None}
)


def completed(definition: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """Return these fields of a definition with all defaults.

    Raises:
        InvalidDefinition: a rule without its first rung, or a growth without a plateau.
        InvalidProblem: the rule has a field that it does not know, or a wrong value.
    """
    fields = {name: definition[name] for name in DEFAULTS}
    if fields["stopping"] is not None:
        fields["stopping"] = _rule(fields["stopping"], kind).to_json()
    if fields["plateau"] is not None and fields["plateau_growth"] is None:
        fields["plateau_growth"] = PLATEAU_GROWTH
    if fields["plateau"] is None and fields["plateau_growth"] is not None:
        raise InvalidDefinition(
            "plateau_growth",
            f"plateau_growth: says nothing without plateau, got {fields['plateau_growth']!r}.",
            "Give plateau, the number of trials without that growth, or leave both out.",
        )
    return fields


def _rule(wanted: Mapping[str, Any], kind: Kind) -> Halving:
    rule = Halving.from_json(wanted)
    if kind is Kind.PARAMETERS and rule.first_epoch is None:
        raise InvalidDefinition(
            "stopping.first_epoch",
            "stopping.first_epoch: a black box has no recipe that says how long a trial lasts, "
            "got null.",
            "Name the first step whose report shall be judged.",
        )
    return rule
