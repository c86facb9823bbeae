"""L-BFGS: steps of Newton's method, with a curvature guessed from the last few steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..graph import Node, assign, recording, refuse_while_traced
from .line_search import Point, strong_wolfe
from .optimizer import Optimizer, State
from .options import COUNT, NOT_NEGATIVE, Check, Group, Option, check

SEARCH = Check(
    "must name a line search", "None or 'strong_wolfe'", lambda x: x in (None, "strong_wolfe")
)
_COUNTS = ("func_evals", "n_iter")
_NUMBERS = ("t", "H_diag", "prev_loss")
_VECTORS = ("d", "prev_flat_grad")
_HISTORIES = ("old_dirs", "old_stps", "ro")
_ALL = (*_COUNTS, *_NUMBERS, *_VECTORS, *_HISTORIES)


class LBFGS(Optimizer):
    """Steps along the gradient times an inverse Hessian that the last steps tell of.

    With ``p`` all parameters as one vector, ``g`` its gradient, ``s`` and ``y`` how both changed
    in each of the last ``history_size`` steps, ``ρ = 1 / yᵀs``::

        q = -g
        from the newest pair to the oldest:     α = ρ sᵀq          q = q - α y
        d = q · sᵀy / yᵀy                       (of the newest pair)
        from the oldest pair to the newest:     β = ρ yᵀd          d = d + (α - β) s
        p = p + t d

    ``t`` is lr, in the very first step ``min(1, 1 / Σ|g|) · lr``; a line search begins with it and
    looks for a better one. A pair is kept if ``yᵀs > 1e-10``.

    One call of `step` goes at most ``max_iter`` times round, and ends as soon as the gradient's
    largest entry is at most ``tolerance_grad``, or the step's largest entry or the change of the
    loss at most ``tolerance_change``. Parameters without a gradient have one of 0.

    Parameters
    ----------
    parameters : iterable of Parameter
        One group.
    lr : float, default 1
    max_iter : int, default 20
    max_eval : int, optional
        How often a call of `step` may call the closure, which a line search may exceed by one;
        ``max_iter * 5 // 4`` if not given.
    tolerance_grad : float, default 1e-7
    tolerance_change : float, default 1e-9
    history_size : int, default 100
    line_search_fn : {None, "strong_wolfe"}
        None trusts lr; the search needs more calls of the closure, and then hardly ever fails. A
        loss that is no finite number counts as too large.

    Raises
    ------
    ParameterError
        If there is nothing to train, or something that cannot be.
    ArgumentError
        If an option is out of its range, if there are several groups, or if `step` is given no
        closure.

    References
    ----------
    .. [1] Nocedal, Wright, *Numerical Optimization* (2006), algorithms 7.4 and 7.5.

    Examples
    --------
    >>> import numpy as np
    >>> from microtensor import nn
    >>> p = nn.Parameter([-1.2, 1.0])
    >>> optimizer = LBFGS([p], line_search_fn="strong_wolfe", max_iter=50)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2     # Rosenbrock's valley
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure).item()           # the loss before
    24.199999999999996
    >>> p.data.round(4)
    array([1., 1.])
    """

    max_iter = Option(COUNT)
    max_eval = Option(COUNT)
    tolerance_grad = Option(NOT_NEGATIVE)
    tolerance_change = Option(NOT_NEGATIVE)
    history_size = Option(COUNT)
    line_search_fn = Option(SEARCH)

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        super().__init__(
            parameters,
            lr,
            max_iter=max_iter,
            max_eval=_most(max_iter) if max_eval is None else max_eval,
            tolerance_grad=tolerance_grad,
            tolerance_change=tolerance_change,
            history_size=history_size,
            line_search_fn=line_search_fn,
        )

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        if self.param_groups:
            raise ArgumentError(
                "LBFGS: it moves all parameters as one vector.",
                expected="one group of parameters",
                got="a second one",
            )
        super().add_param_group(group)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Go towards a minimum.

        Parameters
        ----------
        closure : callable
            Forgets the gradients, computes the loss and its gradients, and gives the loss.

        Returns
        -------
        What the closure gave the first time
        """
        if closure is None:
            raise ArgumentError(
                "LBFGS.step: it computes the loss several times, and needs to be told how.",
                expected="a function that calls zero_grad() and backward(), and gives the loss",
                got="none",
                hint="optimizer.step(closure)",
            )
        refuse_while_traced(
            "LBFGS.step",
            "How often it computes the loss depends on numbers. Compile the closure instead.",
        )
        (group,) = self.param_groups
        given = _call(closure)
        loss, g = float(given), self._gradient(group)
        memory = self.state.setdefault(group["params"][0], dict.fromkeys(_COUNTS, 0))
        memory["func_evals"] += 1
        if _largest(g) > group["tolerance_grad"]:
            self._iterate(group, closure, memory, loss, g)
        return given

    def _iterate(
        self, group: Group, closure: Callable[[], Any], memory: dict, loss: float, g: Any
    ) -> None:
        evaluations = 1
        for n in range(1, group["max_iter"] + 1):
            d = _direction(memory, g, group["history_size"])
            first = memory["n_iter"] == 0
            t = float(group["lr"]) * (min(1.0, 1.0 / float(np.sum(np.abs(g)))) if first else 1.0)
            slope, loss_before = float(g @ d), loss
            memory["n_iter"] += 1
            memory.update(d=d, t=t, prev_flat_grad=g, prev_loss=loss)
            if slope > -group["tolerance_change"]:
                return
            if group["line_search_fn"]:
                start, most = Point(0.0, _or_infinite(loss), g, slope), group["max_eval"]
                found, tried = self._search(closure, group, d, start, t, most - evaluations)
                t, loss, g = found.t, found.f, found.g
                self._go(group["params"], t, d)
            else:
                self._go(group["params"], t, d)
                tried = int(n < group["max_iter"])  # the last place is evaluated by the next step
                if tried:
                    loss, g = float(_call(closure)), self._gradient(group)
            memory["t"] = t
            evaluations += tried
            memory["func_evals"] += tried
            if (
                evaluations >= group["max_eval"]
                or _largest(g) <= group["tolerance_grad"]
                or abs(t) * _largest(d) <= group["tolerance_change"]
                or abs(loss - loss_before) < group["tolerance_change"]
            ):
                return

    def _search(
        self, closure: Callable[[], Any], group: Group, d: Any, start: Point, t: float, most: int
    ) -> tuple[Point, int]:
        """Search along a direction; the parameters are as before after it."""
        parameters = group["params"]
        before = [p._data for p in parameters]

        def at(t: float) -> Point:
            self._go(parameters, t, d)
            try:
                loss, g = float(_call(closure)), self._gradient(group)
            finally:
                for p, x in zip(parameters, before, strict=True):
                    assign(p, x)
            return Point(t, _or_infinite(loss), g, float(g @ d))

        return strong_wolfe(at, start, t, _largest(d), most)

    def _go(self, parameters: list[Node], t: float, d: np.ndarray) -> None:
        place = 0
        for p in parameters:
            end = place + np.size(p._data)
            assign(p, p._data + t * d[place:end].reshape(np.shape(p._data)))
            place = end

    def _gradient(self, group: Group) -> np.ndarray:
        """Lay all gradients end to end; 0 where there is none."""
        found = dict(self._moving(group))
        if not found:
            self._refuse_to_stand()
        return np.concatenate(
            [found.get(p, np.zeros_like(p._data)) for p in group["params"]], axis=None
        )

    def _read_state(self, given: dict[str, np.ndarray]) -> tuple[State, list[str]]:
        taken = {name: given.pop(key) for name in _ALL if (key := f"state.0.{name}") in given}
        if not taken:
            return {}, []
        size = sum(np.size(p._data) for p in self.parameters)
        pairs = len(taken.get("ro", ()))
        several = (pairs, size) if pairs else (0,)
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys((*_COUNTS, *_NUMBERS), ())
        shapes |= {"d": (size,), "prev_flat_grad": (size,)}
        shapes |= {"old_dirs": several, "old_stps": several, "ro": (pairs,)}
        begun = set(taken) > set(_COUNTS)
        misfits = [n for n in (_ALL if begun else _COUNTS) if n not in taken]
        fits = {n: x.shape == shapes[n] and x.dtype.kind in "iuf" for n, x in taken.items()}
        misfits += [n for n, fit in fits.items() if not fit]
        found: dict[str, Any] = {n: taken[n] for n in _VECTORS if n in taken}
        found |= {n: list(taken[n]) for n in _HISTORIES if n in taken}
        if not misfits:
            found |= {n: taken[n].item() for n in (*_COUNTS, *_NUMBERS) if n in taken}
        return {self.parameters[0]: found}, [f"state.0.{name}" for name in misfits]


def _direction(memory: dict[str, Any], g: np.ndarray, history_size: int) -> np.ndarray:
    """Take the last step into the history, and give the equations' ``d``."""
    if "d" not in memory:
        memory.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
        return -g
    ys, ss, rhos = memory["old_dirs"], memory["old_stps"], memory["ro"]  # PyTorch's names
    y, s = g - memory["prev_flat_grad"], memory["d"] * memory["t"]
    curvature = float(y @ s)
    if curvature > 1e-10:
        for past, x in ((ys, y), (ss, s), (rhos, 1.0 / curvature)):
            past.append(x)
            del past[:-history_size]
        memory["H_diag"] = curvature / float(y @ y)
    d = -g
    alphas = []
    for y, s, rho in zip(reversed(ys), reversed(ss), reversed(rhos), strict=True):
        alphas.append(rho * float(s @ d))
        d -= alphas[-1] * y
    d *= memory["H_diag"]
    for y, s, rho, alpha in zip(ys, ss, rhos, reversed(alphas), strict=True):
        d += (alpha - rho * float(y @ d)) * s
    return d


def _most(max_iter: int) -> int:
    return max(check("LBFGS", "max_iter", COUNT, max_iter) * 5 // 4, 1)


def _call(closure: Callable[[], Any]) -> Any:
    with recording():
        return closure()


def _largest(x: np.ndarray) -> float:
    return float(np.max(np.abs(x), initial=0.0))


def _or_infinite(loss: float) -> float:
    return loss if math.isfinite(loss) else math.inf
