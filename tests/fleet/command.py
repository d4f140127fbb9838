"""The command `fleet` with the quick workers of the tests: `python -m tests.fleet.command`."""

import os
from dataclasses import replace
from typing import Any

from tests.fleet.plain import app
from worker.fleet import berth


def quick(**given: Any) -> berth.Errand:
    """An errand for quick workers, which need to know where their diaries are."""
    errand = Errand(**given, module="tests.fleet.quick")
    diaries = {"QUICK_DIARY": os.environ["QUICK_DIARY"]}
    return replace(errand, environment={**errand.environment, **diaries})


Errand = berth.Errand

if __name__ == "__main__":
    vars(berth)["Errand"] = quick
    app()
