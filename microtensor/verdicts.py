"""What did a check find? A table: one row per gradient, how far off it is, and the verdict."""

from __future__ import annotations

from typing import NamedTuple

from .errors import GradientCheckError

_WIDEST = 34  # characters of a name: a row has room for 80
_RIGHT_BESIDE = """
Beside this place, with a little noise on all arrays, every gradient is right, and
so the rules may be: where kinks of several operations meet, such as ties in max
pooling, each rule gives a slope of its own, and together they need not give one
of the whole. Check at x + noise."""


class Comparison(NamedTuple):
    """One row of a check: what was compared, and how far apart the two were.

    ``expected`` is what differences of the function give, ``got`` what its rules give, ``where``
    the two were furthest apart. The verdict is "ok", "kink" (the function has two slopes there,
    and the rules give one of them or one between), "unclear" (differences find no slope), or
    "WRONG".
    """

    what: str
    error: float
    tolerance: float
    verdict: str
    where: str
    expected: float
    got: float

    @property
    def passed(self) -> bool:
        return self.verdict in ("ok", "kink")


class GradientCheck(list[Comparison]):
    """The rows of a check; true if all passed, and printed as a table."""

    right_beside = False  # whether what is WRONG here is right at a place nearby

    @property
    def passed(self) -> bool:
        return all(row.passed for row in self)

    @property
    def worst(self) -> Comparison | None:
        """The row that is furthest off, for its tolerance; one that failed, if any did."""
        return max(
            self,
            key=lambda row: (not row.passed, row.error != row.error, row.error / row.tolerance),
            default=None,
        )

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        width = min(_WIDEST, max((len(row.what) for row in self), default=0))
        width = max(width, len("gradient of"))
        lines = [f"{'gradient of':<{width}}  relative error  tolerance  verdict  worst"]
        for row in self:
            lines.append(
                f"{_cut(row.what, width):<{width}}  {row.error:14.1e}  {row.tolerance:9.1e}  "
                f"{row.verdict:<7}  {_cut(_short(row.where), 80 - width - 38)}".rstrip()
            )
        if (worst := self.worst) is not None:
            numbers = f"{worst.got:.6g} by rules, {worst.expected:.6g} by differences"
            lines.append(_cut(f"worst: {worst.what} {worst.where}", 80))
            lines.append(f"       {numbers}")
        return "\n".join(lines)

    def raise_if_wrong(self, name: str = "check_gradients") -> GradientCheck:
        """Raise GradientCheckError, with the table, unless all passed; else give itself."""
        for row in self:  # the first one: what is wrong in a gradient is wrong in its own too
            if row.verdict == "unclear":
                raise GradientCheckError(
                    f"{name}: the gradient of {row.what} cannot be checked {row.where}.",
                    expected="a function that is smooth there, or has a kink",
                    got="differences that do not settle: it jumps, is infinitely steep, or noisy",
                    hint=f"Check at another place.\n{self!r}",
                )
            if not row.passed:
                raise GradientCheckError(
                    f"{name}: the gradient of {row.what} is wrong {row.where}.",
                    expected=f"{row.expected:.10g}, by differences of the function",
                    got=f"{row.got:.10g}, by its rules",
                    hint=repr(self) + (_RIGHT_BESIDE if self.right_beside else ""),
                )
        return self


def _short(where: str) -> str:
    return where.removeprefix("at ") if where.startswith("at ") else "all" if where else ""


def _cut(words: str, width: int) -> str:
    """Shorten from the left, where paths say the least."""
    return words if len(words) <= width else f"…{words[len(words) - width + 1 :]}"
