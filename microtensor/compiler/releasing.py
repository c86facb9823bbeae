"""When may memory be let go of? As soon as nobody reads it, and guards have said that all is well.

What a step replaces, such as a gradient, lies there until no guard can stop the step any more. So
guards are asked first. And a rule that is called whole is not given an output that it does not
look at, which it would keep alive for nothing.
"""

from __future__ import annotations

import dis
from collections.abc import Callable
from types import CodeType
from typing import Any

from .opaque import Rule
from .passes import draws
from .programs import Instruction, Program, Variable


def guards_first(program: Program) -> Program:
    """Move what guards ask to the front, unless it draws at random, whose order counts."""
    made = {x: ins for ins in program.instructions for x in ins.outputs if x is not None}
    early: set[Instruction] = set()
    for x, _ in program.guards:
        needed = _needed(x, made)
        if not any(map(draws, needed)):
            early |= needed
    late = [ins for ins in program.instructions if ins not in early]
    return program.with_instructions([*filter(early.__contains__, program.instructions), *late])


def _needed(x: Variable, made: dict[Variable, Instruction]) -> set[Instruction]:
    """Collect the instructions that a variable is computed by."""
    found: set[Instruction] = set()
    stack = [x]
    while stack:
        ins = made.get(stack.pop())
        if ins is not None and ins not in found:
            found.add(ins)
            stack.extend(ins.reads())
    return found


def unread_left_out(program: Program) -> Program:
    """Give rules None in place of an output that they do not read."""
    return program.with_instructions([_without_output(ins) for ins in program.instructions])


def _without_output(ins: Instruction) -> Instruction:
    if not isinstance(ins.fn, Rule) or _reads_output(ins.fn):
        return ins
    g, _, *others = ins.operands
    return Instruction(ins.fn, (g, None, *others), ins.options, ins.outputs, ins.phase, ins.module)


def _reads_output(rule: Rule) -> bool:
    known = rule.known
    if known.together is not None:
        return reads(known.together, 1)
    wanted = zip(known.rules, rule.wanted, strict=True)
    return any(reads(one, 1) for one, is_wanted in wanted if is_wanted and one is not None)


def reads(fn: Callable, place: int) -> bool:
    """Tell whether a function reads the parameter at some place, as far as its code is there.

    Examples
    --------
    >>> reads(lambda g, y: g, 1), reads(lambda g, y: [y for _ in g], 1), reads(max, 1)
    (False, True, True)
    """
    code = getattr(fn, "__code__", None)
    if not isinstance(code, CodeType) or code.co_argcount <= place:
        return True
    return _names(code, code.co_varnames[place])


def _names(code: CodeType, name: str) -> bool:
    """Tell whether an instruction names a variable, one of an inner function's included."""
    if any(isinstance(inner, CodeType) and name in inner.co_freevars for inner in code.co_consts):
        return True
    return any(
        _is_named(name, x.argval) for x in dis.get_instructions(code) if x.opname != "RESUME"
    )


def _is_named(name: str, argument: Any) -> bool:
    return argument == name or (isinstance(argument, tuple) and name in argument)
