"""Is a derivative right? It is compared with what independent methods find.

Gradients are held against differences of the function itself, in a random direction first (the
dot-product test: one comparison that every entry takes part in), then entry by entry, so that a
failure names its place. Second derivatives are held against differences of the gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .derivatives import _leaves, _rebuild, vjp
from .errors import ArgumentError, GradientCheckError
from .graph import no_grad

EPS = float(np.finfo(np.float64).eps)


class Comparison(NamedTuple):
    """One row of a check: what was compared, and how far apart the two were."""

    what: str
    error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        return self.error <= self.tolerance  # nan fails


class GradientCheck(list[Comparison]):
    """The rows of a check; true if all passed, and printed as a table."""

    @property
    def passed(self) -> bool:
        return all(row.passed for row in self)

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        width = max(len(row.what) for row in self)
        lines = [f"{'gradient of':<{width}}  relative error  tolerance  verdict"]
        for row in self:
            verdict = "ok" if row.passed else "WRONG"
            lines.append(f"{row.what:<{width}}  {row.error:14.1e}  {row.tolerance:9.1e}  {verdict}")
        return "\n".join(lines)

    def raise_if_wrong(self) -> GradientCheck:
        """Raise GradientCheckError, with the table, unless all passed; else give itself."""
        if not self.passed:
            worst = max(
                (r for r in self if not r.passed), key=lambda r: (r.error != r.error, r.error)
            )
            raise GradientCheckError(
                f"check_gradients: the gradient of {worst.what} is wrong.",
                expected=f"a relative error of at most {worst.tolerance:.1e}",
                got=f"{worst.error:.1e}",
                hint=repr(self),
            )
        return self


def check_gradients(
    f: Callable, *args: Any, order: int = 1, rng: Any = 0, tolerance: float | None = None
) -> GradientCheck:
    """Compare the gradients of a function with central differences.

    Parameters
    ----------
    f : callable
        Of the arguments; gives an array, a number, or any nesting of them.
    *args
        Where to check, in float64; nested structures are fine. Arguments that hold no floats
        are passed on as they are.
    order : {1, 2}, default 1
        2 checks the gradients' own gradients too.
    rng : int or numpy.random.Generator, default 0
        For the random directions.
    tolerance : float, optional
        The relative error allowed. By default it follows from rounding: central differences with
        the best step have a relative error of about ``eps ** (2/3)``, and 100 times that is
        allowed; for second derivatives, of gradients that are exact to rounding, the same.

    Returns
    -------
    GradientCheck
        One row per argument and order. It is true if all passed.

    Raises
    ------
    GradientCheckError
        If any comparison fails; the message has the table.
    ArgumentError
        If no argument holds float64.

    References
    ----------
    .. [1] Nocedal, Wright, *Numerical Optimization* (2006), section 8.1.

    Examples
    --------
    >>> bool(check_gradients(np.tanh, np.array([0.3, -2.0]), order=2))
    True
    """
    result = compare_gradients(f, *args, order=order, rng=rng, tolerance=tolerance)
    return result.raise_if_wrong()


def compare_gradients(
    f: Callable, *args: Any, order: int = 1, rng: Any = 0, tolerance: float | None = None
) -> GradientCheck:
    """Do as `check_gradients`, and give the table whether or not all passed."""
    if order not in (1, 2):
        raise ArgumentError("check_gradients: order must be 1 or 2.", got=f"{order}")
    rng = np.random.default_rng(rng)
    chosen = [i for i, a in enumerate(args) if _all_float64(a)]
    if not chosen:
        raise ArgumentError(
            "check_gradients: there is nothing to differentiate by.",
            expected="an argument of floats (float64: differences in float32 show nothing)",
            got=", ".join(type(a).__name__ for a in args) or "no arguments",
        )
    tolerance = 100 * EPS ** (2 / 3) if tolerance is None else tolerance
    given = [args[i] for i in chosen]

    def of_chosen(*new: Any) -> Any:
        full = list(args)
        for i, a in zip(chosen, new, strict=True):
            full[i] = a
        return _leaves(f(*full))

    rows = GradientCheck()
    weights = [rng.standard_normal(np.shape(_number(y))) for y in _numbers(of_chosen, given)]
    for n, position in enumerate(chosen):
        rows.append(_compare(of_chosen, given, n, weights, rng, f"argument {position}", tolerance))
    if order == 2:
        direction = [rng.standard_normal(np.shape(x)) for x in _leaves(given)]

        def gradient(*new: Any) -> Any:
            _, pull = vjp(of_chosen, *new)
            return [
                (g * d).sum() for g, d in zip(_leaves(pull(list(weights))), direction, strict=True)
            ]

        ones = [np.ones(()) for _ in direction]
        for n, position in enumerate(chosen):
            what = f"the gradient, by argument {position}"
            rows.append(_compare(gradient, given, n, ones, rng, what, tolerance))
    return rows


def _compare(
    f: Callable, args: list, n: int, weights: list, rng: Any, what: str, tolerance: float
) -> Comparison:
    """Compare the derivative by one argument, in a direction and then entry by entry."""
    with np.errstate(all="ignore"):
        _, pull = vjp(f, *args)
        exact = [np.asarray(_number(g)) for g in _leaves(pull(list(weights))[n])]
        leaves = [np.asarray(x, dtype=float) for x in _leaves(args[n])]

        def along(direction: list[np.ndarray]) -> tuple[float, float]:
            """Differentiate the weighted output in a direction: the number, and its scale."""

            def at(step: float) -> list[np.ndarray]:
                moved = [x + step * d for x, d in zip(leaves, direction, strict=True)]
                shifted = list(args)
                shifted[n] = _rebuild(args[n], iter([m[()] for m in moved]))
                return [np.asarray(y) for y in _numbers(f, shifted)]

            step = EPS ** (1 / 3)
            high, low = at(step), at(-step)
            terms = [w * (a - b) / (2 * step) for w, a, b in zip(weights, high, low, strict=True)]
            size = sum(float(np.sum(np.abs(w * a))) for w, a in zip(weights, high, strict=True))
            return float(sum(np.sum(t) for t in terms)), size

        def error(direction: list[np.ndarray]) -> float:
            numeric, size = along(direction)
            analytic = float(sum(np.sum(e * d) for e, d in zip(exact, direction, strict=True)))
            terms = sum(float(np.sum(np.abs(e * d))) for e, d in zip(exact, direction, strict=True))
            return abs(analytic - numeric) / max(1.0, terms, abs(numeric), size)

        directions = [[rng.standard_normal(x.shape) for x in leaves]]
        entries = [(i, j) for i, x in enumerate(leaves) for j in range(x.size)]
        for i, j in entries[:: max(1, len(entries) // 20)]:  # at most some twenty of them
            unit = [np.zeros(x.shape) for x in leaves]
            unit[i].reshape(-1)[j] = 1.0
            directions.append(unit)
        errors = [error(d) for d in directions]
    worst = float(np.max(errors)) if not np.isnan(errors).any() else float("nan")
    return Comparison(what, worst, tolerance)


def _numbers(f: Callable, args: Sequence) -> list[Any]:
    with no_grad():
        return [_number(y) for y in _leaves(f(*args))]


def _number(y: Any) -> Any:
    return getattr(y, "data", y) if not isinstance(y, np.ndarray) else y


def _all_float64(tree: Any) -> bool:
    leaves = _leaves(tree)
    return bool(leaves) and all(
        isinstance(x, float) or getattr(x, "dtype", None) == np.float64 for x in leaves
    )
