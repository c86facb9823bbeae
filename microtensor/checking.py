"""What do differences say of a function? Each of its arrays is held against them in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .backward import gradients
from .calls import plain
from .differences import EPS, SMALLEST, Line
from .errors import ArgumentError
from .fitting import zeros_for
from .graph import Node, ancestors, module_path, no_grad, recording
from .nesting import leaves
from .randomness import generator
from .slopes import Slopes, place_of
from .value import Value
from .verdicts import Comparison, GradientCheck

_BESIDE = 1e-3  # of an array's size: beyond the steps of differences, and still the same place


class Checked:
    """A function of a list of arrays, and what differences say of it."""

    def __init__(
        self,
        name: str,
        run: Callable[[list[Any]], Any],
        names: list[str],
        given: list[Any],
        parameters: Sequence[Any] = (),
    ) -> None:
        self.name, self.call, self.names = name, run, names
        self.given, self.parameters = given, parameters
        self.low = [dtype_of(x) for x in given if dtype_of(x).itemsize < 8]
        self.arrays = given
        self.precisions: list[Any] = []
        self.kinks: list[set[int]] = [set() for _ in given]

    # The function

    def run(self, arrays: list[Any]) -> tuple[list[Any], list[Any]]:
        """Call the function on fresh Values; give them and its outputs."""
        inputs = [
            Value(float(a) if x.__class__ is float else a)
            for a, x in zip(arrays, self.given, strict=True)
        ]
        outputs = leaves(self.call(inputs))
        inputs[: len(self.parameters)] = self.parameters
        return inputs, [y for y in outputs if is_float_array(plain(y))]

    def numbers(self, arrays: list[Any]) -> list[np.ndarray]:
        with no_grad():
            return [np.array(plain(y)) for y in self.run(arrays)[1]]

    def pull(self, arrays: list[Any], weights: list[Any], along: list[Any] | None = None) -> list:
        """Give the gradients of the weighted outputs; or those of their slope along a direction."""
        with recording():
            inputs, outputs = self.run(arrays)
            pairs = [(y, w) for y, w in zip(outputs, weights, strict=True) if _requires(y)]
            roots, seeds = [y for y, _ in pairs], [w for _, w in pairs]
            found = gradients(roots, inputs, seeds, create_graph=along is not None)
            if along is not None:
                slopes = [np.sum(g * d) for g, d in zip(found, along, strict=True) if _requires(g)]
                found = gradients(slopes, inputs) if slopes else [zeros_for(v) for v in inputs]
        return [np.asarray(plain(g)) for g in found]

    # The table

    def compare(
        self, order: int, rng: np.random.Generator, tolerance: float | None
    ) -> GradientCheck:
        """Make the table; the default generator goes on from where it was."""
        chance: Any = generator()
        before = chance.bit_generator.state
        try:
            with np.errstate(all="ignore"):
                return self._table(order, rng, tolerance)
        finally:
            chance.bit_generator.state = before

    def _table(
        self, order: int, rng: np.random.Generator, tolerance: float | None
    ) -> GradientCheck:
        if self.low:
            self._to_float64()
        self.precisions = [np.promote_types(dtype_of(x), np.float16) for x in self.arrays]
        self._refuse_chance()
        weights = [rng.standard_normal(y.shape) for y in self.numbers(self.arrays)]
        if sum(w.size for w in weights) == 1:  # then what is told is the derivative itself
            weights = [np.ones_like(w) for w in weights]
        rows = GradientCheck(self._rows(weights, rng, tolerance))
        if any(row.verdict == "WRONG" for row in rows):
            rows.right_beside = self._is_right_beside(weights, tolerance)
        if order == 2:
            along = [rng.standard_normal(np.shape(x)) for x in self.arrays]
            rows += self._rows(weights, rng, tolerance, along)
        if self.low and self.arrays is not self.given:
            rows += self._rows_of_low_precision(weights, tolerance)
        return rows

    def _rows(
        self, weights: list, rng: np.random.Generator, tolerance: float | None, along: Any = None
    ) -> Iterator[Comparison]:
        exact = self.pull(self.arrays, weights, along)
        for n, name in enumerate(self.names):

            def line(direction: np.ndarray, n: int = n) -> Line:
                def at(distance: float) -> np.ndarray:
                    moved = list(self.arrays)
                    x = np.asarray(moved[n] + distance * direction)
                    moved[n] = x.astype(self.precisions[n])[()]
                    if along is None:
                        found, by = self.numbers(moved), weights
                    else:
                        found, by = self.pull(moved, weights), along
                    terms = [np.ravel(y * w) for y, w in zip(found, by, strict=True)]
                    return np.concatenate([np.zeros(1), *terms])

                return at

            what = name if along is None else f"the gradient, by {name}"
            eps = EPS if along is not None else self._eps
            one = Slopes(what, exact[n], self.arrays[n], line, eps, self.kinks[n], tolerance)
            yield one.compare(rng, find_kinks=along is None)

    def _is_right_beside(self, weights: list, tolerance: float | None) -> bool:
        """Tell whether all gradients are right a little way off: then kinks may meet here.

        At a kink a rule gives one of its operation's slopes. The function may be smooth where
        kinks of many operations cancel, and a sum of slopes that each chose alone is none of it.
        """
        rng, here = np.random.default_rng(0), (self.arrays, self.kinks)
        self.arrays, self.kinks = [], [set() for _ in self.given]
        for x, dtype in zip(here[0], self.precisions, strict=True):
            size = float(np.max(np.abs(x), initial=0)) or 1.0
            noise = _BESIDE * size * rng.uniform(-1, 1, np.shape(x))
            self.arrays.append(np.asarray(x + noise).astype(dtype)[()])
        try:
            return all(row.passed for row in self._rows(weights, rng, tolerance))
        except Exception:  # the function cannot be called there, or is another one: no hint then
            return False
        finally:
            self.arrays, self.kinks = here

    def _rows_of_low_precision(
        self, weights: list, tolerance: float | None
    ) -> Iterator[Comparison]:
        """Compare gradients in float32 with those in float64.

        Relative to the greatest entry of all: where terms of that size cancel, as in the gradient
        of a bias that the loss does not depend on, their rounding is left.
        """
        exact = self.pull(self.arrays, weights)
        own = self.pull(self.given, weights)
        greatest = max((float(np.max(np.abs(x), initial=0)) for x in exact), default=0.0)
        for name, right, found, x in zip(self.names, exact, own, self.given, strict=True):
            dtype = dtype_of(x)
            if dtype.itemsize < 8 and right.size:
                eps = float(np.finfo(dtype).eps)
                most = tolerance or min(1000 * eps, eps**0.5)
                apart = np.abs(right - found) / max(SMALLEST, greatest)
                place = np.unravel_index(np.argmax(apart), apart.shape)
                error = float(apart[place])
                verdict = "ok" if error <= most else "WRONG"
                yield Comparison(
                    f"{name} in {dtype}", error, most, verdict, place_of(place),
                    float(right[place]), float(found[place]),
                )  # fmt: skip

    def _to_float64(self) -> None:
        """Work on float64 copies, unless the function takes none."""
        self.arrays = [
            np.asarray(x, float)[()] if dtype_of(x).itemsize < 8 else x for x in self.given
        ]
        try:
            self.numbers(self.arrays)
        except Exception:  # whatever it is that it has against float64
            self.arrays = self.given

    def _refuse_chance(self) -> None:
        """Differences of chance are no slopes; and note how precise the numbers are."""
        first, second = self.numbers(self.arrays), self.numbers(self.arrays)
        self._eps = max((float(np.finfo(y.dtype).eps) for y in first), default=EPS)
        if len(first) == len(second) and all(
            np.array_equal(a, b, equal_nan=True) for a, b in zip(first, second, strict=True)
        ):
            return
        with recording():
            one, two = (ancestors(*filter(_requires, self.run(self.arrays)[1])) for _ in range(2))
        culprit = next(
            (a for a, b in zip(one, two, strict=False) if a.fn is not None and _differ(a, b)), None
        )
        where = module_path(culprit.scope) if culprit is not None else ""
        raise ArgumentError(
            f"{self.name}: two forward passes on the same numbers disagree"
            + (f", first in {where}." if where else "."),
            expected="the same numbers each time, or differences between them are chance",
            got="a function that draws random numbers, or changes as it is called",
            hint="Use model.eval() for layers such as dropout, or make the generator anew inside.",
        )


def dtype_of(x: Any) -> np.dtype:
    """Give the dtype of an array, a number, or whatever it is."""
    return x.dtype if hasattr(x, "dtype") else np.dtype(type(x))


def is_float_array(x: Any) -> bool:
    """Tell whether something is an array or a number that holds floats."""
    return isinstance(x, np.ndarray | np.generic | float) and dtype_of(x).kind == "f"


def _requires(y: Any) -> bool:
    return isinstance(y, Node) and y._requires_grad


def _differ(a: Node, b: Node) -> bool:
    """Tell whether two runs of one call gave other numbers, or used other constants."""
    pairs = [(a._data, b._data), *zip(a.args, b.args, strict=False)]
    return any(
        not np.array_equal(x, y, equal_nan=is_float_array(x))
        for x, y in pairs
        if not isinstance(x, Node)
    )
