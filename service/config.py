"""What the service reads from its environment, once, at the entry points."""

import os
from collections.abc import Iterator

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service import key_texts
from service.loopback import is_loopback
from service.states import Role


def _planners() -> int:
    return max(1, (os.cpu_count() or 1) // 2)


class Settings(BaseSettings):
    """Settings of a server; each is an environment variable with the prefix TINYFRONT_."""

    model_config = SettingsConfigDict(
        env_prefix="TINYFRONT_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    database_url: str = "sqlite:///tinyfront.db"
    artefact_url: str = "artefacts"  # a folder, or any address that fsspec opens
    max_artefact_bytes: int = Field(default=256 * 2**20, gt=0)
    max_attempt_bytes: int = Field(default=2**30, gt=0)  # of all artefacts of one attempt
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    # Half the cores, so that a worker on the same machine keeps the other half.
    planners: int = Field(default_factory=_planners, ge=1)
    # Whole keys that the server enters when it starts.
    bootstrap_admin_key: SecretStr | None = None
    bootstrap_worker_key: SecretStr | None = None

    @field_validator("bootstrap_admin_key", "bootstrap_worker_key")
    @classmethod
    def _have_the_form_of_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and key_texts.id_of(value.get_secret_value()) is None:
            raise ValueError(
                "need tf_<id>_<secret>: an id of 6 to 16 letters and digits, and 32 random bytes "
                "in base64url; `make .env` writes such keys"
            )
        return value

    def bootstrap_keys(self) -> Iterator[tuple[str, Role, str]]:
        """Yield variable, role and text of each key that is given."""
        for role, value in (
            (Role.ADMIN, self.bootstrap_admin_key),
            (Role.WORKER, self.bootstrap_worker_key),
        ):
            if value is not None:
                yield f"TINYFRONT_BOOTSTRAP_{role.upper()}_KEY", role, value.get_secret_value()

    @property
    def asks_for_keys(self) -> bool:
        """Whether the server asks for keys whatever its database holds."""
        return not is_loopback(self.host) or any(True for _ in self.bootstrap_keys())
