"""Settings come from command line, environment and file, once, and do not change."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from service.command_errors import ConfigUnreadable, InvalidSetting, UnknownSetting
from service.config import Settings, load


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


def test_settings_do_not_change() -> None:
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1
