"""Screenshots of the page, from a real study that a real server and worker have run.

    python -m docs.pictures.screenshots                    # runs the study of the demo first
    python -m docs.pictures.screenshots --url http://127.0.0.1:8000 --study digits

Each view is taken wide and narrow, light and dark, into `docs/images/page`; the wide, light one of
the study is also `docs/images/study.png`. A view that this release does not have is left out.
Needs chromium, as the tests of the page do.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

from tinyfront import Client, Cnn, ServerUnreachable, Study, minimize

IMAGES = Path(__file__).parents[1] / "images"
CHROMIUM = "/usr/bin/chromium"
SIZES = {"wide": (1280, 1040), "narrow": (390, 844)}
SCHEMES = ("light", "dark")
SETTLED_MS = 600  # Plotly draws its last strokes after its elements are there
START_S = 600.0
ABSENT = ("There is no such page", "No such page", "Not found")


def views(study: Study) -> dict[str, str]:
    """The addresses to show, by the name of their file."""
    front = sorted(study.front(), key=lambda trial: trial.values["error"])
    base = f"/studies/{study.name}"
    compared = ",".join(str(trial.number) for trial in front[:3])
    return {
        "studies": "/",
        "new": "/new",
        "study": base,
        "trials": f"{base}/trials",
        "parameters": f"{base}/parameters",
        "timeline": f"{base}/timeline",
        "compare": f"{base}/compare?trials={compared}",
        "trial": f"/trials/{front[0].id}",
        "overlay": f"/compare?study={study.name}",
        "workers": "/workers",
    }


@contextmanager
def server() -> Iterator[str]:
    """A server with a worker, in a folder that goes with it; gives its address."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "service", "serve", "--with-worker", "--port", "0"]
        command += ["--database", f"sqlite:///{folder}/tinyfront.db"]
        command += ["--artefacts", f"{folder}/artefacts"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    if line.startswith("Tinyfront listens on "):
                        yield line.split()[3]
                        break
                else:
                    sys.exit("The server did not start.")
            finally:
                process.terminate()


def search(url: str, trials: int) -> str:
    """Run the study of the demo to its end; returns its name."""
    with Client(url) as client:
        while not _holds_digits(client):
            time.sleep(0.5)
        study = client.create_study(
            "digits",
            data="digits",
            space=Cnn(),
            device="stm32f446re",
            objectives=[
                minimize("error", reference=0.1),
                minimize("model_size", ideal=500, limit=16_000),
                minimize("working_memory", ideal=512, limit=8_192),
            ],
            trials=trials,
        )
        study.wait(progress=True)
        return study.name


def _holds_digits(client: Client) -> bool:
    """Whether server and worker have started."""
    try:
        return any(data["name"] == "digits" for data in client.data())
    except ServerUnreachable:
        return False


def shoot(browser: Browser, url: str, shown: dict[str, str], target: Path) -> list[str]:
    """Take all pictures; returns the views that this release does not have."""
    absent: list[str] = []
    for scheme in SCHEMES:
        for size, (width, height) in SIZES.items():
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="reduce",
            )
            page = context.new_page()
            for name, address in shown.items():
                if name not in absent and not _open(page, f"{url}{address}"):
                    absent.append(name)
                if name not in absent:
                    page.screenshot(path=target / f"{name}-{size}-{scheme}.png")
            context.close()
    return absent


def _open(page: Page, address: str) -> bool:
    """Go to a view and wait until it stands still; False if it is none."""
    answer = page.goto(address)
    if answer is None or answer.status >= 400:
        return False
    try:
        page.wait_for_selector("h1", timeout=15_000)
        page.wait_for_selector("[data-loading]", state="detached", timeout=15_000)
    except BrowserError:
        return False
    if any(words in page.inner_text("h1") for words in ABSENT):
        return False
    if page.query_selector(".chart"):
        try:
            page.wait_for_selector(".chart .main-svg, .chart canvas", timeout=15_000)
        except BrowserError:
            return False
    page.wait_for_timeout(SETTLED_MS)
    return True


def main() -> None:
    """Read the command line and take the pictures."""
    parser = argparse.ArgumentParser(description="Screenshots of the page from a real study.")
    parser.add_argument("--url", help="a running server; by default one is started")
    parser.add_argument("--study", default="digits", help="the study to show of a running server")
    parser.add_argument("--trials", type=int, default=60, help="of the study, where none is given")
    parser.add_argument("--target", type=Path, default=IMAGES, help="where the pictures go")
    given = parser.parse_args()
    if given.url:
        _take(given.url, given.study, given.target)
    else:
        with server() as url:
            _take(url, search(url, given.trials), given.target)


def _take(url: str, name: str, target: Path) -> None:
    folder = target / "page"
    folder.mkdir(parents=True, exist_ok=True)
    with Client(url) as client:
        study = client.study(name)
        study.wait(timeout=START_S)
        shown = views(study)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        absent = shoot(browser, url, shown, folder)
        browser.close()
    shutil.copy(folder / "study-wide-light.png", target / "study.png")
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")
    if absent:
        print(f"not in this release: {', '.join(absent)}")


if __name__ == "__main__":
    main()
