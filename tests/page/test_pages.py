"""The page's files and the figures over HTTP."""

import re
from pathlib import Path

import pytest

from service import studies, trials
from service.api.pages import PLOTLY_VERSION, VIEWS
from service.api.web_files import WEB, WebFiles
from tests.api.conftest import Served, assert_problem, wait_until
from tests.page import seeds

PAGES = [path.format(study="toy", trial=1, worker="bench-1") for path in VIEWS]


@pytest.mark.parametrize("path", PAGES)
def test_every_address_of_the_page_answers_with_a_strict_policy(
    served_sqlite: Served, path: str
) -> None:
    answer = served_sqlite.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert policy == (
        "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "<script>" not in answer.text
    assert "{" not in answer.text, "a place holder was left"


def test_every_file_that_the_page_names_is_there(served_sqlite: Served) -> None:
    text = served_sqlite.http.get("/").text
    names = re.findall(r'"(/static/[^"]+)"', text)
    assert len(names) >= 5
    for name in names:
        answer = served_sqlite.http.get(name)
        assert answer.status_code == 200, name
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_module_imports_what_exists() -> None:
    modules = list(WEB.rglob("*.js"))
    assert len(modules) > 10
    for module in modules:
        found = re.findall(r'import \{([^}]*)\} from "(\.[^"]+)"', module.read_text())
        for names, file in found:
            exporting = (module.parent / file).read_text()
            for name in filter(None, map(str.strip, names.split(","))):
                exported = name.partition(" as ")[0]
                form = rf"export (async )?(const|function|class) {exported}\b"
                assert re.search(form, exporting), f"{module.name} imports {name} of {file}"


def test_two_sheets_of_views_do_not_style_the_same_class() -> None:
    """What views share stands in views.css; of two rules the order of the sheets would choose."""
    homes: dict[str, set[str]] = {}
    for sheet in (WEB / "styles").glob("*.css"):
        if sheet.name in {"base.css", "views.css"}:
            continue
        for name in re.findall(r"^\.([\w-]+) \{", sheet.read_text(), re.MULTILINE):
            homes.setdefault(name, set()).add(sheet.name)
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


def test_no_module_makes_markup_of_text() -> None:
    forbidden = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")
    found = [
        (module.name, word)
        for module in WEB.rglob("*.js")
        for word in forbidden
        if word in module.read_text()
    ]
    assert found == []


def test_plotly_is_kept_for_ever_and_the_rest_is_asked_anew(served_sqlite: Served) -> None:
    http = served_sqlite.http
    plotly = http.get(f"/static/plotly-{PLOTLY_VERSION}.js")
    assert plotly.headers["content-encoding"] == "gzip"
    assert "immutable" in plotly.headers["cache-control"]
    plain = http.get(f"/static/plotly-{PLOTLY_VERSION}.js", headers={"Accept-Encoding": "identity"})
    assert plain.content == plotly.content
    assert b"plotly.js" in plain.content[:100]
    assert_problem(http.get("/static/plotly-0.0.0.js"), 404)
    page = http.get("/static/page.js")
    assert page.headers["cache-control"] == "no-cache"
    again = http.get("/static/page.js", headers={"If-None-Match": page.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(("path", "module"), VIEWS.items())
def test_a_document_names_what_its_view_needs_before_modules_ask_for_it(
    served_sqlite: Served, path: str, module: str
) -> None:
    assert f'import("./{module}")' in (WEB / "page.js").read_text()
    text = served_sqlite.http.get(path.format(study="toy", trial=1, worker="bench-1")).text
    named = re.findall(r'<link rel="modulepreload" href="/static/([^"]+)">', text)
    assert len(named) == len(set(named))
    assert {module, "visit.js"} <= set(named)
    others = set(VIEWS.values()) - {module}
    assert len(others & set(named)) <= 1  # a view may use a part of another one
    script = f'<link rel="preload" as="script" href="/static/plotly-{PLOTLY_VERSION}.js"'
    assert (script in text) is ("charts/chart.js" in named)
    asked = '<link rel="preload" as="fetch" crossorigin href="/api/v1/studies/toy">'
    assert (asked in text) is ("{study}" in path)


def test_a_document_tells_of_a_study_as_an_address_and_never_as_markup(
    served_sqlite: Served,
) -> None:
    text = served_sqlite.http.get("/studies/%22%3E%3Cb%3E").text
    assert 'href="/api/v1/studies/%22%3E%3Cb%3E"' in text
    assert "<b>" not in text


def written_anew(path: Path, text: str, asked: str | None = None) -> tuple[bytes, bytes]:
    """What is served before and after a file is written anew: that file, or who imports it."""
    files, name = WebFiles(path.parent), asked or path.name
    before = files.held(name)
    path.write_text(text)
    after = files.held(name)
    assert before.tag != after.tag
    return before.plain, after.plain


def test_files_come_compressed_and_as_they_were_last_written(
    served_sqlite: Served, tmp_path: Path
) -> None:
    http = served_sqlite.http
    packed, plain = (
        http.get("/static/page.js", headers={"Accept-Encoding": kind}) for kind in ("gzip", "br")
    )
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == (
        "gzip",
        "Accept-Encoding",
    )
    assert int(packed.headers["content-length"]) < len(packed.content)
    assert packed.content == plain.content == (WEB / "page.js").read_bytes()
    assert "content-encoding" not in plain.headers
    assert plain.headers["content-type"] == "text/javascript; charset=utf-8"
    head = http.head("/static/page.js", headers={"Accept-Encoding": "br"})
    assert (head.content, head.headers["content-length"]) == (b"", plain.headers["content-length"])
    (tmp_path / "a.css").write_text("a {}")
    assert written_anew(tmp_path / "a.css", "a { color: red }") == (b"a {}", b"a { color: red }")


def test_a_sheet_that_another_imports_stands_in_it(tmp_path: Path) -> None:
    (tmp_path / "page.css").write_text('@import "b.css";\na {}\n')
    (tmp_path / "b.css").write_text("b {}\n")
    found = written_anew(tmp_path / "b.css", "b { color: red }\n", asked="page.css")
    assert found == (b"b {}\na {}\n", b"b { color: red }\na {}\n")


def test_the_sheet_of_the_page_holds_all_others(served_sqlite: Served) -> None:
    text = served_sqlite.http.get("/static/styles/page.css").text
    assert "@import" not in text
    sheets = {path.name: path.read_text() for path in (WEB / "styles").glob("*.css")}
    del sheets["page.css"]
    assert {name: text.count(sheet) for name, sheet in sheets.items()} == dict.fromkeys(sheets, 1)


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/none.js"])
def test_nothing_beside_the_files_is_served(served_sqlite: Served, path: str) -> None:
    assert_problem(served_sqlite.http.get(path), 404)


def test_seconds_per_proposal_come_from_the_designers_trials(served: Served) -> None:
    seeds.black_box(served, 3)
    with served.db.begin() as session:
        first, _, third = trials.listing(session, studies.get(session, "toy").id).trials
        first.details = {"think_s": 0.25}
        third.details = {"think_s": 5, "fallback": "bayes: no answer within 5 s"}
    in_time, late = served.get("/studies/toy/figures/thinking")["data"]
    assert (in_time["x"], in_time["y"]) == ([1], [0.25])
    assert (late["x"], late["y"]) == ([3], [5.0])
    assert late["customdata"] == [[third.id, "bayes: no answer within 5 s"]]
    shown = served.get(f"/trials/{third.id}")
    assert (shown["think_s"], shown["fallback"]) == (5.0, "bayes: no answer within 5 s")
    assert served.get("/studies/toy/trials?limit=1")["items"][0]["think_s"] == 0.25
    assert_problem(served.ask("GET", "/studies/none/figures/thinking"), 404)


def test_figures_of_a_study_follow_its_trials(served: Served) -> None:
    seeds.black_box(served, 4)
    wait_until(lambda: served.get("/studies/toy")["finished"] == 4)
    figure = served.get("/studies/toy/figures/front")
    front = next(trace for trace in figure["data"] if trace["meta"]["role"] == "front")
    assert len(front["x"]) == 4
    assert [axis["name"] for axis in figure["layout"]["meta"]["axes"]] == ["cost", "size"]
    turned = served.get("/studies/toy/figures/front?x=size&y=cost&x_log=true")
    assert turned["layout"]["xaxis"]["type"] == "log"
    growth = served.get("/studies/toy/figures/hypervolume")
    assert growth["data"][0]["x"][-1] == 4


def test_a_chart_is_sent_again_only_when_its_study_has_moved(served: Served) -> None:
    seeds.black_box(served, 2)
    wait_until(lambda: served.get("/studies/toy")["finished"] == 2)
    address = "/studies/toy/figures/front?also=size&also=unheard"
    first = served.ask("GET", address)
    assert first.headers["content-encoding"] == "gzip"
    known = {"If-None-Match": first.headers["etag"]}
    again = served.ask("GET", address, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    plain = served.ask("GET", address, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == first.json()
    columns = plain.json()["layout"]["meta"]["columns"]
    assert columns == [None, None, None, "cost", "size", "size", "unheard"]
    turned = served.ask("GET", "/studies/toy/figures/front?x=size&y=cost").json()
    assert turned["layout"]["meta"]["axes"][0]["name"] == "size", "another choice is another chart"
    seeds.complete_one(served, "toy", 0.9)
    wait_until(lambda: served.get("/studies/toy")["finished"] == 3)
    moved = served.ask("GET", address, headers=known)
    front = next(each for each in moved.json()["data"] if each["meta"]["role"] == "front")
    assert len(front["x"]) == 3
    assert_problem(served.ask("GET", "/studies/toy/figures/front?also=9lives"), 422, "also.0")


def test_an_axis_that_cannot_be_drawn_is_refused(served_sqlite: Served) -> None:
    seeds.black_box(served_sqlite, 1)
    ask = served_sqlite.ask
    problem = assert_problem(ask("GET", "/studies/toy/figures/front?x=weight"), 422, "x")
    assert "cost, size" in problem["detail"]
    assert_problem(ask("GET", "/studies/toy/figures/front?x=cost&y=cost"), 422, "y")
    assert_problem(ask("GET", "/studies/toy/figures/front3d"), 422, "y")
    assert_problem(ask("GET", "/studies/none/figures/front"), 404)
    assert_problem(ask("GET", "/trials/99/figures/learning"), 404)


def test_a_network_is_told_with_its_shapes_and_weights(served_sqlite: Served) -> None:
    seeds.networks(served_sqlite, 1)
    [trial] = served_sqlite.get("/studies/digits-f446/trials")["items"]
    detail = served_sqlite.get(f"/trials/{trial['id']}")
    nodes = served_sqlite.get(f"/trials/{trial['id']}/network")["nodes"]
    assert [node["id"] for node in nodes] == [node["id"] for node in detail["graph"]["nodes"]]
    assert nodes[-1]["shape"] == [10]
    # One byte a weight and a bias: the convention of the literature.
    assert sum(node["weights"] for node in nodes) == trial["values"]["model_size:munas"]
    memory = served_sqlite.get(f"/trials/{trial['id']}/figures/memory")
    assert memory["data"][0]["x"] == [size for _, size in detail["memory_timeline"]]
    learning = served_sqlite.get(f"/trials/{trial['id']}/figures/learning")
    assert {trace["name"] for trace in learning["data"]} == {
        "error",
        "train_error",
        "loss (right)",
    }


def test_a_trial_of_a_black_box_has_no_network(served_sqlite: Served) -> None:
    seeds.black_box(served_sqlite, 1)
    [trial] = served_sqlite.get("/studies/toy/trials")["items"]
    assert served_sqlite.get(f"/trials/{trial['id']}/network") == {"nodes": [], "proposed": False}
    assert served_sqlite.get(f"/trials/{trial['id']}/figures/memory")["data"][0]["x"] == []


# Pairs of text and background, as views.css uses them.
PAIRS = [
    ("text", "back"),
    ("text", "surface"),
    ("quiet", "back"),
    ("quiet", "surface"),
    ("accent", "back"),
    ("accent", "surface"),
    ("accent", "soft"),
    ("bad", "bad-soft"),
    ("bad", "back"),
    ("warn", "warn-soft"),
    ("warn", "surface"),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("pair", PAIRS, ids=" on ".join)
def test_text_stands_out_from_its_background(theme: str, pair: tuple[str, str]) -> None:
    colours = palette(WEB / "styles" / "base.css", theme)
    lights = sorted(luminance(colours[name]) for name in pair)
    assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5


def palette(sheet: Path, theme: str) -> dict[str, str]:
    light, dark = sheet.read_text().split("prefers-color-scheme: dark")
    text = light if theme == "light" else dark
    return dict(re.findall(r"--([a-z-]+): #([0-9a-f]{6});", text))


def luminance(colour: str) -> float:
    """Relative luminance as the accessibility guidelines (WCAG 2) define it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
