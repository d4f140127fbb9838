"""Pictures of the page for the documentation, from a study that a server and a worker have run.

    python -m docs.pictures.screenshots            # runs the study of the demo first, in minutes
    python -m docs.pictures.screenshots --url http://127.0.0.1:8000 --study digits

They lie in `docs/images/page`, each light and dark; the wide, light one of the study is also
`docs/images/study.png`, for places that show no WebP. `--all --target FOLDER` takes each view wide
and narrow, to be looked at. Needs chromium, as the tests of the page do.
"""

import argparse
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tinyfront import Client, Cnn, ServerUnreachable, Study, minimize

IMAGES = Path(__file__).parents[1] / "images"
CHROMIUM = "/usr/bin/chromium"
WIDE, NARROW = "wide", "narrow"
WIDTHS = {WIDE: 1280, NARROW: 390}
NARROW_HEIGHT = 844
SCHEMES = ("light", "dark")
SETTLED_MS = 600  # Plotly draws its last strokes after its elements are there
START_S = 600.0


@dataclass(frozen=True, slots=True)
class View:
    """What a picture shows.

    Attributes:
        address: of the page.
        height: of the wide picture: no more than there is to see.
        heading: the section that stands at its top; None for the top of the page.
        sizes: in which the documents show it.
    """

    address: str
    height: int = 1000
    heading: str | None = None
    sizes: tuple[str, ...] = (WIDE,)


def views(study: Study) -> dict[str, View]:
    """What to show, by the name of its file."""
    front = sorted(study.front(), key=lambda trial: trial.values["error"])
    base, best = f"/studies/{study.name}", f"/trials/{front[0].id}"
    compared = ",".join(str(trial.number) for trial in front[:3])
    return {
        "studies": View("/", 560, sizes=()),
        "new": View(f"/new?like={study.name}"),
        "study": View(base, 1040, sizes=(WIDE, NARROW)),
        "trials": View(f"{base}/trials", sizes=()),
        "predictions": View(f"{base}/trials", 620, heading="Were the predictions kept?"),
        "parameters": View(f"{base}/parameters", 1340),
        "timeline": View(f"{base}/timeline", 560),
        "compare": View(f"{base}/compare?trials={compared}", 720),
        "trial": View(best, 1240, sizes=(WIDE, NARROW)),
        "overlay": View(f"/compare?study={study.name}", sizes=()),
        "workers": View("/workers", 420),
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


def shoot(browser: Browser, url: str, study: Study, target: Path, everything: bool) -> int:
    """Take the pictures; returns how many."""
    taken, shown = 0, views(study)
    for scheme in SCHEMES:
        for size, width in WIDTHS.items():
            context = browser.new_context(
                color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
            )
            page = context.new_page()
            for name, view in shown.items():
                if everything or size in view.sizes:
                    height = view.height if size == WIDE else NARROW_HEIGHT
                    page.set_viewport_size({"width": width, "height": height})
                    _open(page, url, view)
                    _keep(page, target / f"{name}-{size}-{scheme}.webp")
                    taken += 1
            context.close()
    return taken


def _open(page: Page, url: str, view: View) -> None:
    """Go to a view and wait until it stands still."""
    page.goto(f"{url}{view.address}")
    page.wait_for_selector("h1")
    page.wait_for_selector("[data-loading]", state="detached")
    if page.query_selector(".chart"):
        page.wait_for_selector(".chart .main-svg, .chart canvas")
    if view.heading is not None:
        heading = page.get_by_role("heading", name=view.heading)
        heading.evaluate("each => window.scrollTo(0, each.getBoundingClientRect().top - 24)")
    else:
        page.evaluate("document.activeElement.blur()")  # no frame around a field
    page.wait_for_timeout(SETTLED_MS)


def _keep(page: Page, path: Path) -> None:
    """Keep a picture, without loss and small: 60 KB where PNG takes 130."""
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").save(path, lossless=True, method=6, quality=100)


def main() -> None:
    """Read the command line and take the pictures."""
    parser = argparse.ArgumentParser(description="Screenshots of the page from a real study.")
    parser.add_argument("--url", help="a running server; by default one is started")
    parser.add_argument("--study", default="digits", help="the study to show of a running server")
    parser.add_argument("--trials", type=int, default=60, help="of the study, where none is given")
    parser.add_argument("--target", type=Path, default=IMAGES, help="where the pictures go")
    parser.add_argument("--all", action="store_true", help="each view, wide and narrow")
    given = parser.parse_args()
    if given.url:
        _take(given.url, given.study, given.target, given.all)
    else:
        with server() as url:
            _take(url, search(url, given.trials), given.target, given.all)


def _take(url: str, name: str, target: Path, everything: bool) -> None:
    folder = target / "page"
    folder.mkdir(parents=True, exist_ok=True)
    with Client(url) as client, sync_playwright() as playwright:
        study = client.study(name).wait(timeout=START_S)
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        taken = shoot(browser, url, study, folder, everything)
        browser.close()
    with Image.open(folder / "study-wide-light.webp") as picture:
        picture.quantize(256).save(target / "study.png", optimize=True)
    print(f"{taken} pictures in {folder}")


if __name__ == "__main__":
    main()
