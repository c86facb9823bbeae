"""Dropout: while a model is trained, entries or whole channels are left out at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..ops.dropping import dropout
from ..randomness import generator
from .casting import reals
from .module import Module
from .places import here


class Dropout(Module):
    """Puts 0 in place of each entry with probability p, while training; else gives its input.

    ``y = x * keep / (1 - p)``, entry by entry, in any shape, where keep is 0 with probability p,
    else 1: the expectation is the input, and nothing is left to do after ``model.eval()``.

    Parameters
    ----------
    p : float, default 0.5
        The probability of dropping an entry.
    rng : numpy.random.Generator or int, optional
        What to draw from. If not given, the process's default at each call, which `mt.seed`
        restarts.

    Raises
    ------
    ArgumentError
        If p is no probability.
    DTypeError
        When called while training, with anything but real numbers.

    References
    ----------
    .. [1] Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, *Dropout: A Simple Way to
       Prevent Neural Networks from Overfitting* (2014).

    Examples
    --------
    >>> layer = Dropout(0.5, rng=1)
    >>> layer(np.ones(6))
    array([2., 0., 0., 0., 2., 2.])
    >>> layer.eval()(np.ones(6))
    array([1., 1., 1., 1., 1., 1.])
    """

    together = 0  # how many of the last axes are dropped as one

    def __init__(self, p: float = 0.5, *, rng: Any = None) -> None:
        if not isinstance(p, int | float | np.number) or not 0 <= p <= 1:
            raise ArgumentError(
                f"{type(self).__name__}: p is the probability of dropping an entry.",
                expected="a number from 0 to 1",
                got=repr(p),
            )
        self.p = p
        self.rng = None if rng is None else generator(rng)

    def forward(self, x: Any) -> Any:
        if not self.training or self.p == 0:
            return x
        return dropout(reals(self, x), self.p, generator(self.rng), self.together)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Dropout1d(Dropout):
    """Drops whole channels of sequences (B, C, T), as `Dropout` drops entries.

    ``y[b, c] = x[b, c] * keep[b, c] / (1 - p)``: neighbours in a sequence are alike, and what is
    dropped alone can be guessed from the next. Parameters, raises and what it gives in evaluation
    are those of `Dropout`; and

    Raises
    ------
    ShapeError
        If the input is not of shape (B, C, T).

    References
    ----------
    .. [1] Tompson, Goroshin, Jain, LeCun, Bregler, *Efficient Object Localization Using
       Convolutional Networks* (2015), section 3.3.

    Examples
    --------
    >>> Dropout1d(0.5, rng=1)(np.ones((1, 3, 2)))
    array([[[2., 2.],
            [0., 0.],
            [0., 0.]]])
    """

    together = 1

    def forward(self, x: Any) -> Any:
        x = reals(self, x)
        if np.ndim(x) != 2 + self.together:
            shape = f"(B, C, {'T' if self.together == 1 else 'H, W'})"
            raise ShapeError(
                f"{here(self)}: it drops whole channels, and the input has none.",
                expected=f"an input of shape {shape}",
                got=f"an input of shape {np.shape(x)}",
                hint="x[None] makes a batch of one; Dropout drops single entries.",
            )
        return super().forward(x)


class Dropout2d(Dropout1d):
    """Drops whole channels of images (B, C, H, W), as `Dropout1d` those of sequences.

    Formula, parameters, raises and references are those of `Dropout1d`.

    Examples
    --------
    >>> Dropout2d(0.5, rng=1)(np.ones((1, 3, 1, 2)))[0, :, 0]
    array([[2., 2.],
           [0., 0.],
           [0., 0.]])
    """

    together = 2
