"""Which data the demo takes, and what it says of those that it does not get."""

from pathlib import Path

import pytest

from service import demo
from service.command_errors import CommandFailed, DemoDataMissing
from service.db import Database
from service.demo import Demo
from service.demo.data import Source, source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "mine.npz").write_bytes(b"1")
    (tmp_path / "several").mkdir()
    for name in ("a", "b"):
        (tmp_path / "several" / f"{name}.npz").write_bytes(b"1")
    (tmp_path / "none").mkdir()
    return tmp_path


def test_a_set_is_named_by_word_by_file_or_by_the_folder_that_holds_it(folder: Path) -> None:
    mine = folder / "one" / "mine.npz"
    assert source("digits") == Source("digits")
    assert source(str(mine)) == Source("mine", file=mine)
    assert source(str(folder / "one")) == Source("mine", file=mine)
    assert source("fashion") == Source("openml-Fashion-MNIST", openml="Fashion-MNIST")
    assert source("har") == Source("openml-har", openml="har")


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("none", "there is no .npz file in it"),
        ("several", "name one of .*a.npz, .*b.npz"),
        ("gone.npz", "there is no such file"),
        ("one/mine", "there is no such file"),
        ("a b", "no name of a set"),
    ],
)
def test_what_cannot_be_had_is_told_with_what_can_be_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, wanted: str, why: str
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(DemoDataMissing, match=f"{why}.*Name digits, a .npz file with x_train"):
        source(wanted)


def test_a_file_lies_alone_where_the_worker_looks(folder: Path, tmp_path: Path) -> None:
    chosen = source(str(folder / "several" / "a.npz"))
    for content in (b"1", b"22"):  # a second run takes what the file holds then
        (folder / "several" / "a.npz").unlink()
        (folder / "several" / "a.npz").write_bytes(content)
        _, place = chosen.options(tmp_path / "demo")
        laid = list(Path(place).iterdir())
        assert [(path.name, path.is_symlink()) for path in laid] == [("a.npz", False)]
        assert laid[0].read_bytes() == content
    assert source("digits").options(tmp_path) == []
    assert source("mnist").options(tmp_path)[-2:] == ["--openml", "mnist_784"]


def test_a_folder_is_cleared_of_what_a_demo_left_and_of_nothing_else(tmp_path: Path) -> None:
    for name in (*demo.OURS, "notes.txt"):
        (tmp_path / name).write_text("x")
    demo._clear(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", "tinyfront.db.lock"}


def test_a_folder_in_which_a_demo_runs_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "tinyfront.db"
    db = Database(f"sqlite:///{path}")
    path.write_text("x")
    with db.exclusive(), pytest.raises(CommandFailed, match="a demo runs in"):
        demo._clear(tmp_path)
    assert path.read_text() == "x"
    db.close()


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(CommandFailed, match="is no folder"):
        demo._clear(tmp_path / "file")


def test_a_large_set_is_shown_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    class Client:
        def create_study(self, name: str, **given: object) -> None:
            asked.append(given)

    def training(epochs: int | None, images: int) -> object:
        wanted = Demo(Path(), 3, epochs)
        facts = {"train": images}
        demo._study(Client(), wanted, Source("a"), facts)  # type: ignore[arg-type]
        return asked[-1]["training"]

    assert training(None, 900) is None
    assert training(None, 30_000) == {"epochs": 2}
    assert training(None, 10**6) == {"epochs": 1}
    assert training(7, 10**6) == {"epochs": 7}


def test_a_board_of_the_users_brings_its_own_limits() -> None:
    def limits(device: str | None) -> set[float | None]:
        wanted = demo._objectives(Demo(Path(), 3, device=device), Source("digits"))
        return {each.limit for each in wanted if each.name != "error"}

    assert limits(None) == {16_000, 8_192}
    assert limits("rp2040") == {None}
