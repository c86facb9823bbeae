"""Transformer encoders: attention and a network of each place, around which the input passes."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..ops import relu
from ..ops.residuals import residual_network
from ..randomness import generator
from .activations import Activation, activate, check_activation
from .attention import MultiheadAttention
from .casting import floats
from .dropping import Dropout
from .hooks import is_plain
from .linear import Linear, positive
from .module import Module
from .normalizing import LayerNorm


class TransformerEncoderLayer(Module):
    """Attention of a sequence to itself, then a network of two linear layers at each place.

    With ``A(x)`` the attention and ``F(x) = linear2(activation(linear1(x)))``, each followed by
    dropout::

        x = norm1(x + A(x))        or, if norm_first,        x = x + A(norm1(x))
        x = norm2(x + F(x))                                  x = x + F(norm2(x))

    Parameters
    ----------
    d_model : int
        E, the width of the input and of the output.
    nhead : int
        The number of heads, which divides it.
    dim_feedforward : int, default 2048
        The width between the linear layers.
    dropout : float, default 0.1
    activation : str or callable, default "relu"
    layer_norm_eps : float, default 1e-5
    batch_first : bool, default False
        Whether shapes are (N, L, E) and not (L, N, E).
    norm_first : bool, default False
    bias : bool, default True
    rng : numpy.random.Generator or int, optional
        For the first weights and for dropout; the process's default if not given.
    dtype : dtype_like, default float32

    Raises
    ------
    ArgumentError
        If nhead does not divide d_model, a size is no positive integer, dropout no probability, or
        the activation unknown.
    ShapeError, DTypeError
        When called, as `MultiheadAttention`.

    References
    ----------
    .. [1] Vaswani et al., *Attention Is All You Need* (2017), section 3.1.
    .. [2] Xiong et al., *On Layer Normalization in the Transformer Architecture* (2020), of
       norm_first.

    Examples
    --------
    >>> layer = TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True, rng=0)
    >>> layer(np.zeros((5, 3, 8)), is_causal=True).shape
    (5, 3, 8)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        check_activation(type(self).__name__, activation)
        own = None if rng is None else generator(rng)
        start = {"rng": generator(own), "dtype": dtype}
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, bias, batch_first=batch_first, **start
        )
        self.self_attn.rng = own
        self.linear1 = Linear(d_model, dim_feedforward, bias, **start)
        self.dropout = Dropout(dropout, rng=own)
        self.linear2 = Linear(dim_feedforward, d_model, bias, **start)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.dropout1 = Dropout(dropout, rng=own)
        self.dropout2 = Dropout(dropout, rng=own)
        self.activation = activation

    def forward(
        self,
        src: Any,
        src_mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool = False,
    ) -> Any:
        """Give the same shape; masks are those of `MultiheadAttention`."""
        x, masks = floats(self, src), (src_mask, src_key_padding_mask, is_causal)
        if self.norm_first:
            x = self._with_attention(x, self.norm1(x), *masks)
            return self._with_network(x, self.norm2(x))
        x = self.norm1(self._with_attention(x, x, *masks))
        return self.norm2(self._with_network(x, x))

    def _with_attention(self, around: Any, x: Any, mask: Any, padding: Any, is_causal: bool) -> Any:
        """Give ``around + A(x)``: in one step, if nobody looks at what is between."""
        given = (x, x, x, padding, False, mask)
        if is_plain(self.self_attn, MultiheadAttention) and _is_idle(self.dropout1):
            return self.self_attn(*given, is_causal=is_causal, around=around)[0]
        return around + self.dropout1(self.self_attn(*given, is_causal=is_causal)[0])

    def _with_network(self, around: Any, x: Any) -> Any:
        """Give ``around + F(x)``: in one step, if nobody looks at what is between."""
        first, second = self.linear1, self.linear2
        if (
            self.activation in ("relu", relu)
            and is_plain(first, Linear)
            and is_plain(second, Linear)
            and _is_idle(self.dropout)
            and _is_idle(self.dropout2)
        ):
            return residual_network(around, x, first.weight, first.bias, second.weight, second.bias)
        hidden = activate(self.activation, first(x))
        return around + self.dropout2(second(self.dropout(hidden)))


def _is_idle(dropout: Any) -> bool:
    """Tell whether what stands in a dropout's place gives what it is given."""
    return is_plain(dropout, Dropout) and not (dropout.training and dropout.p)


class TransformerEncoder(Module):
    """Encoder layers one after the other, all made like one: ``y = norm(layer_n(... layer_1(x)))``.

    From (L, N, E) to the same shape, or (N, L, E) if the layer has batch_first.

    Parameters
    ----------
    encoder_layer : TransformerEncoderLayer
        What the layers start as: copies of it, so that all start with the same weights, as in
        PyTorch. Call `nn.init` or train from there.
    num_layers : int
    norm : Module, optional
        What the output passes at the end, such as `LayerNorm`, which norm_first calls for.

    Attributes
    ----------
    layers : list of TransformerEncoderLayer
    norm : Module or None

    Raises
    ------
    ArgumentError
        If num_layers is no positive integer, or encoder_layer no module.

    References
    ----------
    .. [1] Vaswani et al., *Attention Is All You Need* (2017), section 3.1.

    Examples
    --------
    >>> layer = TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True, rng=0)
    >>> encoder = TransformerEncoder(layer, 2)
    >>> encoder(np.zeros((5, 3, 8))).shape
    (5, 3, 8)
    """

    def __init__(self, encoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        if not isinstance(encoder_layer, Module):
            raise ArgumentError(
                "TransformerEncoder: encoder_layer must be a layer.",
                expected="a TransformerEncoderLayer, or another module that takes its arguments",
                got=f"a {type(encoder_layer).__name__}",
            )
        self.num_layers = positive("TransformerEncoder: num_layers", num_layers)
        # Copies draw from one generator: from copies of it, all would drop the same places.
        generators = {id(g): g for m in encoder_layer.modules() for g in [getattr(m, "rng", None)]}
        self.layers = [copy.deepcopy(encoder_layer, dict(generators)) for _ in range(num_layers)]
        self.norm = norm

    def forward(
        self,
        src: Any,
        mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool | None = None,
    ) -> Any:
        """Give the same shape; masks are those of `MultiheadAttention`, the same in all layers."""
        x = src
        for layer in self.layers:
            x = layer(x, mask, src_key_padding_mask, bool(is_causal))
        return x if self.norm is None else self.norm(x)
