"""Recurrent cells: one step of RNN, LSTM and GRU, for loops of one's own.

Legend: B batch, I inputs, H hidden units.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import gru_step, lstm_step, rnn_step
from ..randomness import generator
from .linear import first_parameter, positive
from .module import Module
from .recurrent import known_nonlinearity
from .sequences import checked_states, one_step


class _Cell(Module):
    """What the three have in common: the weights' names, and the state of zeros."""

    gates = 1  # blocks of H rows in each weight
    _states = 1  # how many arrays a state is made of

    def __init__(self, input_size: int, hidden_size: int, bias: bool, rng: Any, dtype: Any) -> None:
        name = type(self).__name__
        self.input_size = positive(f"{name}: input_size", input_size)
        self.hidden_size = positive(f"{name}: hidden_size", hidden_size)
        self.bias, rng = bias, generator(rng)
        rows, fan_in = self.gates * self.hidden_size, self.hidden_size
        self.weight_ih = first_parameter((rows, self.input_size), fan_in, rng, dtype)
        self.weight_hh = first_parameter((rows, self.hidden_size), fan_in, rng, dtype)
        self.bias_ih = first_parameter((rows,), fan_in, rng, dtype) if bias else None
        self.bias_hh = first_parameter((rows,), fan_in, rng, dtype) if bias else None

    @property
    def _weights(self) -> tuple[Any, Any, Any, Any]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def _given(self, x: Any, hx: Any) -> tuple:
        """Give the input, and the state in its parts."""
        x = one_step(self, x)
        wanted = [(*np.shape(x)[:-1], self.hidden_size)] * self._states
        if hx is None:
            return x, *(np.zeros(shape, self._dtype()) for shape in wanted)
        return x, *checked_states(self, hx, x, wanted)

    def extra_repr(self) -> str:
        other = "" if self.bias else ", bias=False"
        return f"{self.input_size}, {self.hidden_size}{other}"


class RNNCell(_Cell):
    """One step of `RNN`: ``h' = tanh(x W_ihᵀ + b_ih + h W_hhᵀ + b_hh)``.

    Parameters
    ----------
    input_size, hidden_size : int
        I and H.
    bias : bool, default True
    nonlinearity : {"tanh", "relu"}
    rng : numpy.random.Generator or int, optional
        For the first weights; the process's default if not given.
    dtype : dtype_like, default float32

    Attributes
    ----------
    weight_ih, weight_hh : (H, I) and (H, H) Parameter
    bias_ih, bias_hh : (H,) Parameter or None
        All of them start evenly spread within ``1 / sqrt(H)`` of 0.

    Notes
    -----
    ``cell(x, hx=None)`` takes x (B, I) and h (B, H), or without B for one sequence, and gives h'.

    Raises
    ------
    ShapeError
        When called with an input or a state of another shape.
    ArgumentError
        If a size is no positive integer, or there is no such nonlinearity.

    References
    ----------
    .. [1] Elman, *Finding Structure in Time* (1990).

    Examples
    --------
    >>> cell = RNNCell(3, 4, rng=0)
    >>> h = None
    >>> for x in np.ones((5, 2, 3)):
    ...     h = cell(x, h)
    >>> h.shape
    (2, 4)
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", *,
        rng: Any = None, dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        self.nonlinearity = known_nonlinearity("RNNCell", nonlinearity)
        super().__init__(input_size, hidden_size, bias, rng, dtype)

    def forward(self, x: Any, hx: Any = None) -> Any:
        x, h = self._given(x, hx)
        return rnn_step(x, h, *self._weights, nonlinearity=self.nonlinearity)

    def extra_repr(self) -> str:
        other = ", nonlinearity='relu'" if self.nonlinearity == "relu" else ""
        return super().extra_repr() + other


class LSTMCell(_Cell):
    """One step of `LSTM`, whose equations it has.

    The formula is that of `LSTM`; parameters, shapes and raises are those of `RNNCell`, without
    ``nonlinearity``.

    Attributes
    ----------
    weight_ih, weight_hh : (4 H, I) and (4 H, H) Parameter
        The rows of i, f, n, o, one gate below the other.
    bias_ih, bias_hh : (4 H,) Parameter or None

    Notes
    -----
    ``cell(x, (h, c))`` gives ``(h', c')``; both start as zeros if no state is given.

    References
    ----------
    .. [1] Hochreiter, Schmidhuber, *Long Short-Term Memory* (1997).
    .. [2] Gers, Schmidhuber, Cummins, *Learning to Forget* (2000).

    Examples
    --------
    >>> cell = LSTMCell(3, 4, rng=0)
    >>> h, c = cell(np.ones((2, 3)))
    >>> h, c = cell(np.ones((2, 3)), (h, c))
    >>> h.shape, c.shape
    ((2, 4), (2, 4))
    """

    gates, _states = 4, 2

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, *, rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, rng, dtype)

    def forward(self, x: Any, hx: Any = None) -> Any:
        x, h, c = self._given(x, hx)
        return lstm_step(x, h, c, *self._weights)


class GRUCell(_Cell):
    """One step of `GRU`, whose equations it has.

    The formula is that of `GRU`; parameters, shapes, notes and raises are those of `RNNCell`,
    without ``nonlinearity``.

    Attributes
    ----------
    weight_ih, weight_hh : (3 H, I) and (3 H, H) Parameter
        The rows of r, z, n, one gate below the other.
    bias_ih, bias_hh : (3 H,) Parameter or None

    References
    ----------
    .. [1] Cho et al., *Learning Phrase Representations using RNN Encoder-Decoder for Statistical
       Machine Translation* (2014).

    Examples
    --------
    >>> cell = GRUCell(3, 4, rng=0)
    >>> cell(np.ones(3)).shape                                      # one sequence
    (4,)
    """

    gates = 3

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, *, rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, rng, dtype)

    def forward(self, x: Any, hx: Any = None) -> Any:
        x, h = self._given(x, hx)
        return gru_step(x, h, *self._weights)
