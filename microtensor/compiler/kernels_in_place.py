"""Which results may be written where something else lay? What an optimizer remembers, as a rule.

A place that is written into in place, such as the row of Adam's moments, is read by one nest and
written by the same: then the new number goes where the old one was. That must come after every
read, and after every question that may stop the program, which else would have changed something.
"""

from __future__ import annotations

from .kernels import Call, Check, Plan
from .nests import Member, Nest
from .programs import Variable


def written_in_place(
    plan: Plan, spans: dict[Variable, tuple[int, int]]
) -> dict[Variable, Variable]:
    """Give, for each result that may be written in place, what lay there before.

    Parameters
    ----------
    plan : Plan
    spans : dict of Variable to (int, int)
        In which node each array is used first, and in which last.
    """
    program = plan.program
    lying = {place.key: v for place, v in program.inputs}
    returned = {r.x for r in program.results}
    after = [i for i, node in enumerate(plan.nodes) if isinstance(node, Call | Check)]
    found: dict[Variable, Variable] = {}
    for place, x in program.writes:
        before = lying.get(place.key)
        if not place.in_place or before is None or not isinstance(x, Variable):
            continue
        if x in returned or plan.ends.get(x) is not x or before in found.values():
            continue
        i = plan.made[x]
        nest, alike = plan.nodes[i], (x.shape, x.dtype) == (before.shape, before.dtype)
        if not isinstance(nest, Nest) or not alike or any(j >= i for j in after):
            continue
        if (before not in spans or spans[before][1] == i) and _reads_first(nest, x, before):
            found[x] = before
    return found


def _reads_first(nest: Nest, x: Variable, before: Variable) -> bool:
    """Tell whether a nest has read an entry of ``before`` whenever it writes that of ``x``."""
    order = list(nest.members.values())
    writer = nest.members[x]
    if writer.level != "entry" or writer.work.reduces:
        return False
    for m in order:
        reads = [layout for layout in m.work.layouts() if layout.root is before]
        same = all(seen.is_whole() and before.size == nest.size for seen in reads)
        if reads and not (same and _is_before(order, m, writer)):
            return False
    return True


def _is_before(order: list[Member], m: Member, writer: Member) -> bool:
    early = m.stage < writer.stage or (
        m.stage == writer.stage and order.index(m) <= order.index(writer)
    )
    return early and m.level == "entry" and m.work.told is None
