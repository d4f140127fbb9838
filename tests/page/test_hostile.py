"""Pages of other sites in the browser of somebody who runs a server without keys."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, Response

from tests.api.conftest import BLACK_BOX, Served

pytestmark = pytest.mark.browser

SECRET = "what-nobody-may-read"  # the name of the only study
READS = ("/api/v1/studies", f"/api/v1/studies/{SECRET}", f"/studies/{SECRET}")
# Each request with every type of a body. For the types of forms, and for a blob, which has none, a
# browser asks the server for no leave; `no-cors` gives up the answer beforehand.
FETCH = """
async ([target, writes, reads]) => {
  const seen = [];
  const ask = (path, options) => fetch(target + path, { credentials: "include", ...options })
    .then((answer) => answer.text()).then((text) => seen.push(text), () => seen.push(""));
  for (const mode of ["cors", "no-cors"]) {
    for (const [method, path, body] of writes) {
      for (const type of ["text/plain", "application/json", "application/x-www-form-urlencoded"])
        await ask(path, { method, mode, body, headers: { "Content-Type": type } });
      await ask(path, { method, mode, body: new Blob([body]) });
    }
    for (const path of reads) await ask(path, { mode });
  }
  return seen;
}
"""
# A field of a form arrives as `name=value`: a body is cut at its first =, and whole again there.
FORMS = """
async ([target, writes]) => {
  for (const [, path, body] of writes.filter(([method]) => method === "POST"))
    for (const enctype of ["text/plain", "multipart/form-data", ""]) {
      const frame = document.createElement("iframe");
      frame.name = `answer-${Math.random()}`;
      const form = document.createElement("form");
      Object.assign(form, { method: "post", enctype, action: target + path, target: frame.name });
      const field = document.createElement("input");
      const [name, ...rest] = body.split("=");
      Object.assign(field, { name, value: rest.join("=") });
      form.append(field);
      document.body.append(frame, form);
      await new Promise((resolve) => { frame.onload = resolve; form.submit(); });
    }
}
"""
# What a page takes in from elsewhere, and what it can see of it.
EMBED = """
async ([target, , reads]) => {
  const seen = [];
  const embed = (kind, path, text) => new Promise((resolve) => {
    const element = document.createElement(kind);
    element.onload = element.onerror = () => resolve(seen.push(text(element)));
    element.src = target + path;
    document.body.append(element);
  });
  for (const path of reads) {
    await embed("iframe", path, (frame) => frame.contentDocument?.documentElement.innerText ?? "");
    await embed("script", path, () => Object.keys(window).join());
  }
  return seen;
}
"""


class Lure(BaseHTTPRequestHandler):
    """A page of another site."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>You have won</title><body>")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def lure_port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Lure)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


class Victim:
    """A server with one study, and what came of what a hostile page did to it."""

    def __init__(self, served: Served, page: Page) -> None:
        self.served = served
        self.page = page
        served.study(name=SECRET)
        self.trial = served.enqueue(0.5, SECRET)["id"]
        exported = served.http.get(f"/api/v1/studies/{SECRET}/export?format=study").text
        self.writes = [
            ("POST", "/api/v1/studies", json.dumps(BLACK_BOX | {"name": "evil"})),
            ("POST", "/api/v1/studies/import?name=evil", exported),
            ("POST", "/api/v1/leases", json.dumps({"worker": "evil", "request_id": "1"})),
            ("POST", f"/api/v1/trials/{self.trial}/cancel", ""),
            ("PATCH", f"/api/v1/studies/{SECRET}", json.dumps({"status": "ended"})),
            ("DELETE", f"/api/v1/studies/{SECRET}", ""),
        ]
        self.before = self.state()
        self.answered: list[tuple[str, int]] = []
        page.context.on("response", self._note)

    def state(self) -> list[Any]:
        paths = ("/studies", f"/studies/{SECRET}/trials", "/workers")
        return [self.served.get(path)["items"] for path in paths]

    def attack(self, script: str, target: str = "") -> list[str]:
        """Run a script in the page; it returns all texts that it could read."""
        return self.page.evaluate(script, [target, self.writes, READS]) or []

    def _note(self, response: Response) -> None:
        if f":{self.served.port}/" in response.url:
            self.answered.append((response.request.method, response.status))

    def statuses(self, *methods: str) -> set[int]:
        """What requests of these methods were answered, by what the browser itself received."""
        return {status for method, status in self.answered if method in methods}


@pytest.fixture
def victim(browser: Browser, served_sqlite: Served) -> Iterator[Victim]:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(20_000)
    under_attack = Victim(served_sqlite, page)
    yield under_attack
    context.close()
    assert under_attack.state() == under_attack.before


# The first is another site, the second the same site from another port, the third its other name.
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost"])
def test_a_page_of_another_origin_changes_and_reads_nothing(
    victim: Victim, lure_port: int, host: str
) -> None:
    target = f"http://127.0.0.1:{victim.served.port}"
    victim.page.goto(f"http://{host}:{lure_port}/")
    seen = [*victim.attack(FETCH, target), *victim.attack(EMBED, target)]
    assert len(seen) > 50
    assert not any(SECRET in text for text in seen)
    victim.attack(FORMS, target)
    assert victim.statuses("POST") == {403}
    assert victim.statuses("PATCH", "DELETE") == set(), "the browser needs leave, and got none"


def test_links_of_another_origin_change_nothing_and_show_it_nothing(
    victim: Victim, lure_port: int
) -> None:
    page, target = victim.page, f"http://127.0.0.1:{victim.served.port}"
    page.goto(f"http://evil.example:{lure_port}/")
    paths = {path for _, path, _ in victim.writes}
    for path in sorted({*paths, *READS}):
        with page.expect_popup() as opened:
            page.evaluate("(address) => { window.other = open(address); }", target + path)
        opened.value.wait_for_load_state()
        with pytest.raises(Error, match="Blocked a frame with origin"):
            page.evaluate("window.other.document.documentElement.innerText")
        opened.value.close()
    assert victim.statuses("GET") >= {200}, "a link may be followed"
    assert victim.statuses("POST", "PATCH", "DELETE") == set()


def test_a_name_that_was_bent_to_this_machine_opens_nothing(victim: Victim) -> None:
    arrived = victim.page.goto(f"http://evil.example:{victim.served.port}/")
    assert arrived is not None
    assert arrived.status == 403
    seen = [*victim.attack(FETCH), *victim.attack(EMBED)]
    assert not any(SECRET in text for text in seen)
    victim.attack(FORMS)
    assert victim.statuses("GET", "POST", "PATCH", "DELETE") == {403}
