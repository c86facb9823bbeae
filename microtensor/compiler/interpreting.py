"""What does a program compute? Instruction by instruction: what others are held against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..nesting import like
from .programs import Program, Variable


def interpreter(program: Program) -> Callable:
    """Give a function of the inputs' arrays that gives (results, what is written).

    It gives None if a guard does not hold.
    """

    guards = dict(program.guards)

    def compute(*arrays: Any) -> tuple[list[Any], list[Any]] | None:
        env: dict[Variable, Any] = dict(program.constants)
        env.update(zip((v for _, v in program.inputs), arrays, strict=True))
        if any(bool(env[x]) is not answer for x, answer in program.guards if x in env):
            return None

        def value(x: Any) -> Any:
            if isinstance(x, tuple | list):
                return like(x, [value(inner) for inner in x])
            return env[x] if isinstance(x, Variable) else x

        def fresh(x: Any) -> Any:
            given = value(x)
            return given.copy() if x in program.constants else given

        for ins in program.instructions:
            options = {k: value(x) for k, x in ins.options.items()}
            found = ins.compute(*map(value, ins.operands), **options)
            outputs = (found,) if len(ins.outputs) == 1 and not ins.is_rule else found
            for variable, x in zip(ins.outputs, outputs, strict=True):
                if variable is not None:
                    env[variable] = float(x) if variable.is_weak else x
                    # At once: what follows may fail if the answer is another.
                    if variable in guards and bool(x) is not guards[variable]:
                        return None
        return [fresh(r.x) for r in program.results], [value(x) for _, x in program.writes]

    return compute
