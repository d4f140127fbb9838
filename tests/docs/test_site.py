"""The site builds without a warning, asks no other host for anything, and shows true pictures."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.make import sdk
from docs.make.settings import WHAT
from docs.pictures.gallery import PICTURES
from service.config import Settings
from tests.docs.blocks import ROOT
from tinyfront import __all__ as exported

# What a browser would fetch by itself; links that people click may lead anywhere.
FETCHED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?(https?:)?//[^\"' >]+", re.I)
SHEETS = re.compile(
    r"<link\b(?=[^>]*rel=[\"']?(?:stylesheet|preconnect|preload|icon))[^>]*href=[\"']?(?:https?:)?//",
    re.I,
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_page_asks_no_other_host_for_anything(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        text = page.read_text()
        assert FETCHED.search(text) is None, page
        assert SHEETS.search(text) is None, page
        assert "fonts.g" not in text, page


def test_no_sheet_of_the_site_asks_another_host(site: Path) -> None:
    for sheet in site.rglob("*.css"):
        assert re.search(r"url\([\"']?https?:|@import", sheet.read_text()) is None, sheet


def test_search_is_local_and_knows_pages_that_nobody_wrote(site: Path) -> None:
    index = (site / "search" / "search_index.json").read_text()
    assert "TINYFRONT_DATABASE_URL" in index
    assert "tinyfront_request_seconds" in index
    assert "/api/v1/studies/{study}/front" in index


def test_the_reference_has_every_name_that_the_sdk_exports(site: Path) -> None:
    page = sdk.page()
    assert [name for name in exported if f"::: tinyfront.{name}\n" not in page] == []
    built = (site / "reference" / "sdk.html").read_text()
    assert 'id="tinyfront.Client.create_study"' in built


def test_every_setting_has_its_words() -> None:
    assert set(WHAT) == set(Settings.model_fields)


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_a_picture_is_what_its_code_draws(name: str) -> None:
    stored = (ROOT / "docs" / "images" / f"{name}.svg").read_text()
    assert PICTURES[name]() == stored, "draw it anew: python -m docs.pictures"


def test_every_picture_is_shown_on_a_page() -> None:
    text = "".join(path.read_text() for path in (ROOT / "docs").rglob("*.md"))
    assert [name for name in PICTURES if f"images/{name}.svg" not in text] == []


def test_every_picture_of_the_page_is_shown_light_and_dark() -> None:
    text = "".join(path.read_text() for path in (ROOT / "docs").rglob("*.md"))
    shown = re.findall(r"images/page/([\w-]+)-(light|dark)\.webp#only-(light|dark)", text)
    assert [each for each in shown if each[1] != each[2]] == []
    both = {f"{name}-{scheme}" for name, *_ in shown for scheme in ("light", "dark")}
    kept = list((ROOT / "docs" / "images" / "page").iterdir())
    assert {f"{name}-{scheme}" for name, scheme, _ in shown} == both
    assert {path.stem for path in kept} == both
    assert sum(path.stat().st_size for path in kept) < 1_500_000
