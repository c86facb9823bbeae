"""Adam, and AdamW: steps measured by the gradient's own size.

A small model's arrays are so short that calling NumPy costs more than counting. The small
parameters of one dtype are therefore laid end to end and moved as one row of numbers. Each number
is computed as it would be alone, so the result is the same; large parameters are rows of their own.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..graph import Node
from .optimizer import Optimizer, State, subtract

_SMALL = 2**15  # entries; beyond it, copying into a row costs more than a call


class Adam(Optimizer):
    """Steps along the gradient's mean over the root of its mean square.

    With gradient ``g``, parameter ``p``, ``t`` steps taken, weight decay ``λ``::

        g = g + λ p
        m = β1 m + (1 - β1) g                     m̂ = m / (1 - β1^t)
        v = β2 v + (1 - β2) g²                    v̂ = v / (1 - β2^t)
        p = p - lr m̂ / (sqrt(v̂) + eps)

    Parameters
    ----------
    parameters : iterable of Parameter
    lr : float, default 0.001
    betas : (float, float), default (0.9, 0.999)
        How slowly the mean and the mean square change.
    eps : float, default 1e-8
        Against division by zero.
    weight_decay : float, default 0
        Added to the gradient here; `AdamW` keeps it out of the means.

    Raises
    ------
    ParameterError
        If there is nothing to train, or something that cannot be.
    ArgumentError
        If a number is negative, or a beta not below 1.

    References
    ----------
    .. [1] Kingma, Ba, *Adam: A Method for Stochastic Optimization* (2015), algorithm 1.

    Examples
    --------
    >>> from microtensor import nn
    >>> p = nn.Parameter([1.0])
    >>> optimizer = Adam([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()                        # the first step is lr long, whatever the gradient
    >>> p.data.round(6)
    array([0.9])
    """

    kept = ("step", "exp_avg", "exp_avg_sq")
    _decays_apart = False

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
            raise ArgumentError(
                f"{type(self).__name__}: betas must be two numbers from 0 to below 1.",
                expected="such as (0.9, 0.999)",
                got=repr(betas),
            )
        self.betas = betas
        self.eps = self._not_negative("eps", eps)
        self.weight_decay = self._not_negative("weight_decay", weight_decay)
        self._resting: State = super().state  # of the parameters that are in no row
        self._rows: list[_Row] = []
        self._in_rows: list[int] = []

    def step(self) -> None:
        moving = self._moving()
        places = [place for place, _, _ in moving]
        if places != self._in_rows:
            self._lay_out(places)
        gradients = {place: g for place, _, g in moving}
        for row in self._rows:
            self._move(row, row.join([gradients[place] for place in row.places]))

    def _move(self, row: _Row, g: Any) -> None:
        lr, eps, decay = float(self.lr), float(self.eps), float(self.weight_decay)
        beta1, beta2 = map(float, self.betas)
        row.step += 1
        m, v = row.exp_avg, row.exp_avg_sq
        if decay and not self._decays_apart:
            g = g + decay * row.join([p._data for p in row.parameters])
        m *= beta1
        m += (1 - beta1) * g
        scratch = g * g
        scratch *= 1 - beta2
        v *= beta2
        v += scratch
        np.sqrt(v, out=scratch)
        scratch /= math.sqrt(1 - beta2**row.step)
        scratch += eps
        change = np.divide(m, scratch, out=scratch)  # m / (sqrt(v̂) + eps)
        change *= lr / (1 - beta1**row.step)
        if decay and self._decays_apart:
            change += lr * decay * row.join([p._data for p in row.parameters])
        for p, part in zip(row.parameters, row.split(change), strict=True):
            subtract(p, part)

    def _lay_out(self, places: list[int]) -> None:
        """Make rows of the parameters that move now: one for small ones that are of a kind."""
        state = self.state
        rows: dict[Any, list[int]] = {}
        for place in places:
            p = self.parameters[place]._data
            alone = np.size(p) > _SMALL
            kind = place if alone else (np.asarray(p).dtype, int(state[place].get("step", 0)))
            rows.setdefault(kind, []).append(place)
        self._rows = [_Row(row, self.parameters, state) for row in rows.values()]
        self._in_rows = places
        self._resting = state

    @property
    def state(self) -> State:
        found = list(self._resting)
        for row in self._rows:
            means = zip(row.split(row.exp_avg), row.split(row.exp_avg_sq), strict=True)
            for place, (m, v) in zip(row.places, means, strict=True):
                found[place] = {"step": row.step, "exp_avg": m.copy(), "exp_avg_sq": v.copy()}
        return found

    def _restore(self, state: State) -> None:
        self._resting, self._rows, self._in_rows = state, [], []


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameters by itself, apart from the gradient.

    As `Adam`, without ``g = g + λ p`` and with::

        p = p - lr (m̂ / (sqrt(v̂) + eps) + λ p)

    Parameters
    ----------
    parameters : iterable of Parameter
    lr : float, default 0.001
    betas : (float, float), default (0.9, 0.999)
    eps : float, default 1e-8
    weight_decay : float, default 0.01

    Raises
    ------
    ParameterError, ArgumentError
        As `Adam`.

    References
    ----------
    .. [1] Loshchilov, Hutter, *Decoupled Weight Decay Regularization* (2019), algorithm 2.

    Examples
    --------
    >>> from microtensor import nn
    >>> p = nn.Parameter([1.0])
    >>> optimizer = AdamW([p], lr=0.1, weight_decay=0.5)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.data.round(6)
    array([0.85])
    """

    _decays_apart = True

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)


class _Row:
    """Parameters laid end to end, with their moments and the number of steps they took."""

    def __init__(self, places: list[int], parameters: list[Node], state: State) -> None:
        self.places = places
        self.parameters = [parameters[place] for place in places]
        self.shapes = [np.shape(p._data) for p in self.parameters]
        ends = np.cumsum([0, *(np.size(p._data) for p in self.parameters)]).tolist()
        self.spans = [slice(a, b) for a, b in itertools.pairwise(ends)]
        self.step = int(state[places[0]].get("step", 0))
        zeros = [np.zeros_like(p._data) for p in self.parameters]
        first = [state[i].get("exp_avg", z) for i, z in zip(places, zeros, strict=True)]
        second = [state[i].get("exp_avg_sq", z) for i, z in zip(places, zeros, strict=True)]
        self.exp_avg = np.concatenate(first, axis=None, dtype=zeros[0].dtype)
        self.exp_avg_sq = np.concatenate(second, axis=None, dtype=zeros[0].dtype)

    def join(self, arrays: list[Any]) -> np.ndarray:
        """Lay one array per parameter end to end."""
        if len(arrays) == 1:
            return np.reshape(arrays[0], -1)
        return np.concatenate(arrays, axis=None)

    def split(self, row: np.ndarray) -> list[Any]:
        """Cut a row into one array per parameter, in its shape."""
        return [
            row[span].reshape(shape) for span, shape in zip(self.spans, self.shapes, strict=True)
        ]
