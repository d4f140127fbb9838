"""`tinyfront config ...`: which server, and with which key."""

from __future__ import annotations

import os
import re
import sys
from typing import Annotated, Literal

import typer
from rich.table import Table

from tinyfront.cli import profile_file, profiles
from tinyfront.cli.commands import command, group
from tinyfront.cli.edge import AsJson, ProfileName, Url, console, say_json
from tinyfront.client import Client
from tinyfront.errors import InvalidArgument
from tinyfront.numbers import NOTHING

KEY_ID = re.compile(r"tf_[a-z0-9]{6,16}_")

app = group("Servers and keys by name, in a file of your own.")


@command(app, "path", "tinyfront config path", '$EDITOR "$(tinyfront config path)"')
def path(as_json: AsJson = False) -> None:
    """Print where the config file lies, or would lie."""
    file = profiles.path_of(os.environ)
    if as_json:
        say_json({"path": str(file), "exists": file.exists()})
    else:
        typer.echo(str(file))


@command(
    app,
    "show",
    "tinyfront config show",
    "tinyfront config show --profile lab",
    "tinyfront config show --json | jq -r .url.value",
)
def show(url: Url = None, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Show which server and key a command would use, and who says so. Keys are not shown whole."""
    file = profiles.read(profiles.path_of(os.environ))
    found = profiles.settings(os.environ, file, url, profile)
    shown = {"url": found.url, "key": _masked(found.key), "profile": found.profile}
    if as_json:
        settings = {
            name: {"value": each.value, "from": each.origin} for name, each in shown.items()
        }
        say_json({**settings, "path": str(file.path), "profiles": sorted(file.profiles)})
        return
    table = Table("setting", "value", "from", box=None)
    for name, each in shown.items():
        table.add_row(name, each.value or NOTHING, each.origin)
    console().print(table)
    if file.profiles:
        console().print(f"Profiles in {file.path}: {', '.join(sorted(file.profiles))}")


@command(
    app,
    "set",
    "tinyfront config set url https://tinyfront.example.org",
    "tinyfront config set url http://lab:8000 --profile lab",
    "tinyfront config set key --profile lab        # asks for it, or reads standard input",
    "tinyfront config set profile lab              # from now on",
)
def put(
    name: Annotated[
        Literal["url", "key", "profile"], typer.Argument(metavar="SETTING", help="What to set.")
    ],
    value: Annotated[
        str | None, typer.Argument(metavar="VALUE", help="Of a key nothing: it is asked for.")
    ] = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Set url or key of a profile, or which profile is used, in the config file.

    The file is made for you alone (mode 600). A key is never an argument, since others can read
    those: it is asked for or read from standard input.
    """
    if name == "key" and value is not None:
        raise InvalidArgument(
            "VALUE", "a key is not given as an argument; leave it out, and it is asked for."
        )
    file = profiles.read(profiles.path_of(os.environ), exposed=True)
    wanted = _asked_for() if name == "key" else value
    if not wanted:
        raise InvalidArgument("VALUE", f"need one for {name}.")
    if name == "profile":
        profiles.settings({}, file, profile=wanted)  # refuses one that is not there
        place: tuple[str, ...] = ("profile",)
    else:
        Client(wanted if name == "url" else None, wanted if name == "key" else None).close()
        place = _place(file, name, profile)
    _change(file, place, wanted, as_json)


@command(app, "unset", "tinyfront config unset key --profile lab", "tinyfront config unset profile")
def unset(
    name: Annotated[
        Literal["url", "key", "profile"], typer.Argument(metavar="SETTING", help="What to remove.")
    ],
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Remove a value from the config file."""
    file = profiles.read(profiles.path_of(os.environ), exposed=True)
    place = ("profile",) if name == "profile" else _place(file, name, profile)
    held = file.profiles.get(place[1]) if len(place) > 1 else file
    if held is None or getattr(held, name) is None:
        raise InvalidArgument("config", f"{file.path} does not set {'.'.join(place)}.")
    _change(file, place, None, as_json)


def _place(file: profiles.File, name: str, profile: str | None) -> tuple[str, ...]:
    chosen = str(profiles.chosen(os.environ, file, profile).value)
    if not profiles.PROFILE_NAME.fullmatch(chosen):
        raise InvalidArgument(
            "--profile", f"need up to 64 letters, digits, _ and -, got {chosen!r}."
        )
    return ("profiles", chosen, name)


def _asked_for() -> str:
    """A key, from whoever types it unseen or from a pipe."""
    if sys.stdin.isatty():
        return str(typer.prompt("Key", hide_input=True, err=True)).strip()
    return sys.stdin.readline().strip()


def _change(file: profiles.File, place: tuple[str, ...], value: str | None, as_json: bool) -> None:
    profile_file.write(file.path, place, value)
    done = "set" if value is not None else "removed"
    if as_json:
        say_json({done: ".".join(place), "path": str(file.path)})
    else:
        typer.echo(f"{'.'.join(place)} is {done} in {file.path}.")


def _masked(key: profiles.Setting) -> profiles.Setting:
    """A key by its id alone, `tf_ab12cd_…`."""
    if key.value is None:
        return key
    # By its form and not by its last `_`: the secret may hold some.
    named = KEY_ID.match(key.value)
    return profiles.Setting(f"{'' if named is None else named[0]}…", key.origin)
