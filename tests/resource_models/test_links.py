"""What data flow asks of operators, against the definitions."""

from hypothesis import given, settings

from resource_models.links import Links, bits
from resource_models.program import Program
from tests.resource_models.networks import programs


def before(found: Program, step: int) -> set[int]:
    """The operators that must run before this one."""
    writers = {buffer - 1 for buffer in found.reads[step] if buffer}
    return writers.union(*(before(found, writer) for writer in writers))


@settings(deadline=None)
@given(programs(most=9))
def test_masks_name_who_must_run_before_and_after(found: Program) -> None:
    links = Links.of(found.reads)
    steps = range(len(found.reads))
    ancestors = [before(found, step) for step in steps]
    assert [set(bits(mask)) for mask in links.ancestors] == ancestors
    descendants = [{other for other in steps if step in ancestors[other]} for step in steps]
    assert [set(bits(mask)) for mask in links.descendants] == descendants
    assert [set(bits(mask)) for mask in links.needs] == [
        {buffer - 1 for buffer in buffers if buffer} for buffers in found.reads
    ]
    assert links.cuts == tuple(
        step for step in steps if len(ancestors[step] | descendants[step]) == len(steps) - 1
    )


@settings(deadline=None)
@given(programs(most=9))
def test_held_buffers_are_written_before_and_read_from_then_on(found: Program) -> None:
    links = Links.of(found.reads)
    for step, held in enumerate(links.held):
        written = {0, *(other + 1 for other in bits(links.ancestors[step]))}
        later = [step, *bits(links.descendants[step])]
        read = {buffer for other in later for buffer in found.reads[other]}
        assert set(held) == written & read


def test_an_operator_is_ready_when_all_that_it_reads_is_written() -> None:
    links = Links.of([(0,), (0,), (1, 2), (3,)])
    assert links.ready(0, 0b1111) == [0, 1]
    assert links.ready(0b0001, 0b1111) == [1]
    assert links.ready(0b0011, 0b1111) == [2]
    assert links.ready(0b0011, 0b1000) == []
