"""Is one array's gradient right? Along a random direction, and entry by entry."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .differences import EPS, SMALLEST, STEP, TOLERANCE, Line, Rate, noise_of, rate_of
from .verdicts import Comparison

ENTRIES = 20  # so many entries of an array are looked at one by one
NOISY = 64  # times eps: from this relative noise on, steps are longer than STEP


class Slopes:
    """One array's gradient, and the line of the function along any direction of the array."""

    def __init__(
        self, what: str, exact: np.ndarray, x: np.ndarray, line: Callable[[np.ndarray], Line],
        eps: float, kinks: set[int], tolerance: float | None,
    ) -> None:  # fmt: skip
        self.what, self.exact, self.line, self.kinks = what, exact, line, kinks
        # A step of a large number must be large, or it is lost in rounding.
        self.sizes = np.maximum(1.0, np.abs(np.asarray(x, float)))
        self.eps, self.noise, self.step = eps, 0.0, STEP
        self.tolerance = tolerance or TOLERANCE
        self.is_given = tolerance is not None

    def compare(self, rng: np.random.Generator, find_kinks: bool) -> Comparison:
        random = rng.standard_normal(self.sizes.shape) * self.sizes
        keep = np.ones(self.sizes.size, bool)
        keep[list(self.kinks)] = False
        random = random * keep.reshape(random.shape)
        self._measure_noise(random)
        if find_kinks and self._rate(random).kind != "smooth":
            self.kinks.update(self._kinks_in(random, np.flatnonzero(keep)))
            keep[list(self.kinks)] = False
            random = random * keep.reshape(random.shape)
        sample = np.flatnonzero(keep)[:: max(1, int(np.sum(keep)) // ENTRIES)].tolist()
        if find_kinks:
            sample += sorted(self.kinks)[:ENTRIES]
        rows = [self._along_entry(i) for i in sample]
        if keep.any():
            overall = self._row(random, "along a random direction")
            if not overall.passed and all(row.passed for row in rows):
                rows.append(self._along_entry(self._culprit(random, np.flatnonzero(keep))))
            rows.append(overall)
        if not rows:
            verdict = "kink" if self.kinks else "ok"
            return Comparison(self.what, 0.0, self.tolerance, verdict, "", 0.0, 0.0)
        wrong = [row for row in rows if not row.passed]
        entries = [row for row in wrong if row.where.startswith("at")]  # they name their place
        worst = max(entries or wrong or rows, key=lambda row: (row.error != row.error, row.error))
        if worst.verdict == "ok" and any(row.verdict == "kink" for row in rows):
            return next(row for row in rows if row.verdict == "kink")
        return worst

    def _measure_noise(self, random: np.ndarray) -> None:
        """Choose the step for the precision that the function has."""
        line = self.line(random)
        self.noise = noise_of(line, self.eps)
        size = max(SMALLEST, float(np.sum(np.abs(line(0.0)))), self._terms(random))
        relative = self.noise / size
        if relative > NOISY * EPS:
            self.step = min(0.02, relative ** (1 / 3))
            if not self.is_given:
                self.tolerance = min(0.1, max(TOLERANCE, 100 * relative ** (2 / 3)))

    def _terms(self, direction: np.ndarray) -> float:
        terms = float(np.sum(np.abs(self.exact * direction)))
        return terms if np.isfinite(terms) else 0.0

    def _rate(self, direction: np.ndarray) -> Rate:
        terms = self._terms(direction)
        return rate_of(self.line(direction), self.noise, terms, self.tolerance, self.step)

    def _row(self, direction: np.ndarray, where: str, size: float = 1.0) -> Comparison:
        rate = self._rate(direction)
        got = float(np.sum(self.exact * direction))
        expected = rate.nearest(got) if rate.kind == "kink" else (rate.below + rate.above) / 2
        apart, scale = abs(got - expected), max(SMALLEST, abs(expected), self._terms(direction))
        # Relative to what differences can tell: more than what rounding may have added to them.
        error, verdict = apart / (scale + rate.doubt / self.tolerance), "ok"
        if not error <= self.tolerance:  # nan is not
            error, verdict = apart / scale, "WRONG"
        if rate.kind == "unclear" or (rate.kind == "kink" and verdict == "ok"):
            verdict = rate.kind
        return Comparison(
            self.what, error, self.tolerance, verdict, where, expected / size, got / size
        )

    def _along_entry(self, i: int) -> Comparison:
        direction, size = self._entry(i)
        return self._row(direction, place_of(np.unravel_index(i, self.sizes.shape)), size)

    def _entry(self, i: int) -> tuple[np.ndarray, float]:
        direction, size = np.zeros(self.sizes.size), float(self.sizes.flat[i])
        direction[i] = size
        return direction.reshape(self.sizes.shape), size

    def _kinks_in(self, random: np.ndarray, entries: np.ndarray) -> list[int]:
        """Find the entries that no smooth line leads along, by halving."""
        found, stack = [], [entries]
        while stack:
            part = stack.pop()
            if self._rate(_only(random, part)).kind == "smooth":
                continue
            if len(part) == 1:
                if self._rate(self._entry(int(part[0]))[0]).kind == "kink":
                    found.append(int(part[0]))
                continue
            stack += [half for half in np.array_split(part, 2) if len(half)]
        return found

    def _culprit(self, random: np.ndarray, entries: np.ndarray) -> int:
        """Find the entry that makes a random direction wrong, by halving."""
        while len(entries) > 1:
            halves = np.array_split(entries, 2)
            errors = [self._row(_only(random, half), "").error for half in halves]
            entries = halves[int(not errors[0] >= errors[1])]
        return int(entries[0])


def _only(direction: np.ndarray, entries: np.ndarray) -> np.ndarray:
    kept = np.zeros(direction.size)
    kept[entries] = direction.ravel()[entries]
    return kept.reshape(direction.shape)


def place_of(index: tuple) -> str:
    """Name an entry, for a message."""
    return f"at [{', '.join(map(str, index))}]" if index else "at its number"
