"""What was checked of a network, as workers send it and as it is shown."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from service.api.schemas.body import METRIC_NAME, NAME, Body, Part
from service.api.schemas.leases import Reason, Token
from service.api.schemas.workers import DeviceOut

LevelName = Literal["L0", "L1", "L2", "L3"]
Verified = Annotated[
    str | None,
    Field(
        description="Of its network: `L0` to `L3`, the last level up to which all passed, `failed` "
        "if one failed, `none` if none passed; null if nothing was checked."
    ),
]


class Level(Part):
    """L0 formulas, L1 run on the worker, L2 linked for the device, L3 run under QEMU."""

    name: LevelName
    state: Literal["passed", "failed", "not verified"]
    reason: Reason = Field(description="Why it did not pass, and what to do; else empty.")
    figures: dict[Annotated[str, Field(pattern=METRIC_NAME)], int] = Field(
        max_length=100, description="Of L0 by formula, of the others as measured."
    )
    tools: dict[
        Annotated[str, Field(min_length=1, max_length=64)],
        Annotated[str, Field(max_length=200)],
    ] = Field(max_length=20, description="What checked it, with the version of each.")


def _in_order(levels: list[Level]) -> list[Level]:
    if [level.name for level in levels] != ["L0", "L1", "L2", "L3"]:
        raise ValueError("need L0, L1, L2 and L3, in this order")
    return levels


class Verification(Part):
    """All levels of a network on one device."""

    version: Literal[1]
    device: str = Field(pattern=NAME)
    inputs: int = Field(ge=0, lt=2**31, description="On how many inputs answers were compared.")
    levels: Annotated[list[Level], AfterValidator(_in_order)] = Field(min_length=4, max_length=4)


class VerificationIn(Body):
    """What a worker checked of the network that it delivered, or a user of one fetched here."""

    token: Token | None = Field(
        None, description="Of the lease that counted; without one it takes a user's key."
    )
    verification: Verification


class VerificationOut(BaseModel):
    """What was checked of a trial's network, and whether that is asked for."""

    wanted: bool | None = Field(
        description="Whether its worker shall verify it; null while the trial waits for its place."
    )
    device: DeviceOut | None = Field(description="The board of its study; null of a black box.")
    verified: Verified
    verification: Verification | None
