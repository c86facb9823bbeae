"""Multi-head attention: several attentions side by side, each with projections of its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..ops import linear
from ..ops.attending import attend, attend_to_itself, cut, join, weights
from ..ops.attention import additive, causal_mask, dropped, safe
from ..ops.residuals import residual_linear
from ..randomness import generator
from . import init
from .casting import floats
from .hooks import is_plain
from .linear import Linear, positive
from .module import Module
from .places import here
from .state import Parameter


class MultiheadAttention(Module):
    """Attention in several heads, between linear projections of what goes in and comes out.

    ``y = concat(head_1 ... head_H) W_outᵀ + b_out``, where head i is
    `mt.scaled_dot_product_attention` of ``query W_q,iᵀ``, ``key W_k,iᵀ`` and ``value W_v,iᵀ``, with
    their biases.

    Parameters
    ----------
    embed_dim : int
        E, the width of queries and of the output.
    num_heads : int
        H, which divides it.
    dropout : float, default 0
        The probability of dropping a weight, in training.
    bias : bool, default True
    add_bias_kv : bool, default False
        Whether a learned key and value stand behind those given.
    add_zero_attn : bool, default False
        Whether a key and a value of zeros do.
    kdim, vdim : int, optional
        The widths of keys and values, if they are not E.
    batch_first : bool, default False
        Whether shapes are (N, L, E) and not (L, N, E).
    rng : numpy.random.Generator or int, optional
        For the first weights and for dropout; the process's default if not given.
    dtype : dtype_like, default float32

    Attributes
    ----------
    in_proj_weight : (3 E, E) Parameter, or None
        The projections of queries, keys and values, in this order, head by head; None where kdim
        or vdim is not E, and then they are q_proj_weight, k_proj_weight and v_proj_weight.
    in_proj_bias : (3 E,) Parameter, or None
        Starts as 0. Weights start as Glorot's.
    bias_k, bias_v : (1, 1, E) Parameter, or None
        What add_bias_kv adds.
    out_proj : Linear
        Its bias starts as 0.

    Raises
    ------
    ArgumentError
        If num_heads does not divide embed_dim, or a size is no positive integer.
    ShapeError
        When called, if shapes do not fit.
    DTypeError
        When called, if a mask is neither of bools nor of floats.

    References
    ----------
    .. [1] Vaswani et al., *Attention Is All You Need* (2017), section 3.2.2.

    Examples
    --------
    >>> attention = MultiheadAttention(8, 2, batch_first=True, rng=0)
    >>> x = np.zeros((5, 3, 8))
    >>> y, weights = attention(x, x, x)
    >>> y.shape, weights.shape
    ((5, 3, 8), (5, 3, 3))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        where = type(self).__name__
        self.embed_dim = e = positive(f"{where}: embed_dim", embed_dim)
        self.num_heads = positive(f"{where}: num_heads", num_heads)
        self.kdim = e if kdim is None else positive(f"{where}: kdim", kdim)
        self.vdim = e if vdim is None else positive(f"{where}: vdim", vdim)
        if e % self.num_heads:
            raise ArgumentError(
                f"{where}: num_heads must divide embed_dim, for heads of one width.",
                expected=f"a divisor of {e}",
                got=f"num_heads={self.num_heads}",
            )
        dropped(where, None, dropout, (), np.empty(0, dtype), 0)  # is it a probability?
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn
        self.rng = None if rng is None else generator(rng)
        draw = generator(self.rng)
        self.in_proj_weight = None
        if self.kdim == self.vdim == e:
            self.in_proj_weight = Parameter(init.xavier_uniform((3 * e, e), draw, dtype))
        else:
            self.q_proj_weight = Parameter(init.xavier_uniform((e, e), draw, dtype))
            self.k_proj_weight = Parameter(init.xavier_uniform((e, self.kdim), draw, dtype))
            self.v_proj_weight = Parameter(init.xavier_uniform((e, self.vdim), draw, dtype))
        self.in_proj_bias = Parameter(np.zeros(3 * e, dtype)) if bias else None
        self.bias_k = self.bias_v = None
        if add_bias_kv:
            self.bias_k = Parameter(init.xavier_normal((1, 1, e), draw, dtype))
            self.bias_v = Parameter(init.xavier_normal((1, 1, e), draw, dtype))
        self.out_proj = Linear(e, e, bias, rng=draw, dtype=dtype)
        if bias:
            self.out_proj.bias = Parameter(np.zeros(e, dtype))

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
        *,
        around: Any = None,
    ) -> tuple[Any, Any]:
        """Attend from each query to all keys.

        Parameters
        ----------
        query : (N, L, E) if batch_first, else (L, N, E); or (L, E)
        key : (N, S, kdim), (S, N, kdim) or (S, kdim)
        value : (N, S, vdim), (S, N, vdim) or (S, vdim)
        key_padding_mask : (N, S) or (S,) array, optional
            Of bools: True where a key is not to be attended to, the other way round than in
            `mt.scaled_dot_product_attention`, as in PyTorch. Of floats: added to the scores.
        need_weights : bool, default True
            Whether to give the weights; without them it is faster.
        attn_mask : (L, S) or (N H, L, S) array, optional
            The same, for each pair of a query and a key.
        average_attn_weights : bool, default True
            Whether weights are given as their mean over the heads.
        is_causal : bool, default False
            Whether query i attends to keys 0 ... i only, beside what the masks say.
        around : array of the shape of query, optional
            What goes around the attention, and is added to its output.

        Returns
        -------
        y : of the shape of query
        weights : (N, L, S), (N, H, L, S) if not averaged, without N if there is no batch; or None
        """
        itself = query is key and key is value
        query, key, value = (floats(self, x) for x in (query, key, value))
        self._check(query.shape, key.shape, value.shape)
        if around is not None:
            around = self._around(around, query.shape)
        alone = query.ndim == 2
        if alone or not self.batch_first:
            query, key, value = (self._batch_first(x, alone) for x in (query, key, value))
        m, f = self._masks(query, key, key_padding_mask, attn_mask, is_causal)
        if self.training and self.dropout:
            shape = (len(query), self.num_heads, query.shape[1], key.shape[1] + self._behind())
            f = dropped(here(self), f, self.dropout, shape, query, self.rng)
        scale = 1 / math.sqrt(self.embed_dim // self.num_heads)
        p = None
        if itself and self.in_proj_weight is not None and not (need_weights or self._behind()):
            qkv = linear(query, self.in_proj_weight, self.in_proj_bias)
            y = attend_to_itself(qkv, m, f, heads=self.num_heads, scale=scale)
        else:
            q, k, v = (cut(x, self.num_heads) for x in self._projected(query, key, value))
            if need_weights:
                p = weights(q, k, m, scale)
                p = p if f is None else p * f
                y = join(np.matmul(p, v))
            else:
                y = join(attend(q, k, v, m, f, scale=scale))
        can_fuse = around is not None and self.batch_first and not alone
        fused = can_fuse and is_plain(self.out_proj, Linear)
        if fused:
            y = residual_linear(around, y, self.out_proj.weight, self.out_proj.bias)
        else:
            y = self.out_proj(y)
        p = np.mean(p, axis=1) if p is not None and average_attn_weights else p
        if alone:
            y, p = y[0], None if p is None else p[0]
        elif not self.batch_first:
            y = np.swapaxes(y, 0, 1)
        return y if around is None or fused else around + y, p

    def _behind(self) -> int:
        """Count the keys that stand behind those given."""
        return (self.bias_k is not None) + bool(self.add_zero_attn)

    def _batch_first(self, x: Any, alone: bool) -> Any:
        return np.expand_dims(x, 0) if alone else np.swapaxes(x, 0, 1)

    def _projected(self, query: Any, key: Any, value: Any) -> list[Any]:
        """Give queries, keys and values, (N, L, E) and (N, S, E), with what stands behind."""
        parts = [slice(i * self.embed_dim, (i + 1) * self.embed_dim) for i in range(3)]
        if self.in_proj_weight is None:
            matrices: list[Any] = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        else:
            matrices = [self.in_proj_weight[part] for part in parts]
        bias = self.in_proj_bias
        biases = [None if bias is None else bias[part] for part in parts]
        inputs = zip((query, key, value), matrices, biases, strict=True)
        q, *both = [linear(x, w, b) for x, w, b in inputs]
        row = (len(query), 1, self.embed_dim)
        if self.bias_k is not None:
            learned: Any = (self.bias_k, self.bias_v)
            both = [
                np.concatenate([x, np.broadcast_to(b, row)], axis=1)
                for x, b in zip(both, learned, strict=True)
            ]
        if self.add_zero_attn:
            both = [np.concatenate([x, np.zeros(row, x.dtype)], axis=1) for x in both]
        return [q, *both]

    def _masks(
        self, query: Any, key: Any, padding: Any, mask: Any, is_causal: bool
    ) -> tuple[Any, Any]:
        """Join all masks into one that is added to scores (N, H, L, S), and factors of weights."""
        n, heads, queries, keys = len(query), self.num_heads, query.shape[1], key.shape[1]
        dtype = query.dtype
        terms: list[Any] = []
        shape: tuple[int, ...]
        if padding is not None:
            shape = (keys,) if np.ndim(padding) == 1 and n == 1 else (n, keys)
            m = additive(here(self), "key_padding_mask", padding, shape, dtype, allowed=False)
            terms.append(np.reshape(np.broadcast_to(m, shape), (n, 1, 1, keys)))
        if mask is not None:
            shape = (queries, keys) if np.ndim(mask) == 2 else (n * heads, queries, keys)
            m = additive(here(self), "attn_mask", mask, shape, dtype, allowed=False)
            m = np.broadcast_to(m, shape)
            terms.append(m if m.ndim == 2 else np.reshape(m, (n, heads, queries, keys)))
        given = len(terms) > 0
        if is_causal:
            terms.append(causal_mask(queries, keys, dtype))
        if not terms:
            return None, None
        m = terms[0]
        for term in terms[1:]:
            m = m + term
        if self._behind():
            m = np.pad(m, [(0, 0)] * (m.ndim - 1) + [(0, self._behind())])
        return safe(m, dtype) if given else (m, None)

    def _around(self, around: Any, shape: tuple) -> Any:
        """Give what is added to the output, or raise ShapeError unless it has its shape."""
        around = floats(self, around)
        if around.shape != shape:
            raise ShapeError(
                f"{here(self)}: around must have the output's shape.",
                expected=f"around {shape}",
                got=f"around {around.shape}",
            )
        return around

    def _check(self, query: tuple, key: tuple, value: tuple) -> None:
        """Raise ShapeError unless the shapes fit."""
        ranks, place = {len(query), len(key), len(value)}, 0 if self.batch_first else 1
        if ranks not in ({2}, {3}):
            expected = "three arrays of two axes, or with a batch of three"
        elif (query[-1], key[-1], value[-1]) != (self.embed_dim, self.kdim, self.vdim):
            expected = f"widths {self.embed_dim}, {self.kdim} and {self.vdim}"
        elif key[:-1] != value[:-1]:
            expected = "a value for each key"
        elif ranks == {3} and query[place] != key[place]:
            expected = f"as many keys' sequences as queries', in axis {place}"
        elif key[len(key) - 2 if self.batch_first else 0] == 0:
            expected = "at least one key"
        else:
            return
        raise ShapeError(
            f"{here(self)}: the shapes do not fit.",
            expected=expected,
            got=f"a query {query}, a key {key}, a value {value}",
            hint=None if self.batch_first else "For (N, L, E), make it with batch_first=True.",
        )

    def extra_repr(self) -> str:
        return f"{self.embed_dim}, {self.num_heads}, batch_first={self.batch_first}"
