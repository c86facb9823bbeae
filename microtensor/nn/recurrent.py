"""Recurrent layers: RNN, LSTM and GRU, over whole sequences, in several layers and both directions.

Legend: T time, B batch, I inputs, H hidden units, P projected ones, L layers, D directions.
"""

from __future__ import annotations

import operator
import warnings
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..ops import gru_states, lstm_states, projected_lstm_states, rnn_states
from ..ops.dropping import dropout as dropped
from ..ops.rnn import FUNCTIONS
from ..randomness import generator
from .linear import first_parameter, positive
from .module import Module
from .sequences import first_states, mask_of, sequences


class _Recurrent(Module):
    """What the three have in common: the weights' names, the layers, the directions, the ends."""

    gates = 1  # blocks of H rows in each weight
    proj_size = 0  # the width of what is put out, if not H

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int, bias: bool, batch_first: bool,
        dropout: float, bidirectional: bool, rng: Any, dtype: Any,
    ) -> None:  # fmt: skip
        name = type(self).__name__
        self.input_size = positive(f"{name}: input_size", input_size)
        self.hidden_size = positive(f"{name}: hidden_size", hidden_size)
        self.num_layers = positive(f"{name}: num_layers", num_layers)
        self.bias, self.batch_first, self.bidirectional = bias, batch_first, bidirectional
        self.dropout = _probability(name, dropout, self.num_layers)
        given, rng = rng, generator(rng)
        self.rng = None if given is None or not dropout else rng
        width, rows, fed_back = self.input_size, self.gates * self.hidden_size, self._widths()[0]
        for layer in range(self.num_layers):
            for end in self._ends(layer):
                shapes: dict[str, tuple[int, ...]]
                shapes = {"weight_ih": (rows, width), "weight_hh": (rows, fed_back)}
                if bias:
                    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                if self.proj_size:
                    shapes["weight_hr"] = (self.proj_size, self.hidden_size)
                for kind, shape in shapes.items():
                    parameter = first_parameter(shape, self.hidden_size, rng, dtype)
                    setattr(self, kind + end, parameter)
            width = fed_back * (1 + self.bidirectional)

    def _widths(self) -> tuple[int, ...]:
        """Give the width of each array that a state is made of."""
        return (self.hidden_size,)

    def _ends(self, layer: int) -> list[str]:
        """Give the ends of the parameters' names, one per direction."""
        return [f"_l{layer}", f"_l{layer}_reverse"][: 1 + bool(self.bidirectional)]

    def forward(self, x: Any, hx: Any = None, *, lengths: Any = None) -> Any:
        x = sequences(self, x)
        alone = np.ndim(x) == 2
        if alone:
            x = np.expand_dims(x, 1)  # a batch of one, whichever axis it would be
        elif self.batch_first:
            x = np.swapaxes(x, 0, 1)
        mask = mask_of(self, lengths, x, alone)
        starts = first_states(self, hx, self._widths(), x, alone)
        ends: list[tuple] = []
        for layer in range(self.num_layers):
            if layer and self.dropout and self.training:
                x = dropped(x, self.dropout, generator(self.rng), 0)
            outputs = []
            for end in self._ends(layer):
                start = [s[len(ends)] for s in starts]
                output, *last = self._run(x, start, end, mask)
                outputs.append(output)
                ends.append(tuple(last))
            x = outputs[0] if len(outputs) == 1 else np.concatenate(outputs, axis=-1)
        states = tuple(
            parts[0] if len(parts) == 1 else np.concatenate(parts)
            for parts in zip(*ends, strict=True)
        )
        if alone:
            x, states = x[:, 0], tuple(s[:, 0] for s in states)
        elif self.batch_first:
            x = np.swapaxes(x, 0, 1)
        return x, states if len(states) > 1 else states[0]

    def _run(self, x: Any, start: list[Any], end: str, mask: Any) -> tuple:
        """Give the outputs of one layer and direction, and its last state, in (1, B, H) parts."""
        kinds = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
        kinds += ["weight_hr"] if self.proj_size else []
        weights = [getattr(self, kind + end, None) for kind in kinds]
        backwards = end.endswith("_reverse")
        if backwards:  # what is behind the end of a sequence comes first, and leaves its start
            x = np.flip(x, 0)
        steps = np.flip(mask, 0) if backwards and mask is not None else mask
        output, *last = self._through(x, start, weights, steps)
        if backwards:
            output = np.flip(output, 0)
        if mask is not None:
            output = np.where(mask[..., None], output, 0)
        return output, *last

    def _through(self, x: Any, start: list[Any], weights: list[Any], mask: Any) -> tuple:
        """Give all outputs and the last state of the recurrence of this class."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        options = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False,
                   "dropout": 0.0, "bidirectional": False}  # fmt: skip
        others = [
            f"{name}={getattr(self, name)!r}"
            for name, usual in options.items()
            if getattr(self, name) != usual
        ]
        return ", ".join([str(self.input_size), str(self.hidden_size), *others])


class RNN(_Recurrent):
    """A recurrent network: ``h_t = tanh(x_t W_ihᵀ + b_ih + h_{t-1} W_hhᵀ + b_hh)``.

    Parameters
    ----------
    input_size, hidden_size : int
        I and H: the lengths of the last axis of the input and of the state.
    num_layers : int, default 1
        L; each layer is given what the one below it gave.
    nonlinearity : {"tanh", "relu"}
    bias : bool, default True
    batch_first : bool, default False
        Whether input and output are (B, T, ...). States are (L * D, B, H) in any case.
    dropout : float, default 0
        The probability with which an entry is dropped between two layers, while training.
    bidirectional : bool, default False
        Whether a second recurrence goes through the sequence from its end; D is 2 then, else 1.
    rng : numpy.random.Generator or int, optional
        For the first weights, and for dropout; the process's default if not given.
    dtype : dtype_like, default float32

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0 : (H, I) and (H, H) Parameter
        Further layers have ``_l1`` and so on, and (H, D * H) for what is below them; the second
        direction has ``_l0_reverse``.
    bias_ih_l0, bias_hh_l0 : (H,) Parameter
        All of them start evenly spread within ``1 / sqrt(H)`` of 0.

    Notes
    -----
    ``net(x, hx=None, lengths=None)`` takes

    x : (T, B, I), or (T, I) for one sequence.

    hx : (L * D, B, H), or (L * D, H): the states before the first step; zeros if not given.

    lengths : (B,) integers from 1 to T, for sequences that end earlier. Outputs after an end are
    zeros, the last state is that at the end, and the second direction begins there: what comes
    out, and every gradient, is that of each sequence alone (PyTorch's packed sequences).

    and gives ``output, h_n``: the last layer's states (T, B, D * H), and every layer's last
    state (L * D, B, H). A single sequence has no axis B.

    Raises
    ------
    ShapeError
        When called with an input of another width or rank, states of another shape, or lengths
        that are not one for each sequence.
    ArgumentError
        If a size is no positive integer, or an option has another value than those above.

    References
    ----------
    .. [1] Elman, *Finding Structure in Time* (1990).
    .. [2] Schuster, Paliwal, *Bidirectional Recurrent Neural Networks* (1997).

    Examples
    --------
    >>> net = RNN(3, 4, num_layers=2, rng=0)
    >>> output, h_n = net(np.ones((5, 2, 3)), lengths=[5, 3])
    >>> output.shape, h_n.shape
    ((5, 2, 4), (2, 2, 4))
    >>> bool(np.all(output.data[2, 1] == h_n.data[-1, 1])), output.data[3:, 1].any()
    (True, np.False_)
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh",
        bias: bool = True, batch_first: bool = False, dropout: float = 0.0,
        bidirectional: bool = False, *, rng: Any = None, dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        self.nonlinearity = known_nonlinearity("RNN", nonlinearity)
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, rng,
            dtype,
        )  # fmt: skip

    def _through(self, x: Any, start: list[Any], weights: list[Any], mask: Any) -> tuple:
        y = rnn_states(x, *start, *weights, nonlinearity=self.nonlinearity, mask=mask)
        return y[1:], y[-1:]

    def extra_repr(self) -> str:
        other = ", nonlinearity='relu'" if self.nonlinearity == "relu" else ""
        return super().extra_repr() + other


class LSTM(_Recurrent):
    """Long short-term memory: a cell that gates let in, keep and let out.

    With σ the sigmoid, * entry by entry, and each ``a`` the sum ``x_t W_ihᵀ + b_ih + h_{t-1} W_hhᵀ
    + b_hh`` of the rows of its gate::

        i = σ(a_i)    f = σ(a_f)    n = tanh(a_n)    o = σ(a_o)
        c_t = f * c_{t-1} + i * n
        h_t = o * tanh(c_t)

    Parameters, shapes, notes and raises are those of `RNN`, without ``nonlinearity``; and

    Parameters
    ----------
    proj_size : int, default 0
        P, less than H: ``h_t = W_hr (o * tanh(c_t))``, so that P mixtures of what H cells let out
        are put out and fed back, and the weights of all gates have fewer columns. 0 projects
        nothing; P is H below then.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0 : (4 H, I) and (4 H, P) Parameter
        The rows of i, f, n, o, one gate below the other; further layers have (4 H, D * P) for what
        is below them.
    bias_ih_l0, bias_hh_l0 : (4 H,) Parameter
    weight_hr_l0 : (P, H) Parameter, if proj_size is given
        All of them start evenly spread within ``1 / sqrt(H)`` of 0.

    Notes
    -----
    A state is a pair: ``net(x, (h_0, c_0))`` gives ``output, (h_n, c_n)``, where the output is
    (T, B, D * P), hidden states are (L * D, B, P), and cells (L * D, B, H).

    References
    ----------
    .. [1] Hochreiter, Schmidhuber, *Long Short-Term Memory* (1997).
    .. [2] Gers, Schmidhuber, Cummins, *Learning to Forget* (2000).
    .. [3] Sak, Senior, Beaufays, *Long Short-Term Memory Recurrent Neural Network Architectures
       for Large Scale Acoustic Modeling* (2014): the projection.

    Examples
    --------
    >>> net = LSTM(3, 4, bidirectional=True, batch_first=True, rng=0)
    >>> output, (h_n, c_n) = net(np.ones((2, 5, 3)))
    >>> output.shape, h_n.shape, c_n.shape
    ((2, 5, 8), (2, 2, 4), (2, 2, 4))
    >>> net = LSTM(3, 4, proj_size=2, rng=0)
    >>> output, (h_n, c_n) = net(np.ones((5, 2, 3)))
    >>> output.shape, h_n.shape, c_n.shape
    ((5, 2, 2), (1, 2, 2), (1, 2, 4))
    """

    gates = 4

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False,
        proj_size: int = 0, *, rng: Any = None, dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        self.proj_size = _projection("LSTM", proj_size, hidden_size)
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, rng,
            dtype,
        )  # fmt: skip

    def _through(self, x: Any, start: list[Any], weights: list[Any], mask: Any) -> tuple:
        if not self.proj_size:
            y = lstm_states(x, *start, *weights, mask=mask)
            return y[0, 1:], y[0, -1:], y[1, -1:]
        y = projected_lstm_states(x, *start, *weights, mask=mask)
        h, c = y[..., : self.proj_size], y[..., self.proj_size :]
        return h[1:], h[-1:], c[-1:]

    def _widths(self) -> tuple[int, ...]:
        return self.proj_size or self.hidden_size, self.hidden_size


class GRU(_Recurrent):
    """The gated recurrent unit: a state of which a gate keeps a part.

    With σ the sigmoid, * entry by entry, ``a = x_t W_ihᵀ + b_ih`` and ``q = h_{t-1} W_hhᵀ + b_hh``,
    each in the rows of its gate::

        r = σ(a_r + q_r)    z = σ(a_z + q_z)    n = tanh(a_n + r * q_n)
        h_t = (1 - z) * n + z * h_{t-1}

    Parameters, shapes, notes and raises are those of `RNN`, without ``nonlinearity``.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0 : (3 H, I) and (3 H, H) Parameter
        The rows of r, z, n, one gate below the other.
    bias_ih_l0, bias_hh_l0 : (3 H,) Parameter
        All of them start evenly spread within ``1 / sqrt(H)`` of 0.

    References
    ----------
    .. [1] Cho et al., *Learning Phrase Representations using RNN Encoder-Decoder for Statistical
       Machine Translation* (2014); with ``r`` behind the product, as in PyTorch.

    Examples
    --------
    >>> net = GRU(3, 4, rng=0)
    >>> output, h_n = net(np.ones((5, 3)), np.zeros((1, 4)))       # one sequence
    >>> output.shape, h_n.shape
    ((5, 4), (1, 4))
    """

    gates = 3

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, *,
        rng: Any = None, dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, rng,
            dtype,
        )  # fmt: skip

    def _through(self, x: Any, start: list[Any], weights: list[Any], mask: Any) -> tuple:
        y = gru_states(x, *start, *weights, mask=mask)
        return y[1:], y[-1:]


def known_nonlinearity(name: str, nonlinearity: Any) -> str:
    """Give the name of a function back, or say which there are."""
    if nonlinearity not in FUNCTIONS:
        raise ArgumentError(
            f"{name}: unknown nonlinearity.",
            expected="nonlinearity='tanh' or nonlinearity='relu'",
            got=repr(nonlinearity),
        )
    return nonlinearity


def _projection(name: str, size: Any, hidden_size: Any) -> int:
    """Give the width of a projection as an int, or say which there may be."""
    hidden_size = positive(f"{name}: hidden_size", hidden_size)
    try:
        width = operator.index(size)
    except TypeError:
        width = -1
    if not 0 <= width < hidden_size:
        raise ArgumentError(
            f"{name}: proj_size is the width that the hidden state is projected to.",
            expected="an integer of 0 (no projection) or more, and less than "
            f"hidden_size={hidden_size}",
            got=f"proj_size={size!r}",
        )
    return width


def _probability(name: str, dropout: Any, layers: int) -> float:
    if isinstance(dropout, bool) or not 0 <= dropout <= 1:
        raise ArgumentError(
            f"{name}: dropout is the probability of dropping an entry.",
            expected="a number from 0 to 1",
            got=repr(dropout),
        )
    if dropout and layers == 1:
        warnings.warn(
            f"{name}: dropout={dropout} drops nothing, since it stands between layers and there "
            "is one. Put an nn.Dropout behind it to drop entries of its output.",
            stacklevel=4,
        )
    return dropout
