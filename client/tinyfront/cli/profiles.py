"""Which server, and with which key: options, then the environment, then a file of profiles."""

from __future__ import annotations

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinyfront.client import DEFAULT_URL, Client
from tinyfront.errors import InvalidArgument

URL, KEY, PROFILE = "TINYFRONT_URL", "TINYFRONT_API_KEY", "TINYFRONT_PROFILE"
DEFAULT_PROFILE = "default"
PROFILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
FIELDS = ("url", "key")
OTHERS_MAY_READ = stat.S_IRGRP | stat.S_IROTH


@dataclass(frozen=True, slots=True)
class Profile:
    """A server by name."""

    url: str | None = None
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class File:
    """What the file says."""

    path: Path
    profile: str | None = None
    profiles: Mapping[str, Profile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and where it came from."""

    value: str | None
    origin: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What a command uses."""

    profile: Setting
    url: Setting
    key: Setting = field(repr=False)


def path_of(environ: Mapping[str, str], windows: bool = os.name == "nt") -> Path:
    """Where the file lies: below XDG_CONFIG_HOME or ~/.config, on Windows below APPDATA."""
    named = environ.get("APPDATA" if windows else "XDG_CONFIG_HOME") or ""
    # The XDG specification: a path that is not absolute is to be ignored.
    base = Path(named) if Path(named).is_absolute() else Path.home() / _usual(windows)
    return base / "tinyfront" / "config.toml"


def _usual(windows: bool) -> str:
    return "AppData/Roaming" if windows else ".config"


def read(path: Path, exposed: bool = False) -> File:
    """Read the file; one that is not there says nothing.

    Args:
        exposed: take also one that shows a key to others, since it is about to be mended.

    Raises:
        InvalidArgument: it cannot be read, is not of this form, or shows a key to others.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            said = tomllib.load(file)
    except FileNotFoundError:
        return File(path)
    except OSError as error:
        raise wrong(path, f"{error.strerror}.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise wrong(path, f"it is no TOML: {error}.") from None
    found = _file(path, said)
    keys = any(each.key for each in found.profiles.values())
    if keys and shown_to_others(mode) and not exposed:
        raise wrong(path, f"others may read the keys in it. Run: chmod 600 {path}")
    return found


def shown_to_others(mode: int) -> bool:
    """Whether a file of this mode can be read by others; Windows keeps that elsewhere."""
    return os.name != "nt" and bool(mode & OTHERS_MAY_READ)


def settings(
    environ: Mapping[str, str], file: File, url: str | None = None, profile: str | None = None
) -> Settings:
    """Put together what a command uses.

    Args:
        url: what `--url` says.
        profile: what `--profile` says: this one goes before the environment.

    Raises:
        InvalidArgument: there is no such profile.
    """
    which = chosen(environ, file, profile)
    held = _held(file, which)
    from_file = f"{file.path} [profiles.{which.value}]"
    of_profile = [Setting(held.url, from_file)] if held.url else []
    of_environment = [Setting(environ[URL], URL)] if environ.get(URL) else []
    ranked = of_profile + of_environment if profile else of_environment + of_profile
    if url:
        ranked.insert(0, Setting(url, "--url"))
    address = [*ranked, Setting(DEFAULT_URL, "default")][0]
    # A key is for the server that it stands beside, and no other one ever sees it.
    own = [Setting(held.key, from_file)] if held.key and _same(address.value, held.url) else []
    given = [Setting(environ[KEY], KEY)] if environ.get(KEY) else []
    keys = own + given if profile else given + own
    return Settings(which, address, [*keys, Setting(None, "default")][0])


def client(url: str | None, profile: str | None) -> Client:
    """The client that a command uses."""
    found = settings(os.environ, read(path_of(os.environ)), url, profile)
    return Client(found.url.value, found.key.value)


def nearest(name: str, known: list[str]) -> str:
    """A question for the name that was meant, to be put behind a message."""
    close = difflib.get_close_matches(name, known, 1)
    return f" Did you mean {close[0]}?" if close else ""


def chosen(environ: Mapping[str, str], file: File, profile: str | None) -> Setting:
    """Which profile is used."""
    for value, origin in (
        (profile, "--profile"),
        (environ.get(PROFILE), PROFILE),
        (file.profile, str(file.path)),
    ):
        if value:
            return Setting(value, origin)
    return Setting(DEFAULT_PROFILE, "default")


def _held(file: File, which: Setting) -> Profile:
    name = str(which.value)
    if name in file.profiles:
        return file.profiles[name]
    if which.origin == "default":
        return Profile()
    known = ", ".join(file.profiles) or "none"
    raise InvalidArgument(
        "profile",
        f"{file.path} has no profile {name!r}, which {which.origin} names; it has {known}."
        f"{nearest(name, list(file.profiles))}",
    )


def _same(address: str | None, other: str | None) -> bool:
    return (address or "").rstrip("/") == (other or DEFAULT_URL).rstrip("/")


def _file(path: Path, said: Mapping[str, Any]) -> File:
    for name in said:
        if name not in ("profile", "profiles"):
            raise wrong(path, f"nothing is named {name!r}; it takes profile and [profiles.NAME].")
    profile, profiles = said.get("profile"), said.get("profiles", {})
    if profile is not None and not isinstance(profile, str):
        raise wrong(path, f"profile: need a name, got {profile!r}.")
    if not isinstance(profiles, Mapping):
        raise wrong(path, f"profiles: need tables such as [profiles.lab], got {profiles!r}.")
    return File(
        path, profile, {name: _profile(path, name, each) for name, each in profiles.items()}
    )


def _profile(path: Path, name: str, said: Any) -> Profile:
    if not isinstance(said, Mapping):
        raise wrong(path, f"profiles.{name}: need a table such as [profiles.{name}].")
    for key, value in said.items():
        if key not in FIELDS:
            raise wrong(path, f"profiles.{name}: nothing is named {key!r}; it takes url and key.")
        if not isinstance(value, str):
            raise wrong(path, f"profiles.{name}.{key}: need text in quotes.")
    return Profile(said.get("url"), said.get("key"))


def wrong(path: Path, why: str) -> InvalidArgument:
    """A file that cannot be used as it is."""
    return InvalidArgument("config", f"{path}: {why}")
