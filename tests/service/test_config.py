"""Settings come from command line, environment and file, once, and do not change."""

from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest
from click import Command
from pydantic import ValidationError
from typer.main import get_command
from typer.testing import CliRunner

from service.cli import app
from service.command_errors import ConfigUnreadable, InvalidSetting, UnknownSetting
from service.config import Settings, load

ROOT = Path(__file__).parents[2]


def config(folder: Path, text: str) -> Path:
    path = folder / "tinyfront.toml"
    path.write_text(text)
    return path


def test_a_server_needs_no_settings() -> None:
    settings = load({}, {})
    assert settings.database_url == "sqlite:///tinyfront.db"
    assert settings.host == "127.0.0.1"
    assert (settings.processes, settings.planners >= 1) == (1, True)


def test_the_environment_goes_before_the_file_and_the_command_line_before_both(
    tmp_path: Path,
) -> None:
    path = config(tmp_path, 'port = 1\nplanners = 1\nhost = "localhost"\n')
    environ = {"TINYFRONT_PORT": "2", "TINYFRONT_PLANNERS": "2"}
    settings = load({"port": 3, "planners": None}, environ, path)
    assert (settings.port, settings.planners, settings.host) == (3, 2, "localhost")


def test_a_variable_may_name_the_file(tmp_path: Path) -> None:
    path = config(tmp_path, "port = 9000\n")
    assert load({}, {"TINYFRONT_CONFIG": str(path)}).port == 9000


@pytest.mark.parametrize(
    ("given", "environ", "text", "source"),
    [
        ({"port": 70000}, {}, "", "the command line"),
        ({}, {"TINYFRONT_PORT": "70000"}, "", "the variable TINYFRONT_PORT"),
        ({}, {}, "port = 70000", "the file .*tinyfront.toml"),
    ],
)
def test_a_wrong_value_is_refused_with_its_source(
    tmp_path: Path, given: dict[str, int], environ: dict[str, str], text: str, source: str
) -> None:
    said = f"^port: Input should be less than or equal to 65535, got '?70000'? from {source}"
    with pytest.raises(InvalidSetting, match=said):
        load(given, environ, config(tmp_path, text))


def test_an_unknown_name_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(UnknownSetting, match=r"databse_url: the file .* Did you mean database_url"):
        load({}, {}, config(tmp_path, 'databse_url = "x"'))
    with pytest.raises(UnknownSetting, match=r"environment .* Did you mean TINYFRONT_PLANNERS"):
        load({}, {"TINYFRONT_PLANERS": "2"})


def test_variables_of_others_are_left_alone() -> None:
    load({}, {"TINYFRONT_SERVICE_HOST": "10.0.0.1", "TINYFRONT_URL": "http://x", "PORTS": "1"})


@pytest.mark.parametrize("text", ["port = x", "port: 1"])
def test_a_file_that_is_not_toml_is_refused_with_the_place(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigUnreadable, match=r"tinyfront.toml cannot be read: .*line 1"):
        load({}, {}, config(tmp_path, text))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigUnreadable, match=r"none.toml cannot be read: .*No such file"):
        load({}, {}, tmp_path / "none.toml")


def table() -> dict[str, list[str]]:
    """The table of settings in the documentation: argument and default by name."""
    lines = (ROOT / "docs" / "operation.md").read_text().splitlines()
    begin = lines.index("| setting | argument | default | |") + 2
    rows = takewhile(lambda line: line.startswith("|"), lines[begin:])
    cells = [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows]
    return {name: rest for name, *rest in cells}


def test_the_documentation_has_every_setting_with_its_default() -> None:
    fields = {name: field.get_default() for name, field in Settings.model_fields.items()}
    assert set(table()) == set(fields)
    told = {name: default for name, (_, default, _) in table().items() if name != "planners"}
    assert told == {
        name: "none" if default is None else str(default)
        for name, default in fields.items()
        if name != "planners"
    }


def test_the_documentation_says_which_settings_are_arguments_of_serve() -> None:
    serve = get_command(app).commands["serve"]  # type: ignore[attr-defined]
    options = {option for parameter in serve.params for option in parameter.opts}
    assert {argument for argument, *_ in table().values() if argument} == options - {
        "--config",
        "--json",
        "--with-worker",
    }


def beside_the_database() -> dict[str, Command]:
    """The commands that open a database, by name."""

    def walk(name: str, command: Command) -> Iterator[tuple[str, Command]]:
        for each, below in getattr(command, "commands", {}).items():
            yield from walk(f"{name} {each}", below)
        if "database" in {parameter.name for parameter in command.params}:
            yield name, command

    return dict(walk("", get_command(app)))


def test_every_command_beside_the_database_takes_the_file() -> None:
    commands = beside_the_database()
    assert {" serve", " gc", " replay", " keys create", " projects ls", " db backup"} <= set(
        commands
    )
    without = {
        name
        for name, command in commands.items()
        if "config" not in {parameter.name for parameter in command.params}
    }
    assert without == set()


def test_a_command_reads_the_database_from_the_file(tmp_path: Path, sqlite_url: str) -> None:
    path = config(tmp_path, f'database_url = "{sqlite_url}"\nartefact_url = "{tmp_path}/blobs"\n')
    for words in (["keys", "ls"], ["projects", "ls"], ["projects", "create", "one"], ["gc"]):
        done = CliRunner().invoke(app, [*words, "--config", str(path), "--json"])
        assert done.exit_code == 0, done.output
    assert not Path("tinyfront.db").exists()


def test_settings_do_not_change() -> None:
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1
