"""How is written what a fused call sends to its operands? By a call of its own rule.

The rule's text stands above the program. A contribution that has another shape or dtype than
what it is sent to is fitted, as the engine does.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from .literals import UnwritableError, name
from .opaque import Rule
from .programs import Instruction
from .undoing import fitted

if TYPE_CHECKING:
    from .spelling import Speller


def contributions(speller: Speller, ins: Instruction, called: str) -> list[str]:
    """Write a `Rule` as lines: by one rule for all operands, or by the one of each."""
    rule: Rule = ins.fn
    loose = {i for i, x in enumerate(ins.outputs) if x is not None and rule.is_loose(i)}
    g, y, kept, *operands = ins.operands
    given = {**rule.options, **ins.options}
    if rule.known.keeps:
        given["kept"] = kept
    shown, inputs = [speller.value(g), speller.value(y)], [speller.value(x) for x in operands]
    if rule.known.together is None:
        sent = _one_by_one(speller, ins, called, shown, inputs, given)
        return [line for i, c in sent.items() for line in _given(speller, ins, i, c, inputs, loose)]
    wanted = speller.value(list(rule.wanted))
    keywords = speller.keywords(rule.known.options_for(-1, given))
    fn = _function(speller, rule.known.together, called)
    whole = ast.Call(fn, [*shown, wanted, *inputs], keywords)
    if not loose:
        return [f"{_targets(speller, ins)} = {ast.unparse(whole)}"]
    sent_name = speller.linker.unique("sent")
    lines = [f"{sent_name} = {ast.unparse(whole)}"]
    for i, x in enumerate(ins.outputs):
        if x is not None:
            c = ast.Subscript(name(sent_name), ast.Constant(i), ast.Load())
            lines += _given(speller, ins, i, c, inputs, loose)
    return lines


def _one_by_one(
    speller: Speller, ins: Instruction, called: str, shown: list, inputs: list, given: dict
) -> dict[int, ast.expr]:
    known = ins.fn.known
    several = sum(rule is not None for rule in known.rules) > 1
    return {
        i: ast.Call(
            _function(speller, known.rules[i], f"{called}_{known.names[i]}" if several else called),
            [*shown, *inputs],
            speller.keywords(known.options_for(i, given)),
        )
        for i, x in enumerate(ins.outputs)
        if x is not None
    }


def _given(
    speller: Speller, ins: Instruction, i: int, c: ast.expr, inputs: list, loose: set[int]
) -> list[str]:
    """Give a contribution its name."""
    if i in loose:
        c = ast.Call(name(speller.linker.function(fitted)), [c, inputs[i]], [])
    return [f"{speller.target(ins.outputs[i])} = {ast.unparse(c)}"]


def _targets(speller: Speller, ins: Instruction) -> str:
    """Write what takes the contributions apart; the last ones may not be wanted."""
    last = max(i for i, x in enumerate(ins.outputs) if x is not None)
    targets = [speller.target(x) for x in ins.outputs[: last + 1]]
    return ", ".join(targets if last == len(ins.outputs) - 1 and last else [*targets, "*_"])


def _function(speller: Speller, rule: Any, called: str) -> ast.expr:
    try:
        return name(speller.linker.function(rule, called))
    except UnwritableError as error:
        return name(speller.take(rule, called, str(error)))
