"""The code that the form shows makes the very study; the form knows all that there is."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from optimizer.designers import DESIGNERS
from optimizer.space import NETWORK_KINDS
from resource_models.footprint import FIGURES
from service.api.web_files import WEB
from tests.api.conftest import Served
from tests.page.conftest import Window

pytestmark = pytest.mark.browser

RICH = {
    "name": "told",
    "space": {"kind": "tiny", "filters": [4, 16], "pruning_scopes": ["none"]},
    "data": "digits",
    "device": "stm32f446re",
    "objectives": [
        {"name": "error", "bound": 0.05, "log": True},
        {"name": "model_size", "bound": 9000, "limit": 16000},
    ],
    "trials": 12,
    "epochs": 40,
    "stopping": {"rule": "halving", "eta": 4},
    "training": {"epochs": 3, "batch_size": 64},
    "confirm": {"networks": 2, "seeds": 1},
    "designer": "random",
}
BOX = {
    "name": "told",
    "space": {
        "kind": "parameters",
        "parameters": [
            {"name": "how", "kind": "choice", "values": ["it's", True, 2]},
            {"name": "x", "kind": "real", "low": 0.1, "high": 1, "when": {"how": ["it's"]}},
            {"name": "y", "kind": "integer", "low": 1, "high": 9, "log": True},
        ],
        "constraints": ["y <= 8"],
    },
    "objectives": [{"name": "gain", "goal": "maximize"}, {"name": "c", "expression": "2*y"}],
    "constraints": ["heat <= 80"],
    "trials": 5,
}


@pytest.mark.parametrize("wanted", [RICH, BOX], ids=["networks", "box"])
@pytest.mark.parametrize("form", ["Python", "Command line"])
def test_the_code_makes_the_very_study_that_the_form_shows(
    window: Window, networks: Served, wanted: dict[str, Any], form: str, tmp_path: Path
) -> None:
    name = f"told-{form[:1]}-{len(wanted)}"
    page = window.open("/new")
    page.get_by_label("The definition as JSON").fill(json.dumps(wanted | {"name": name}))
    page.get_by_role("button", name=form, exact=True).click()
    code = page.locator(".source pre").inner_text()
    if form == "Python":
        names: dict[str, Any] = {}
        exec(code, names)
        names["tf"].close()
    else:
        program = "from tinyfront.cli import main; main()"
        tinyfront = f"tinyfront() {{ {sys.executable} -c '{program}' \"$@\"; }}\n"
        subprocess.run(["bash", "-ec", tinyfront + code], cwd=tmp_path, check=True, timeout=120)
    page.get_by_role("button", name=f"Create {name}").click()
    said = page.get_by_role("status").filter(has_text=f"Study {name} exists already, exactly")
    expect(said).to_be_visible()


def test_the_form_knows_every_figure_designer_and_space() -> None:
    words = (WEB / "new" / "networks.js").read_text()
    listed = words.split("FIGURES = {")[1].split("};")[0]
    named = re.findall(r'^  "?([\w:]+)"?: \[', listed, re.MULTILINE)
    assert set(named) == {"error", "instructions", *FIGURES}
    spaces = words.split("SPACES = [")[1].split("];")[0]
    assert tuple(re.findall(r'\["(\w+)"', spaces)) == NETWORK_KINDS
    shared = (WEB / "new" / "shared.js").read_text()
    assert set(re.findall(r'^  \["([\w-]+)"', shared, re.MULTILINE)) == set(DESIGNERS)
