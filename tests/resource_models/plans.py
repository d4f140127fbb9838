"""Whether a plan of the arena would work."""

from resource_models.arena import ArenaPlan
from resource_models.graph import Graph
from resource_models.in_place import OURS, in_place
from resource_models.program import build


def check(graph: Graph, plan: ArenaPlan, alignment_bytes: int = 16) -> None:
    """Run the plan: each tensor must still be whole when its last reader has read it.

    One that is written over must be whole when what writes over it begins.
    """
    found, buffers = build(graph)
    inside = in_place(found, graph, OURS)
    place_of = {buffers[name]: offset for name, offset in plan.offsets_bytes.items()}
    owner = [-1] * plan.arena_bytes

    def write(mark: int, offset: int, size_bytes: int) -> None:
        assert offset % alignment_bytes == 0
        assert offset + size_bytes <= plan.arena_bytes
        owner[offset : offset + size_bytes] = [mark] * size_bytes

    def whole(buffer: int) -> bool:
        offset = place_of[buffer]
        return set(owner[offset : offset + found.sizes_bytes[buffer]]) == {buffer}

    write(0, place_of[0], found.sizes_bytes[0])
    assert sorted(plan.order) == sorted(found.node_ids)
    for name in plan.order:
        step = found.node_ids.index(name)
        beside = found.scratch_bytes[step]
        if name in plan.over:
            assert plan.offsets_bytes[name] == plan.offsets_bytes[plan.over[name]]
            assert buffers[plan.over[name]] in found.reads[step]
            beside += inside.beside_bytes[step]
        if beside:
            write(-2, plan.scratch_offsets_bytes[name], beside)
        if name in plan.over:
            assert all(whole(buffer) for buffer in found.reads[step])
        write(step + 1, place_of[step + 1], found.sizes_bytes[step + 1])
        others = [] if name in plan.over else found.reads[step]
        assert all(whole(buffer) for buffer in others)
    assert whole(len(found.reads))
