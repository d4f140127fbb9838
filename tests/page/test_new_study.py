"""Creating a study on the page: the form, its JSON and its code, and what the server refuses."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.api.conftest import Served
from tests.page.conftest import NARROW, Window

pytestmark = pytest.mark.browser


def field(page: Page, label: str) -> Locator:
    return page.locator("form.new").get_by_label(label, exact=True)


def as_json(page: Page) -> Any:
    return json.loads(page.get_by_label("The definition as JSON").input_value())


def create(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile("^Create")).click()
    expect(page.locator("h1")).to_have_text(name)
    expect(page).to_have_url(re.compile(f"/studies/{name}$"))


def black_box(page: Page) -> None:
    page.get_by_label("Any other black box").check()


def test_a_study_of_networks_takes_three_choices_by_the_keyboard(
    window: Window, networks: Served
) -> None:
    page = window.open("/new")
    keys = page.keyboard
    expect(field(page, "Name")).to_be_focused()
    keys.type("three")
    keys.press("Tab")
    keys.type("dig")
    keys.press("Tab")
    keys.type("stm32f746")
    expect(page.locator("form.new")).to_contain_text(
        "8\u00d78\u00d71, 10 classes, 897 / 300 / 600 to train"
    )
    keys.press("Shift+Tab")
    keys.press("Shift+Tab")
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text("three")
    expect(page.get_by_role("status").filter(has_text="Study three was created.")).to_be_visible()
    made = networks.get("/studies/three")["definition"]
    assert (made["data"], made["device"], made["trials"]) == ("digits", "stm32f746zg", 100)
    names = [each["name"] for each in made["objectives"]]
    assert names == ["error", "model_size:deployed", "working_memory:arena"]


@pytest.mark.parametrize("window", [NARROW], indirect=True)
def test_a_black_box_with_conditions_bounds_and_constraints(
    window: Window, networks: Served
) -> None:
    page = window.open("/new")
    field(page, "Name").fill("oven-1")
    black_box(page)
    expect(field(page, "Name")).to_have_value("oven-1")
    first = page.get_by_role("group", name="Parameter 1")
    first.get_by_label("Parameter", exact=True).fill("kind")
    first.get_by_label("Kind").select_option("choice")
    first.get_by_label("Values").fill("gas, 3, true")
    page.get_by_role("button", name="Add a parameter").click()
    second = page.get_by_role("group", name="Parameter 2")
    expect(second.get_by_label("Parameter", exact=True)).to_be_focused()
    page.keyboard.type("heat")
    second.get_by_label("From").fill("1e-3")
    second.get_by_label("To").fill("10")
    second.get_by_label("Log scale").check()
    second.get_by_label("Only if").select_option("kind")
    second.get_by_label("is one of").fill("gas, 3")
    objective = page.get_by_role("group", name="Objective 1")
    objective.get_by_label("Objective", exact=True).fill("crust")
    objective.get_by_label("Goal").select_option("maximize")
    objective.get_by_label("Wish, at least").fill("0.5")
    page.get_by_role("button", name="Add a constraint").last.click()
    page.keyboard.type("smoke <= 3")
    wanted = as_json(page)
    assert wanted["space"]["parameters"] == [
        {"name": "kind", "kind": "choice", "values": ["gas", 3, True]},
        {
            "name": "heat",
            "kind": "real",
            "low": 0.001,
            "high": 10,
            "log": True,
            "when": {"kind": ["gas", 3]},
        },
    ]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    create(page, "oven-1")
    made = networks.get("/studies/oven-1")
    assert made["objectives"][0] | {"goal": "maximize", "bound": 0.5} == made["objectives"][0]
    assert made["constraints"] == [{"name": "smoke", "limit": 3.0, "goal": "minimize"}]


def test_what_the_server_refuses_stands_beside_its_field(window: Window, networks: Served) -> None:
    page = window.open("/new")
    black_box(page)
    field(page, "Name").fill("no good")
    page.get_by_label("From").fill("5 kg")
    field(page, "Hours").fill("-1")
    page.get_by_role("button", name="Create no good").click()
    window.forgive("422")
    expect(field(page, "Name")).to_have_attribute("aria-invalid", "true")
    expect(field(page, "Name")).to_be_focused()
    described = page.locator("#new-name-wrong")
    expect(described).to_contain_text("String should match pattern")
    expect(page.locator("#new-hours-wrong")).to_contain_text("greater than 0, got -1")
    alert = page.locator(".faults")
    expect(alert).to_contain_text("2 things are to be corrected")
    field(page, "Name").fill("no-good")
    expect(described).to_be_empty()
    expect(alert).to_contain_text("One thing")
    field(page, "Hours").fill("")
    page.get_by_role("button", name="Create no-good").click()
    low = page.get_by_label("From")
    expect(low).to_be_focused()
    expect(page.locator("[data-slot='space.parameters.0.low']")).to_contain_text("need finite low")
    expect(low).to_have_value("5 kg")


def test_a_fault_within_what_is_folded_away_opens_it(window: Window, networks: Served) -> None:
    page = window.open("/new")
    field(page, "Name").fill("folded")
    field(page, "Data set").select_option("digits")
    page.get_by_text("More: space").click()
    field(page, "Two classes: labels below").fill("77")
    field(page, "Weights of 4 bits").check()
    assert as_json(page)["training"] == {"weight_bits": 4}
    page.get_by_text("More: space").click()
    page.get_by_role("button", name="Create folded").click()
    window.forgive("422")
    expect(field(page, "Two classes: labels below")).to_be_focused()
    expect(page.locator("#new-binary-wrong")).to_contain_text("from 1 to 9, since digits has 10")


def test_a_name_that_is_taken_is_told_beside_the_name(window: Window, networks: Served) -> None:
    page = window.open("/new")
    black_box(page)
    field(page, "Name").fill("toy")
    page.get_by_role("button", name="Create toy").click()
    window.forgive("409")
    expect(page.locator("#new-name-wrong")).to_contain_text("A study 'toy' exists and differs in")
    expect(page.locator("#new-name-wrong")).to_contain_text("Choose another name")


def test_a_definition_is_pasted_and_edited_as_a_whole(window: Window, networks: Served) -> None:
    page = window.open("/new")
    text = page.get_by_label("The definition as JSON")
    text.fill('{"name": "pasted", ')
    expect(page.locator("#new-json-wrong")).to_contain_text("Not JSON yet")
    page.reload()
    expect(text).to_have_value('{"name": "pasted", ')
    page.get_by_role("button", name="Create").click()
    expect(page.locator(".faults")).to_contain_text("What stands as JSON is none yet")
    expect(text).to_be_focused()
    pasted = {
        "name": "pasted",
        "space": {"kind": "parameters", "parameters": [{"name": "n", "kind": "integer"}]},
        "objectives": [{"name": "cost", "expression": "n + 1"}, {"name": "gain", "log": True}],
        "constraints": [{"name": "t", "limit": 3.0, "goal": "maximize"}],
        "trials": 7,
        "seed": 12,
    }
    text.fill(json.dumps(pasted))
    expect(page.get_by_label("Any other black box")).to_be_checked()
    expect(field(page, "Trials")).to_have_value("7")
    expect(field(page, "Constraint")).to_have_value("t >= 3")
    group = page.get_by_role("group", name="Parameter 1")
    group.get_by_label("From").fill("1")
    group.get_by_label("To").fill("9")
    kept = as_json(page)
    assert kept["objectives"][1] == {"name": "gain", "log": True}
    assert kept["space"]["parameters"] == [{"name": "n", "kind": "integer", "low": 1, "high": 9}]
    create(page, "pasted")


def test_instructions_are_offered_on_the_boards_core_and_stay_on_another(
    window: Window, networks: Served
) -> None:
    page = window.open("/new")
    names = ["error", "instructions", "instructions@m4"]
    wanted = {"name": "steps", "data": "digits", "device": "rp2040", "space": {"kind": "tiny"}}
    wanted |= {"objectives": [{"name": name} for name in names], "trials": 7}
    page.get_by_label("The definition as JSON").fill(json.dumps(wanted))
    figures = field(page, "Figure")
    for place, (name, core) in enumerate(zip(names[1:], ("M0", "M4"), strict=True), 1):
        expect(figures.nth(place)).to_have_value(name)
        expect(figures.nth(place).locator(":checked")).to_contain_text(f"on Cortex-{core}")
    create(page, "steps")
    made = networks.get("/studies/steps")["objectives"]
    assert [each["name"] for each in made[1:]] == ["instructions@m0", "instructions@m4"]


@pytest.mark.parametrize("text", ["[]", '{"objectives": 3, "space": [1]}', '{"space": null}'])
def test_whatever_is_pasted_the_form_stands(window: Window, networks: Served, text: str) -> None:
    page = window.open("/new")
    page.get_by_label("The definition as JSON").fill(text)
    for code in ("Python", "Command line", "JSON"):
        page.get_by_role("button", name=code, exact=True).click()
    expect(field(page, "Name")).to_be_visible()


def test_nothing_typed_is_lost_by_a_reload_or_a_look_elsewhere(
    window: Window, networks: Served
) -> None:
    page = window.open("/new")
    field(page, "Name").fill("kept")
    black_box(page)
    page.get_by_label("To", exact=True).fill("about 5")
    page.reload()
    expect(field(page, "Name")).to_have_value("kept")
    page.get_by_role("link", name="Workers").click()
    expect(page.locator("h1")).to_have_text("Workers")
    page.get_by_role("link", name="New study").click()
    expect(page.get_by_label("To", exact=True)).to_have_value("about 5")
    page.get_by_role("button", name="Begin anew").click()
    expect(field(page, "Name")).to_have_value("")


def test_a_study_is_made_anew_under_another_name(window: Window, networks: Served) -> None:
    page = window.open("/studies/digits-f446")
    page.get_by_role("link", name="New like this").click()
    expect(page.locator("h1")).to_have_text("New study like digits-f446")
    expect(field(page, "Name")).to_have_value("digits-f446-2")
    expect(field(page, "Data set")).to_have_value("digits")
    size = page.get_by_role("group", name="Objective 2").get_by_label("Wish, at most (B)")
    expect(size).to_have_value("2770")
    create(page, "digits-f446-2")
    made = networks.get("/studies/digits-f446-2")["definition"]
    assert made == networks.get("/studies/digits-f446")["definition"] | {"name": "digits-f446-2"}


def test_an_answer_that_was_lost_is_asked_for_again_under_the_same_key(
    window: Window, networks: Served
) -> None:
    keys: list[str] = []

    def lose_the_first(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        answer = route.fetch()
        if len(keys) == 1:
            route.abort()
        else:
            assert answer.headers["idempotency-replayed"] == "true"
            route.fulfill(response=answer)

    page = window.open("/new")
    page.route(re.compile("/api/v1/studies$"), lose_the_first)
    black_box(page)
    field(page, "Name").fill("lost")
    page.get_by_role("button", name="Create lost").click()
    expect(page.locator(".faults")).to_contain_text("The server does not answer.")
    create(page, "lost")
    assert keys[0] == keys[1]
    expect(page.get_by_role("status").filter(has_text="Study lost was created.")).to_be_visible()
    window.forgive("ERR_FAILED")
