"""What the service reads from its environment, once, at the entry points."""

import os

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _planners() -> int:
    return max(1, (os.cpu_count() or 1) // 2)


class Settings(BaseSettings):
    """Settings of a server; each is an environment variable with the prefix TINYFRONT_."""

    model_config = SettingsConfigDict(env_prefix="TINYFRONT_", frozen=True, extra="forbid")

    database_url: str = "sqlite:///tinyfront.db"
    artefact_url: str = "artefacts"  # a folder, or any address that fsspec opens
    max_artefact_bytes: int = Field(default=256 * 2**20, gt=0)
    max_attempt_bytes: int = Field(default=2**30, gt=0)  # of all artefacts of one attempt
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    # Half the cores, so that a worker on the same machine keeps the other half.
    planners: int = Field(default_factory=_planners, ge=1)
