"""A network gets really smaller when channels and inputs are cut."""

import pickle

import pytest
from hypothesis import given, settings

from resource_models import cut as module
from resource_models.channels import Tie, ties
from resource_models.cut import cut, gatherable
from resource_models.devices import device
from resource_models.errors import InvalidCut
from resource_models.footprint import Footprint, footprint
from resource_models.graph import Graph
from resource_models.nodes import (
    KINDS,
    Add,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    Gather,
    GlobalAvgPool,
    Input,
    Node,
    Pad,
)
from resource_models.weights import weights
from tests.resource_models.branching import Cuttable, cuttables
from tests.resource_models.networks import every_kind, released_sparse_network, residual_chain

IMAGE = Input("x", (4, 4, 1))


def conv(name: str, source: str, filters: int) -> Conv2d:
    return Conv2d(name, (source,), filters, (3, 3), batch_norm=True, activation="relu")


def ending(*nodes: Node) -> Graph:
    """The nodes, then the mean of each channel and a dense node of two units."""
    return Graph((*nodes, GlobalAvgPool("gap", (nodes[-1].id,)), Dense("out", ("gap",), 2)))


def of(graph: Graph, *members: tuple[str, int]) -> list[Tie]:
    """The ties of a network that hold these channels."""
    return [tie for tie in ties(graph) if set(tie.members) & set(members)]


def costs(graph: Graph) -> Footprint:
    return footprint(graph, device("stm32f446re"))


def test_a_cut_of_nothing_leaves_the_network_as_it_is() -> None:
    graph = every_kind()
    found = cut(graph, (), {"classes": ()})
    assert found.graph == graph
    assert found.outputs["conv"] == (0, 1, 2, 3)
    assert found.inputs["exit"] == (0, 1, 2)
    assert set(found.outputs) == set(found.inputs) == set(weights(graph))


def test_a_convolution_loses_filters_and_its_readers_lose_inputs() -> None:
    graph = ending(IMAGE, conv("a", "x", 4), conv("b", "a", 5))
    found = cut(graph, of(graph, ("a", 1), ("a", 2)))
    assert found.graph.node("a") == conv("a", "x", 2)
    assert found.outputs == {"a": (0, 3), "b": (0, 1, 2, 3, 4), "out": (0, 1)}
    assert found.inputs == {"a": (0,), "b": (0, 3), "out": (0, 1, 2, 3, 4)}
    assert weights(found.graph)["b"].kernel == 9 * 2 * 5


def test_a_depthwise_convolution_shrinks_with_its_input() -> None:
    graph = ending(IMAGE, conv("a", "x", 3), DepthwiseConv2d("d", ("a",), (3, 3)))
    found = cut(graph, of(graph, ("a", 0)))
    assert found.outputs["d"] == found.inputs["d"] == found.inputs["out"] == (1, 2)
    assert found.graph.shapes["d"] == (4, 4, 2)


def residual() -> Graph:
    return ending(IMAGE, conv("a", "x", 4), conv("b", "a", 4), Add("sum", ("a", "b")))


def test_an_addition_keeps_every_channel_that_one_of_its_inputs_keeps() -> None:
    """A published search takes the largest count of its addends, which is less than it needs."""
    graph = residual()
    wanted = {("a", 0), ("a", 1), ("b", 1), ("b", 2)}  # what each addend could do without
    gone = [tie for tie in ties(graph) if set(tie.members) <= wanted]
    found = cut(graph, gone)
    assert found.outputs["a"] == found.outputs["b"] == (0, 2, 3)
    assert found.graph.shapes["sum"] == (4, 4, 3)
    assert costs(found.graph).model_size_munas_bytes == (9 * 3 + 3) + (9 * 9 + 3) + (3 * 2 + 2)


def test_half_a_tie_is_refused() -> None:
    with pytest.raises(InvalidCut, match=r"gone: need whole ties .* got Tie\(members=\(\('a', 1"):
        cut(residual(), [Tie((("a", 1),))])


def test_padded_channels_go_with_what_they_are_added_to() -> None:
    nodes = (IMAGE, conv("small", "x", 2), Pad("wide", ("small",), channels=(1, 2)))
    graph = ending(*nodes, conv("large", "x", 5), Add("sum", ("wide", "large")))
    found = cut(graph, of(graph, ("large", 0), ("large", 4), ("large", 1)))
    assert found.graph.node("wide") == Pad("wide", ("small",), channels=(0, 1))
    assert found.outputs["small"] == (1,)
    assert found.outputs["large"] == found.inputs["out"] == (2, 3)


def test_positions_behind_concat_and_flatten_are_tracked() -> None:
    graph = Graph(
        (
            Input("x", (1, 2, 1)),
            conv("a", "x", 2),
            conv("b", "x", 3),
            Concat("join", ("b", "a")),
            Flatten("flat", ("join",)),
            Dense("out", ("flat",), 2),
        )
    )
    found = cut(graph, of(graph, ("a", 0), ("b", 1)))
    assert found.inputs["out"] == (0, 2, 4, 5, 7, 9)


def with_gather(*indices: int, others: tuple[Node, ...] = ()) -> Graph:
    """Two pixels of three channels, of which a dense node reads some; the rest is ended."""
    gather = Gather("some", ("flat",), indices)
    nodes = (Input("x", (1, 2, 1)), conv("a", "x", 3), Flatten("flat", ("a",)), gather)
    last = [Add("sum", ("d", *(node.id for node in others)))] if others else []
    return Graph((*nodes, Dense("d", ("some",), 2), *others, *last))


def test_a_gather_reads_the_same_units_at_their_new_places() -> None:
    graph = with_gather(0, 1, 3, 5)  # channels 0, 1, 0, 2
    found = cut(graph, of(graph, ("a", 1)))
    assert found.graph.node("some") == Gather("some", ("flat",), (0, 2, 3))
    assert found.inputs["d"] == (0, 2, 3)


def test_a_gather_that_leaves_nothing_out_any_more_is_dropped() -> None:
    graph = with_gather(0, 2, 3, 5)
    found = cut(graph, of(graph, ("a", 1)))
    assert [node.id for node in found.graph.nodes] == ["x", "a", "flat", "d"]
    assert found.graph.node("d").inputs == ("flat",)
    assert found.inputs["d"] == (0, 1, 2, 3)


def test_a_gather_is_shortened_for_its_only_reader() -> None:
    found = cut(with_gather(0, 2, 4, 5), (), {"d": [1, 3]})
    assert found.graph.node("some") == Gather("some", ("flat",), (0, 4))
    assert found.inputs["d"] == (0, 2)


def test_a_gather_stays_for_one_reader_and_another_gets_its_own() -> None:
    graph = with_gather(0, 2, 4, 5, others=(Dense("e", ("some",), 2),))
    found = cut(graph, of(graph, ("a", 0)), {"d": [1]})  # unit 0 goes with channel 0
    assert found.graph.node("some") == Gather("some", ("flat",), (1, 2, 3))
    assert found.graph.node("e").inputs == ("some",)
    assert found.graph.node("d.gather") == Gather("d.gather", ("flat",), (2, 3))
    assert found.graph.node("d").inputs == ("d.gather",)
    assert (found.inputs["d"], found.inputs["e"]) == ((2, 3), (1, 2, 3))


def test_readers_that_lose_the_same_inputs_go_on_sharing_a_gather() -> None:
    graph = with_gather(0, 2, 4, 5, others=(Dense("e", ("some",), 2),))
    found = cut(graph, (), {"d": [1, 2], "e": [2, 1]})
    assert found.graph.node("some") == Gather("some", ("flat",), (0, 5))
    assert found.graph.node("d").inputs == found.graph.node("e").inputs == ("some",)


def test_a_new_gather_takes_no_name_that_is_taken() -> None:
    taken = (Dense("d.gather", ("flat",), 2), Dense("d.gather2", ("flat",), 2))
    graph = with_gather(0, 1, others=(Dense("e", ("some",), 2), *taken))
    assert cut(graph, (), {"d": [0]}).graph.node("d").inputs == ("d.gather3",)


def test_single_inputs_go_by_a_gather_before_the_dense_node() -> None:
    graph = Graph((Input("x", (5,)), Dense("out", ("x",), 2)))
    found = cut(graph, (), {"out": [0, 3]})
    assert found.graph == Graph(
        (
            Input("x", (5,)),
            Gather("out.gather", ("x",), (1, 2, 4)),
            Dense("out", ("out.gather",), 2),
        )
    )
    assert found.inputs["out"] == (1, 2, 4)


def test_inputs_that_go_with_their_channel_may_be_named_too() -> None:
    graph = Graph(
        (
            Input("x", (1, 2, 1)),
            conv("a", "x", 2),
            Flatten("flat", ("a",)),
            Dense("out", ("flat",), 2),
        )
    )
    assert cut(graph, of(graph, ("a", 0)), {"out": [0, 2]}).graph.node("out").inputs == ("flat",)
    assert cut(graph, of(graph, ("a", 0)), {"out": [0, 1]}).inputs["out"] == (3,)


def test_the_released_sparse_network_is_its_parent_without_428_inputs() -> None:
    released = released_sparse_network()
    image, convolution, flat = released.nodes[:3]
    parent = Graph((image, convolution, flat, Dense("classes", ("flat",), 10)))
    kept = released.node("kept").indices  # type: ignore[union-attr]
    gone = set(range(550)) - set(kept)
    assert len(gone) == 428
    found = cut(parent, (), {"classes": gone})
    assert found.inputs["classes"] == kept
    assert found.graph.shapes["classes.gather"] == (122,)
    assert costs(found.graph) == costs(released)
    assert costs(found.graph).model_size_sparse_bytes == 1802
    assert costs(found.graph).working_memory_wm1_bytes == 1780
    assert costs(found.graph).working_memory_wm2_bytes == 631


@pytest.mark.parametrize(
    ("gone", "gone_inputs", "field"),
    [
        ([("a", 0), ("a", 1)], {}, "a.filters"),
        ([("h", 0), ("h", 1)], {}, "h.units"),
        ([], {"h": range(32)}, "h.inputs"),
        ([("a", 0)], {"h": range(1, 32, 2)}, "h.inputs"),
        ([], {"a": [0]}, "gone_inputs"),
        ([], {"nobody": [0]}, "gone_inputs"),
        ([], {"h": [32]}, "gone_inputs.h"),
        ([], {"h": [-1]}, "gone_inputs.h"),
    ],
)
def test_a_cut_that_cannot_be_made_is_refused_by_name(
    gone: list[tuple[str, int]], gone_inputs: dict[str, list[int]], field: str
) -> None:
    nodes = (IMAGE, conv("a", "x", 2), Flatten("flat", ("a",)), Dense("h", ("flat",), 2))
    graph = Graph((*nodes, Dense("out", ("h",), 2)))
    with pytest.raises(InvalidCut) as refused:
        cut(graph, of(graph, *gone), gone_inputs)
    assert refused.value.field == field


def test_units_that_a_gather_reads_cannot_all_go() -> None:
    graph = with_gather(0, 3)
    with pytest.raises(InvalidCut, match=r"d\.inputs: need at least one"):
        cut(graph, of(graph, ("a", 0)))


def test_dense_nodes_may_lose_inputs_of_maps_and_of_flat_samples() -> None:
    assert gatherable(every_kind()) == {"exit": 3}
    assert gatherable(
        Graph((Input("x", (5,)), Dense("d", ("x",), 3), Dense("out", ("d",), 2)))
    ) == {"d": 5}


@settings(max_examples=200, deadline=None)
@given(cuttables)
def test_a_cut_network_has_what_is_kept_and_nothing_else(found: Cuttable) -> None:
    graph, gone, gone_inputs = found
    made = cut(graph, gone, gone_inputs)
    members = {member for tie in gone for member in tie.members}
    for name, part in weights(made.graph).items():
        node, outputs, inputs = graph.node(name), made.outputs[name], made.inputs[name]
        total = graph.shapes[name][-1]
        if not isinstance(node, DepthwiseConv2d):
            assert outputs == tuple(c for c in range(total) if (name, c) not in members)
        taps = node.kernel[0] * node.kernel[1] if hasattr(node, "kernel") else 1
        columns = 1 if isinstance(node, DepthwiseConv2d) else len(inputs)
        assert (part.kernel, part.biases) == (taps * len(outputs) * columns, len(outputs))
        if isinstance(node, Dense):
            assert not set(gone_inputs.get(name, ())) & set(inputs)
    ids = [node.id for node in made.graph.nodes if not isinstance(node, Gather)]
    assert ids == [node.id for node in graph.nodes if not isinstance(node, Gather)]
    assert made.graph.shapes[made.graph.output] == graph.shapes[graph.output]


def test_a_long_network_is_cut_without_recursion() -> None:
    graph = residual_chain(300)
    found = cut(graph, ties(graph)[::2])
    assert found.graph.shapes["a7"][-1] == 12


def test_there_is_a_rule_for_every_kind_of_node() -> None:
    assert set(module.CUTTERS) == set(KINDS.values())


def test_a_refusal_survives_the_way_between_processes() -> None:
    error = InvalidCut("a.filters", "need at least one that stays.")
    assert str(pickle.loads(pickle.dumps(error))) == "a.filters: need at least one that stays."
