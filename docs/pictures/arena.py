"""Where each tensor of a network lies in the one buffer, operator by operator."""

from docs.pictures.networks import RESIDUAL
from docs.pictures.svg import FAINT, GREY, INK, PAPER, RED, TINTS, Frame, Sheet
from resource_models.arena import ALIGNMENT_BYTES, lifetimes, plan_arena
from resource_models.memory import best_order
from resource_models.program import build


def draw() -> str:
    """The plan of a network with a branch."""
    program, _ = build(RESIDUAL)
    program = program.aligned(ALIGNMENT_BYTES)
    order = best_order(program)
    plan = plan_arena(RESIDUAL)
    # As `lifetimes` lists them: the input, each operator's result, then scratch in order of steps.
    names = [RESIDUAL.input.id, *program.node_ids]
    offsets = [plan.offsets_bytes[name] for name in names]
    for step in order.steps:
        if program.scratch_bytes[step]:
            names.append("scratch")
            offsets.append(plan.scratch_offsets_bytes[program.node_ids[step]])
    steps = len(order.steps)
    top = 1000 * (plan.arena_bytes // 1000 + 1)
    sheet = Sheet(760, 400, "The planned arena of a network with a branch")
    frame = Frame(76, 50, 610, 290, (0, steps), (0, top))
    for at in range(0, top + 1, 1000):
        sheet.line(frame.at(0, at), frame.at(steps, at), FAINT, 0.7)
        sheet.text((68, frame.at(0, at)[1] + 4), f"{at:,}", GREY, anchor="end", size=11)
    blocks = lifetimes(program, order.steps)
    for place, (name, offset, block) in enumerate(zip(names, offsets, blocks, strict=True)):
        left, upper = frame.at(block.first, offset + block.size_bytes)
        right, lower = frame.at(block.last + 1, offset)
        scratch = name == "scratch"
        fill = PAPER if scratch else TINTS[place % (len(TINTS) - 1)]
        sheet.box((left, upper), (right - left, lower - upper), fill, GREY if scratch else INK)
        if lower - upper > 15:
            words = f"{name} {block.size_bytes:,}" + ("" if scratch else " B")
            middle = ((left + right) / 2, (upper + lower) / 2 + 4)
            sheet.text(middle, words, GREY if scratch else INK, anchor="middle", size=11)
    for place, step in enumerate(order.steps):
        across = frame.at(place + 0.5, 0)
        sheet.text(
            (across[0], across[1] + 18), program.node_ids[step], INK, anchor="middle", size=12
        )
    sheet.line(frame.at(0, plan.arena_bytes), frame.at(steps, plan.arena_bytes), RED, 1.6, "6 3")
    told = f"arena {plan.arena_bytes:,} B" + ("" if plan.gap_bytes else ", no plan is smaller")
    sheet.text((686, frame.at(0, plan.arena_bytes)[1] - 7), told, RED, anchor="end", bold=True)
    sheet.text((20, 28), "bytes", GREY, size=12)
    sheet.text(
        (381, 384), "operators in the order in which they run", GREY, anchor="middle", size=12
    )
    return sheet.svg()
