"""Batch normalisation: channels of mean 0 and variance 1 while training, of the running ones after.

Axes: ``N`` batch, ``C`` channels, ``L`` or ``H, W`` places.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..graph import assign
from ..ops.arithmetic import astype
from ..ops.batch_norms import along, batch_moments, batch_norm
from .channels import channels
from .linear import positive
from .module import Module
from .places import here
from .state import Buffer, Parameter


class BatchNorm1d(Module):
    """Normalises each channel over the batch: ``y = weight (x - mean) / sqrt(var + eps) + bias``.

    While training, mean and variance are those of the batch, and the running ones follow them:
    ``running = (1 - momentum) running + momentum batch``, with the variance of a sample, divided
    by n - 1. In evaluation the running ones are used, and nothing changes.

    Parameters
    ----------
    num_features : int
        The channels C.
    eps : float, default 1e-5
        What keeps a variance of 0 from being divided by.
    momentum : float or None, default 0.1
        How fast the running moments follow; None for the mean of all batches so far.
    affine : bool, default True
        Whether there are a weight and a bias.
    track_running_stats : bool, default True
        Whether there are running moments; without, the batch's own serve in evaluation too.
    bias : bool, default True
        Whether affine includes a bias.
    dtype : dtype_like, default float32

    Attributes
    ----------
    weight, bias : (C,) Parameter or None
        They start at 1 and 0.
    running_mean, running_var : (C,) Buffer or None
        They start at 0 and 1.
    num_batches_tracked : () Buffer of int or None

    Raises
    ------
    ShapeError
        When called with anything but (N, C) or (N, C, L), with other channels, or, while
        training, with one entry per channel: its variance would be 0.
    ArgumentError
        If C is no positive integer, or eps or momentum is negative.

    References
    ----------
    .. [1] Ioffe, Szegedy, *Batch Normalization: Accelerating Deep Network Training by Reducing
       Internal Covariate Shift* (2015), algorithms 1 and 2.

    Examples
    --------
    >>> layer = BatchNorm1d(2)
    >>> layer(np.array([[1.0, 5.0], [3.0, 9.0]])).data.round(3)
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    >>> layer.running_mean.data, layer.running_var.data
    (array([0.2, 0.7], dtype=float32), array([1.1, 1.7], dtype=float32))
    >>> list(layer.state_dict())
    ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']
    """

    places: ClassVar[tuple[int, ...]] = (0, 1)  # how many axes may follow the channels

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1,
        affine: bool = True, track_running_stats: bool = True, *, bias: bool = True,
        dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        name = type(self).__name__
        self.num_features = n = positive(f"{name}: num_features", num_features)
        self.eps = _not_negative(f"{name}: eps", eps)
        self.momentum = None if momentum is None else _not_negative(f"{name}: momentum", momentum)
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = Parameter(np.ones(n, dtype)) if affine else None
        self.bias = Parameter(np.zeros(n, dtype)) if affine and bias else None
        tracked = track_running_stats
        self.running_mean = Buffer(np.zeros(n, dtype)) if tracked else None
        self.running_var = Buffer(np.ones(n, dtype)) if tracked else None
        self.num_batches_tracked = Buffer(np.zeros((), np.int64)) if tracked else None

    def forward(self, x: Any) -> Any:
        x = channels(self, x, self.num_features, *self.places, alone=False)
        if self.running_mean is not None and not self.training:
            return self._by_running(x)
        n = math.prod(np.shape(x)) // self.num_features
        if n == 1 and self.training:
            raise self._one_entry(np.shape(x))
        moments = batch_moments(x)
        if self.running_mean is not None:
            self._follow(moments, n)
        return batch_norm(x, self.weight, self.bias, moments, self.eps)

    def _by_running(self, x: Any) -> Any:
        scale: Any = 1 / np.sqrt(self.running_var + self.eps)  # type: ignore[operator]  # a Buffer
        if self.weight is not None:
            scale = self.weight * scale
        shift = -self.running_mean * scale  # type: ignore[operator]  # a Buffer
        if self.bias is not None:
            shift = shift + self.bias
        return x * along(x, scale) + along(x, shift)

    def _follow(self, moments: Any, n: int) -> None:
        """Move the running moments towards those of a batch of n entries per channel."""
        count: Any = self.num_batches_tracked
        assign(count, count + 1)
        if n == 0:
            return
        variance = moments[1] * (n / max(n - 1, 1))
        for running, batch in ((self.running_mean, moments[0]), (self.running_var, variance)):
            share: Any = self.momentum
            if share is None:
                share = 1 / astype(count, running.dtype)  # type: ignore[union-attr]  # a Buffer
            assign(running, (1 - share) * running + share * batch)  # type: ignore[arg-type]  # Buffers

    def _one_entry(self, shape: tuple[int, ...]) -> ShapeError:
        return ShapeError(
            f"{here(self)}: one entry per channel has no variance to normalise by.",
            expected="more than one entry per channel while training",
            got=f"an input of shape {shape}",
            hint="Use batches of more than one, drop_last=True for the last one, or model.eval().",
        )

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )


class BatchNorm2d(BatchNorm1d):
    """Normalises each channel of images (N, C, H, W) over the batch and all places.

    Formula, parameters, attributes and references are those of `BatchNorm1d`.

    Raises
    ------
    ShapeError, ArgumentError
        As `BatchNorm1d`, and when called with anything but (N, C, H, W).

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(5.0, 2.0, (8, 3, 4, 4))
    >>> y = BatchNorm2d(3)(x).data
    >>> bool(np.allclose(y.mean((0, 2, 3)), 0, atol=1e-6)), bool(np.allclose(y.var(), 1, rtol=1e-4))
    (True, True)
    """

    places = (2,)


def _not_negative(what: str, x: Any) -> float:
    if not isinstance(x, int | float | np.number) or not x >= 0:
        raise ArgumentError(
            f"{what} must not be negative.", expected="a number of at least 0", got=repr(x)
        )
    return x  # type: ignore[return-value]  # any number
