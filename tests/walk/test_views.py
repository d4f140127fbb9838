"""Every view of the page on a real study: seen wide and narrow, by keyboard, and by axe-core.

What a view is for is tested in tests/page; here is what must hold for all of them.
"""

import pytest

from tests.page.conftest import Window
from tests.walk.whole import (
    assert_accessible,
    assert_no_wider_than_the_window,
    assert_reachable_by_keyboard,
)

# Addresses, of which the braces are filled with what the studies came to.
VIEWS = {
    "studies": "/",
    "new study": "/new",
    "new black box": "/new?like={box}",
    "workers": "/workers",
    "worker": "/workers/worker-1",
    "networks": "/studies/{networks}",
    "networks in space": "/studies/{networks}?view=3d",
    "black box": "/studies/{box}",
    "trials": "/studies/{networks}/trials",
    "trials of a black box": "/studies/{box}/trials",
    "parameters": "/studies/{networks}/parameters",
    "parameters of a black box": "/studies/{box}/parameters",
    "timeline": "/studies/{networks}/timeline",
    "compare": "/compare?study={networks}&study={box}&by=time",
    "trial that inherited": "/trials/{child}",
    "trial of a black box": "/trials/{kiln}",
    "infeasible trial": "/trials/{melted}",
    "confirm run": "/trials/{run}",
    "compared networks": "/studies/{networks}/compare?trials=1,2",
    "compared black boxes": "/studies/{box}/compare?trials={pair}",
    "unknown study": "/studies/nothing",
}
REFUSED = {"unknown study"}  # the browser notes a 404 in its console


@pytest.mark.browser
@pytest.mark.xdist_group("walk")  # one server with its studies, not one for each process
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_whole(view: str, window: Window, places: dict[str, object]) -> None:
    page = window.open(VIEWS[view].format_map(places))
    page.wait_for_load_state("networkidle")
    if view in REFUSED:
        window.forgive("404")
    assert page.locator("h1").count() == 1
    assert_no_wider_than_the_window(page)
    assert_accessible(page)
    assert_reachable_by_keyboard(page)
