"""Bytes of code by formula: every kernel is known, layers add up, cores are named."""

import pytest

from resource_models import counted
from resource_models.code_size import code_size, loops
from resource_models.errors import UnknownCore
from resource_models.graph import Graph
from resource_models.nodes import Conv2d, Dense, GlobalAvgPool, Input

HEAD = (GlobalAvgPool("mean", ("c",)), Dense("classes", ("mean",), 10))
ONE = Graph((Input("x", (16, 16, 1)), Conv2d("c", ("x",), 8, (3, 3)), *HEAD))
TWO = Graph(
    (Input("x", (16, 16, 1)), Conv2d("b", ("x",), 1, (3, 3)), Conv2d("c", ("b",), 8, (3, 3)), *HEAD)
)


@pytest.mark.parametrize("core", counted.cores())
def test_each_layer_takes_code_and_the_most_is_more_than_what_is_likely(core: str) -> None:
    one, two = code_size(ONE, core), code_size(TWO, core)
    assert 0 < one.likely_bytes < one.most_flash_bytes
    assert one.likely_bytes < two.likely_bytes
    assert one.most_flash_bytes < two.most_flash_bytes
    assert one.most_ram_bytes == two.most_ram_bytes > 0


@pytest.mark.parametrize("core", counted.cores())
def test_every_kernel_whose_instructions_are_known_has_a_size(core: str) -> None:
    from resource_models import code_size as module

    costs = module._data()[core]
    forms = {form: len(each) for form, each in counted.coefficients(core).items()}
    for name in ("likely", "most"):
        assert {form: len(each) for form, each in costs[name].items()} == forms


def test_a_loop_that_a_layer_has_not_takes_no_code() -> None:
    found = loops(Graph((Input("x", (4, 4, 4)), Conv2d("c", ("x",), 2, (1, 1)))))
    form, runs = found["c"]
    assert form == "pointwise"
    # Once, pixels, outputs; pairs of filters by one word; no single filter.
    assert runs == (True, True, True, False, True, False, False, False, False)


def test_a_core_that_nothing_was_linked_for_is_named() -> None:
    with pytest.raises(UnknownCore, match="m55"):
        code_size(ONE, "m55")
