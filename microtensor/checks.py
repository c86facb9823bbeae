"""Is a derivative right? It is compared with what independent methods find.

Gradients are held against differences of the function itself, in a random direction (the
dot-product test: one comparison that every entry takes part in) and entry by entry, so that a
failure names its place. Second derivatives are held against differences of the gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .calls import plain
from .derivatives import vjp
from .errors import ArgumentError, GradientCheckError
from .graph import no_grad
from .nesting import leaves, models, paths, rebuild

EPS = float(np.finfo(np.float64).eps)
STEP = EPS ** (1 / 3)  # balances what a difference leaves out, step², with rounding, eps / step
TOLERANCE = 100 * EPS ** (2 / 3)  # a hundred times the error at that step
SMALLEST = 1e-6  # differences are relative to numbers of at least this size: below is rounding
ENTRIES = 20  # so many entries of an argument are looked at one by one

Direction = list[np.ndarray]  # one array per leaf of an argument


class Comparison(NamedTuple):
    """One row of a check: what was compared, and how far apart the two were.

    ``expected`` is what differences of the function give, ``got`` what its rules give, ``where``
    the two were furthest apart.
    """

    what: str
    error: float
    tolerance: float
    where: str
    expected: float
    got: float

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
        for row in self:  # the first one: what is wrong in a gradient is wrong in its own too
            if not row.passed:
                raise GradientCheckError(
                    f"check_gradients: the gradient of {row.what} is wrong {row.where}.",
                    expected=f"{row.expected:.10g}, by differences of the function",
                    got=f"{row.got:.10g}, by its rules",
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
        Of the arguments; gives an array, a number, or any nesting of them, always the same.
    *args
        Where to check, in float64; nested structures are fine. Arguments that hold no floats
        are passed on as they are.
    order : {1, 2}, default 1
        2 checks the gradients' own gradients too.
    rng : int or Generator, default 0
        Where the random directions come from.
    tolerance : float, optional
        The greatest relative error; ``100 * eps ** (2/3)``, 3.7e-9, if not given.

    Returns
    -------
    GradientCheck
        A table, one row per argument and order; true.

    Raises
    ------
    GradientCheckError
        If a derivative is wrong; the message has the numbers, the place and the table.
    ArgumentError
        If no argument holds floats, one holds other floats than float64, or is a model.

    Notes
    -----
    Choose places where the function is smooth: at a kink, such as relu's at 0, a difference is
    the mean of the slopes on both sides, which no convention has to agree with. Errors below
    about 4e-15 are not told from rounding.

    References
    ----------
    .. [1] Nocedal, Wright, *Numerical Optimization* (2006), section 8.1.
    .. [2] Richardson, *The Approximate Arithmetical Solution by Finite Differences* (1911).

    Examples
    --------
    >>> check_gradients(np.tanh, np.array([0.3, -2.0]), order=2).passed
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
    tolerance = TOLERANCE if tolerance is None else tolerance
    chosen = [i for i, a in enumerate(args) if _has_floats(a, f"argument {i}")]
    if not chosen:
        raise ArgumentError(
            "check_gradients: there is nothing to differentiate by.",
            expected="an argument that holds floats",
            got=", ".join(type(a).__name__ for a in args) or "no arguments",
        )
    given = [rebuild(args[i], map(plain, leaves(args[i]))) for i in chosen]

    def of_chosen(*new: Any) -> list[Any]:
        full = list(args)
        for i, a in zip(chosen, new, strict=True):
            full[i] = a
        return leaves(f(*full))

    rows = GradientCheck()
    weights = [rng.standard_normal(np.shape(y)) for y in _numbers(of_chosen, given)]
    for n, position in enumerate(chosen):
        rows.append(_compare(of_chosen, given, n, weights, rng, f"argument {position}", tolerance))
    if order == 2:
        direction = [rng.standard_normal(np.shape(x)) for x in leaves(given)]

        def gradient(*new: Any) -> list[Any]:
            _, pull = vjp(of_chosen, *new)
            found = leaves(pull(list(weights)))
            return [np.sum(g * d) for g, d in zip(found, direction, strict=True)]

        ones = [np.ones(()) for _ in direction]
        for n, position in enumerate(chosen):
            what = f"the gradient, by argument {position}"
            rows.append(_compare(gradient, given, n, ones, rng, what, tolerance))
    return rows


def _compare(
    f: Callable, args: list, n: int, weights: list, rng: Any, what: str, tolerance: float
) -> Comparison:
    """Compare the derivatives by one argument, and give the one that is furthest off."""
    with np.errstate(all="ignore"):
        _, pull = vjp(f, *args)
        exact = [np.asarray(plain(g)) for g in leaves(pull(list(weights))[n])]
        rows = []
        for where, size, direction in _directions(args[n], rng):
            got = float(sum(np.sum(e * d) for e, d in zip(exact, direction, strict=True)))
            expected, doubt, outputs = _rate(f, args, n, weights, direction)
            terms = sum(float(np.sum(np.abs(e * d))) for e, d in zip(exact, direction, strict=True))
            scale = np.max([SMALLEST, abs(expected), terms, outputs])
            error = float(np.maximum(abs(got - expected) - doubt, 0) / scale)  # nan stays nan
            rows.append(Comparison(what, error, tolerance, where, expected / size, got / size))
    wrong = [row for row in rows if not row.passed]
    entries = [row for row in wrong if row.where.startswith("at")]  # they name their place
    return max(entries or wrong or rows, key=lambda row: (np.isnan(row.error), row.error))


def _directions(x: Any, rng: np.random.Generator) -> list[tuple[str, float, Direction]]:
    """Give ways to move an argument: a random one, and entries; each with its name and size."""
    arrays = [np.asarray(leaf, dtype=float) for leaf in leaves(x)]
    # A step of a large number must be large, or it is lost in rounding.
    sizes = [np.maximum(1.0, np.abs(a)) for a in arrays]
    random = [rng.standard_normal(a.shape) * s for a, s in zip(arrays, sizes, strict=True)]
    found = [("along a random direction", 1.0, random)]
    entries = [(i, index) for i, a in enumerate(arrays) for index in np.ndindex(a.shape)]
    for i, index in entries[:: max(1, len(entries) // ENTRIES)]:
        unit = [np.zeros(a.shape) for a in arrays]
        unit[i][index] = sizes[i][index]
        place = paths(x)[i] + (f"[{', '.join(map(str, index))}]" if index else "")
        found.append((f"at {place}" if place else "at its number", float(sizes[i][index]), unit))
    return found


def _rate(
    f: Callable, args: list, n: int, weights: list, direction: Direction
) -> tuple[float, float, float]:
    """Differentiate the weighted outputs along a direction.

    Returns
    -------
    rate, doubt, outputs : float
        How fast they change, how far steps of several sizes disagree on it, and how large the
        outputs are, to which rounding is proportional.
    """

    def at(step: float) -> list[np.ndarray]:
        moved = list(args)
        pairs = zip(leaves(args[n]), direction, strict=True)
        moved[n] = rebuild(args[n], iter([(x + step * d)[()] for x, d in pairs]))
        return [w * np.asarray(y) for w, y in zip(weights, _numbers(f, moved), strict=True)]

    def difference(step: float) -> float:
        pairs = zip(at(step), at(-step), strict=True)
        return float(sum(np.sum(high - low) for high, low in pairs)) / (2 * step)

    one, two, four = difference(STEP), difference(2 * STEP), difference(4 * STEP)
    doubt = 10 * (np.max([one, two, four]) - np.min([one, two, four]))
    outputs = sum(float(np.sum(np.abs(y))) for y in at(0.0))
    return (4 * one - two) / 3, float(doubt), outputs  # Richardson: the terms of step² cancel


def _numbers(f: Callable, args: Sequence) -> list[Any]:
    with no_grad():
        return [plain(y) for y in leaves(f(*args))]


def _has_floats(argument: Any, name: str) -> bool:
    """Tell whether an argument holds floats; refuse those that differences show nothing of."""
    if found := models(argument):
        raise ArgumentError(
            f"check_gradients: {name} holds a model.",
            expected="arrays, in any nesting",
            got=type(found[0]).__name__,
            hint="Make its parameters the arguments of a function that computes the same.",
        )
    numbers = [plain(x) for x in leaves(argument)]
    dtypes = [x.dtype if hasattr(x, "dtype") else np.dtype(type(x)) for x in numbers]
    if not any(dtype.kind == "f" for dtype in dtypes):
        return False
    for x, dtype in zip(numbers, dtypes, strict=True):
        if dtype != np.float64 and type(x) is not int:
            raise ArgumentError(
                f"check_gradients: {name} must hold float64 and nothing else.",
                expected="float64, since differences of fewer digits show nothing",
                got=f"{dtype}",
                hint="Convert it with .astype(float).",
            )
    return True
