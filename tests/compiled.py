"""Does a compiled function do what the function does? Both run side by side, on twins.

A maker gives a fresh `Training`: a step, and what it changes. One twin runs the step, the other
the compiled step, on the same data; results and all that was changed must agree after each call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

import microtensor as mt
from microtensor.errors import MicrotensorError

BACKENDS = ("interpreter", "numpy")
# Sums that are taken in another order differ by rounding, which ten steps carry on.
CLOSE = {np.dtype(np.float64): 1e-12, np.dtype(np.float32): 1e-6}


class Training(NamedTuple):
    """A step, and the function that tells all that it changes, as a dict of arrays."""

    step: Callable[..., Any]
    state: Callable[[], dict[str, Any]] = dict


def state_of(*holders: Any) -> Callable[[], dict[str, Any]]:
    """Give what tells the states of models, optimizers, schedules and generators, and gradients."""

    def state() -> dict[str, Any]:
        found: dict[str, Any] = {}
        for i, x in enumerate(holders):
            if isinstance(x, np.random.Generator):
                found[f"{i}.generator"] = str(x.bit_generator.state)
            elif isinstance(x, mt.Value):
                found[f"{i}.data"], found[f"{i}.grad"] = x.numpy(), plain(x.grad)
            else:
                found |= {f"{i}.{name}": array for name, array in x.state_dict().items()}
            if hasattr(x, "named_parameters"):
                found |= {f"{i}.{n}.grad": plain(p.grad) for n, p in x.named_parameters()}
        return found

    return state


def plain(x: Any) -> Any:
    return x.numpy() if isinstance(x, mt.Value) else np.array(x) if x is not None else None


def leaves(x: Any) -> list[tuple[str, Any]]:
    """List what is in a nesting, with where it is and whether a Value is there."""
    if isinstance(x, dict):
        return [(f"[{k!r}]{path}", leaf) for k, inner in x.items() for path, leaf in leaves(inner)]
    if isinstance(x, list | tuple):
        kind = "" if type(x) is list else type(x).__name__
        pairs = [(i, pair) for i, inner in enumerate(x) for pair in leaves(inner)]
        return [(f"{kind}[{i}]{path}", leaf) for i, (path, leaf) in pairs]
    return [("", x)]


def differences(found: Any, expected: Any, exact: bool = False) -> list[str]:
    """Say where results or states are not the same: kinds, shapes, dtypes, numbers.

    Numbers are the same if their bits are, or, unless ``exact``, if they are as close as rounding
    leaves them, measured by the largest of the array.
    """
    ours, theirs = leaves(found), leaves(expected)
    if [path for path, _ in ours] != [path for path, _ in theirs]:
        errors = [x["error"] for x in (found, expected) if isinstance(x, dict) and "error" in x]
        if errors:
            return [f"one gave the error {errors[0]}"]
        return [f"{[path for path, _ in ours]} instead of {[path for path, _ in theirs]}"]
    complaints = []
    for (path, x), (_, y) in zip(ours, theirs, strict=True):
        if isinstance(x, mt.Value) is not isinstance(y, mt.Value):
            complaints.append(f"{path} is a {type(x).__name__} instead of a {type(y).__name__}")
        elif isinstance(x, mt.Value) and x.requires_grad is not y.requires_grad:
            complaints.append(f"{path} has requires_grad={x.requires_grad}")
        elif isinstance(x, str) or x is None or y is None:
            if x is not y and x != y:
                complaints.append(f"{path} is {x!r} instead of {y!r}")
        else:
            complaints += [f"{path} {wrong}" for wrong in _unlike(plain(x), plain(y), exact)]
    return complaints


def _unlike(x: Any, y: Any, exact: bool) -> list[str]:
    if x.shape != y.shape or x.dtype != y.dtype:
        return [f"is {x.dtype}{x.shape} instead of {y.dtype}{y.shape}"]
    if np.array_equal(x, y, equal_nan=x.dtype.kind == "f"):
        return []
    tolerance = 0 if exact else CLOSE.get(y.dtype, 0)
    scale = np.max(np.abs(y), initial=0.0, where=np.isfinite(y)) if y.dtype.kind == "f" else 1
    if np.allclose(x, y, rtol=tolerance, atol=tolerance * scale, equal_nan=True):
        return []
    return [f"is off by {np.max(np.abs(np.subtract(x, y, dtype=float)))}"]


def first_difference(
    make: Callable[[], Training],
    calls: Iterable[tuple],
    *,
    backends: Iterable[str] = BACKENDS,
    exact: bool = False,
) -> str:
    """Run the step of a twin for each backend, and tell the first difference; nothing if none is.

    Each call is a tuple of arguments, or a function that makes one, where they must not be shared.
    """
    eager = make()
    twins = {backend: make() for backend in backends}
    steps = {backend: mt.compile(twin.step, backend=backend) for backend, twin in twins.items()}
    for i, given in enumerate(calls):
        expected = outcome(eager.step, eager.state, given, i)
        for backend, twin in twins.items():
            wrong = differences(outcome(steps[backend], twin.state, given, i), expected, exact)
            if wrong:
                return f"{backend}, call {i}: {'; '.join(wrong)}"
    return ""


def outcome(step: Callable, state: Callable, given: Any, seed: int) -> dict[str, Any]:
    """Call a step, and give all that comes of it: results or the error, states, and draws."""
    mt.seed(seed)
    arguments = given() if callable(given) else given
    try:
        found = step(*arguments)
    except MicrotensorError as error:
        return {"error": f"{type(error).__name__}: {error}"}
    values = [x for _, x in leaves(arguments) if isinstance(x, mt.Value)]
    return {
        "result": found,
        "state": state(),
        "gradients of the arguments": [plain(x.grad) for x in values],
        "generator": str(mt.randomness.get_state()),
    }


def programs_of(step: Any) -> int:
    """Count the programs that a compiled function has made."""
    return len(step.programs)
