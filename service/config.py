"""What a server is told from outside, once, at the entry points.

Arguments of the command line go before the environment, and that before a file; what none of them
names has a default.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service import key_texts
from service.command_errors import ConfigUnreadable, InvalidSetting, UnknownSetting
from service.logs import Style
from service.loopback import is_loopback
from service.states import Role

PREFIX = "TINYFRONT_"
FILE_VARIABLE = f"{PREFIX}CONFIG"
# Variables of the same prefix that others read: SDK, worker, tests, and the command line itself.
OF_OTHERS = frozenset({"URL", "API_KEY", "TEST_DATA", "CONFIG"})
# Names the folder where the processes of one server count together; read by prometheus_client when
# that is imported.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
ALIKE = 0.75  # a variable this similar to a setting is taken for a misspelled one


def _planners() -> int:
    return max(1, (os.cpu_count() or 1) // 2)


class Settings(BaseSettings):
    """Settings of a server; each is an environment variable with the prefix TINYFRONT_."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    database_url: str = "sqlite:///tinyfront.db"
    artefact_url: str = "artefacts"  # a folder, or any address that fsspec opens
    max_artefact_bytes: int = Field(default=256 * 2**20, gt=0)
    max_attempt_bytes: int = Field(default=2**30, gt=0)  # of all artefacts of one attempt
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    processes: int = Field(default=1, ge=1, le=64)  # that answer requests; more on PostgreSQL only
    # Half the cores, so that a worker on the same machine keeps the other half.
    planners: int = Field(default_factory=_planners, ge=1)
    log: Style = "auto"
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


SECRET = frozenset({"bootstrap_admin_key", "bootstrap_worker_key", "database_url"})


def load(
    given: Mapping[str, Any], environ: Mapping[str, str], file: Path | None = None
) -> Settings:
    """Put the settings together.

    Args:
        given: by name, what the command line says; None for what it does not say.
        environ: the environment.
        file: a TOML file; by default the one that TINYFRONT_CONFIG names, if any.

    Raises:
        ConfigUnreadable: the file cannot be read, or is not TOML.
        UnknownSetting: nothing has this name; the message has the nearest one.
        InvalidSetting: a value is refused; the message says whose, from where, and what is needed.
    """
    path = file or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)
    from_file = {} if path is None else _read(path)
    from_environment = _variables(environ)
    from_command = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**{**from_file, **from_environment, **from_command})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        if name in from_command:
            source = "the command line"
        elif name in from_environment:
            source = f"the variable {PREFIX}{name.upper()}"
        else:
            source = f"the file {path}"
        need = str(first["msg"]).removeprefix("Value error, ")
        shown = "what is not shown" if name in SECRET else repr(first["input"])
        raise InvalidSetting(name, need, shown, source) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigUnreadable(str(path), str(error)) from error
    for name in found:
        if name not in Settings.model_fields:
            raise UnknownSetting(name, f"the file {path}", _nearest(name))
    return found


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the environment sets.

    A name that is close to a setting's is refused. One that resembles none is somebody else's:
    Kubernetes, for one, sets TINYFRONT_SERVICE_HOST for a service called tinyfront.
    """
    found = {}
    for variable, value in environ.items():
        name = variable.removeprefix(PREFIX)
        if name == variable or name in OF_OTHERS:
            continue
        if name.lower() in Settings.model_fields:
            found[name.lower()] = value
        elif near := _nearest(name.lower(), ALIKE):
            raise UnknownSetting(variable, "the environment", f"{PREFIX}{near.upper()}")
    return found


def _nearest(name: str, alike: float = 0.0) -> str:
    return next(iter(difflib.get_close_matches(name, Settings.model_fields, 1, alike)), "")
