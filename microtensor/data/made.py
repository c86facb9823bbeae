"""Small problems that are made: moons, circles, spirals, xor and blobs.

Each gives ``x`` of shape (N, 2) and the classes ``y`` of shape (N,). Points lie on the curves of
the formulas below, plus ``noise`` times a standard normal. Where N does not divide by the number
of classes, some class has one point more.

The random numbers are drawn in the order of the sources, so a NumPy RandomState in the state of
theirs gives their very points.
"""

from __future__ import annotations

import operator
from numbers import Real
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..randomness import Rng, generator
from .examples import Examples


def moons(n: int = 100, noise: float = 0.1, *, shuffle: bool = True, rng: Any = None) -> Examples:
    """Two half circles that reach into each other.

    The upper moon, class 0, has n // 2 points ``(cos t, sin t)``; the lower, class 1, the others,
    ``(1 - cos t, 1/2 - sin t)``; t goes from 0 to pi in even steps, both ends included.

    Parameters
    ----------
    n : int
        The number of points, at least 2.
    noise : float
        The standard deviation of what is added to each coordinate.
    shuffle : bool, default True
        Whether the points come in random order; else class by class.
    rng : None, int, Generator or RandomState
        Where the random numbers come from; the default that `mt.seed` sets, if not given.

    Returns
    -------
    Examples
        ``x`` of (n, 2) float64, ``y`` of (n,) int64 with the classes 0 and 1.

    Raises
    ------
    ArgumentError
        If n or noise is too small, or rng is no source of random numbers.

    References
    ----------
    scikit-learn, ``sklearn.datasets.make_moons``: the same points for the same RandomState.

    Examples
    --------
    >>> x, y = moons(6, noise=0, shuffle=False)
    >>> print(x.round(3) + 0)  # + 0 turns -0 into 0
    [[ 1.   0. ]
     [ 0.   1. ]
     [-1.   0. ]
     [ 0.   0.5]
     [ 1.  -0.5]
     [ 2.   0.5]]
    >>> y
    array([0, 0, 0, 1, 1, 1])

    The moons that micrograd's demo learns:

    >>> x, y = moons(100, noise=0.1, rng=np.random.RandomState(1337))
    >>> x[0]
    array([1.12211461, 0.08147717])
    """
    n, draw = _checked("moons", n, noise, rng, classes=2)
    upper, lower = (np.linspace(0, np.pi, k) for k in (n // 2, n - n // 2))
    curves = [
        np.column_stack([np.cos(upper), np.sin(upper)]),
        np.column_stack([1 - np.cos(lower), 1 - np.sin(lower) - 0.5]),  # scikit-learn's last bit
    ]
    return _noisy(_joined(curves, shuffle, draw), noise, draw)


def circles(
    n: int = 100,
    noise: float = 0.1,
    *,
    factor: float = 0.5,
    shuffle: bool = True,
    rng: Any = None,
) -> Examples:
    """A circle inside another.

    The outer circle, class 0, has n // 2 points ``(cos t, sin t)``; the inner, class 1, the
    others, ``factor (cos t, sin t)``; t goes once round in even steps, starting at 0.

    Parameters
    ----------
    n : int
        The number of points, at least 2.
    noise : float
        The standard deviation of what is added to each coordinate.
    factor : float
        The radius of the inner circle, from 0 to less than 1.
    shuffle : bool, default True
        Whether the points come in random order; else class by class.
    rng : None, int, Generator or RandomState
        Where the random numbers come from; the default that `mt.seed` sets, if not given.

    Returns
    -------
    Examples
        ``x`` of (n, 2) float64, ``y`` of (n,) int64 with the classes 0 and 1.

    Raises
    ------
    ArgumentError
        If n, noise or factor is out of range, or rng is no source of random numbers.

    References
    ----------
    scikit-learn, ``sklearn.datasets.make_circles``: the same points for the same RandomState and
    factor, which is 0.8 there.

    Examples
    --------
    >>> x, y = circles(4, noise=0, shuffle=False)
    >>> print(x.round(3) + 0)
    [[ 1.   0. ]
     [-1.   0. ]
     [ 0.5  0. ]
     [-0.5  0. ]]
    """
    n, draw = _checked("circles", n, noise, rng, classes=2)
    if not (isinstance(factor, Real) and 0 <= factor < 1):
        raise ArgumentError(
            "circles: factor must be the inner radius, as a part of the outer.",
            expected="a number from 0 to less than 1",
            got=repr(factor),
        )
    sizes = n // 2, n - n // 2
    outer, inner = (np.linspace(0, 2 * np.pi, k, endpoint=False) for k in sizes)
    curves = [
        np.column_stack([np.cos(outer), np.sin(outer)]),
        np.column_stack([np.cos(inner), np.sin(inner)]) * factor,
    ]
    return _noisy(_joined(curves, shuffle, draw), noise, draw)


def spirals(
    n: int = 300,
    noise: float = 0.2,
    *,
    classes: int = 3,
    shuffle: bool = True,
    rng: Any = None,
) -> Examples:
    """Arms that wind around the middle, one for each class.

    The arm of class j has points ``(r sin t, r cos t)``; r goes from 0 to 1 in even steps while t
    goes from 4j to 4j + 4. The noise is added to the angle t, not to the coordinates.

    Parameters
    ----------
    n : int
        The number of points in all, at least one per class.
    noise : float
        The standard deviation of what is added to each angle, in radians.
    classes : int
        The number of arms. Each is 4 radians on from the one before, so two or three are well
        apart, and a fourth passes within 0.6 radians of the first.
    shuffle : bool, default True
        Whether the points come in random order; else class by class.
    rng : None, int, Generator or RandomState
        Where the random numbers come from; the default that `mt.seed` sets, if not given.

    Returns
    -------
    Examples
        ``x`` of (n, 2) float64, ``y`` of (n,) int64 with the classes 0 ... classes-1.

    Raises
    ------
    ArgumentError
        If n, noise or classes is too small, or rng is no source of random numbers.

    References
    ----------
    Stanford CS231n, *Putting it together: minimal neural network case study*; with
    ``shuffle=False``, the same points for the same RandomState.

    Examples
    --------
    >>> x, y = spirals(6, noise=0, classes=3, shuffle=False)
    >>> print(x.round(3) + 0)
    [[ 0.     0.   ]
     [-0.757 -0.654]
     [ 0.     0.   ]
     [ 0.989 -0.146]
     [ 0.     0.   ]
     [-0.537  0.844]]
    >>> y
    array([0, 0, 1, 1, 2, 2])
    """
    n, draw = _checked("spirals", n, noise, rng, classes)
    arms = []
    for j, k in enumerate(_shares(n, classes)):
        r = np.linspace(0.0, 1, k)
        t = np.linspace(j * 4, (j + 1) * 4, k) + draw.standard_normal(k) * noise
        arms.append(np.column_stack([r * np.sin(t), r * np.cos(t)]))
    return _joined(arms, shuffle, draw)


def xor(n: int = 100, noise: float = 0.1, *, shuffle: bool = True, rng: Any = None) -> Examples:
    """Two bits, and whether they differ: no straight line tells the classes apart.

    Point i is corner i mod 4 of (0, 0), (0, 1), (1, 0), (1, 1), plus the noise.

    Parameters
    ----------
    n : int
        The number of points, at least 4.
    noise : float
        The standard deviation of what is added to each coordinate.
    shuffle : bool, default True
        Whether the points come in random order; else the corners follow each other as above.
    rng : None, int, Generator or RandomState
        Where the random numbers come from; the default that `mt.seed` sets, if not given.

    Returns
    -------
    Examples
        ``x`` of (n, 2) float64, ``y`` of (n,) int64: 1 where the bits differ, else 0.

    Raises
    ------
    ArgumentError
        If n or noise is too small, or rng is no source of random numbers.

    References
    ----------
    Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 6.1: the case n = 4, noise = 0.

    Examples
    --------
    >>> xor(4, noise=0, shuffle=False)
    Examples(x=array([[0., 0.],
           [0., 1.],
           [1., 0.],
           [1., 1.]]), y=array([0, 1, 1, 0]))
    """
    n, draw = _checked("xor", n, noise, rng, classes=4, word="corner")
    corner = np.arange(n) % 4
    first, second = corner // 2, corner % 2
    x = np.column_stack([first, second]).astype(float)
    examples = Examples(x, np.bitwise_xor(first, second).astype(np.int64))
    return _noisy(_shuffled(examples, draw) if shuffle else examples, noise, draw)


def blobs(
    n: int = 300,
    noise: float = 1.0,
    *,
    classes: int = 3,
    shuffle: bool = True,
    rng: Any = None,
) -> Examples:
    """Round clouds of points, one for each class, evenly placed around the middle.

    Class k of K is normally distributed around ``4 (cos a, sin a)`` with ``a = 2 pi k / K`` and
    the standard deviation ``noise``.

    Parameters
    ----------
    n : int
        The number of points in all, at least one per class.
    noise : float
        The standard deviation of each coordinate around the centre of its class.
    classes : int
        The number of clouds.
    shuffle : bool, default True
        Whether the points come in random order; else class by class.
    rng : None, int, Generator or RandomState
        Where the random numbers come from; the default that `mt.seed` sets, if not given.

    Returns
    -------
    Examples
        ``x`` of (n, 2) float64, ``y`` of (n,) int64 with the classes 0 ... classes-1.

    Raises
    ------
    ArgumentError
        If n, noise or classes is too small, or rng is no source of random numbers.

    Examples
    --------
    >>> x, y = blobs(4, noise=0, classes=4, shuffle=False)
    >>> print(x.round(3) + 0)
    [[ 4.  0.]
     [ 0.  4.]
     [-4.  0.]
     [ 0. -4.]]
    """
    n, draw = _checked("blobs", n, noise, rng, classes)
    angles = 2 * np.pi * np.arange(classes) / classes
    centres = 4 * np.column_stack([np.cos(angles), np.sin(angles)])  # (C, 2)
    clouds = [
        np.tile(centre, (k, 1)) for centre, k in zip(centres, _shares(n, classes), strict=True)
    ]
    return _noisy(_joined(clouds, shuffle, draw), noise, draw)


def _joined(parts: list[np.ndarray], shuffle: bool, draw: Rng) -> Examples:
    """Put the classes one under the other, part j as class j."""
    y = np.repeat(np.arange(len(parts), dtype=np.int64), [len(part) for part in parts])
    examples = Examples(np.concatenate(parts), y)
    return _shuffled(examples, draw) if shuffle else examples


def _shuffled(examples: Examples, draw: Rng) -> Examples:
    order = draw.permutation(len(examples.y))
    return Examples(examples.x[order], examples.y[order])


def _noisy(examples: Examples, noise: float, draw: Rng) -> Examples:
    x, y = examples
    return Examples(x + noise * draw.standard_normal(x.shape), y)


def _shares(n: int, classes: int) -> list[int]:
    """Share n points among the classes; the last ones get what is left over."""
    return [(n * (j + 1)) // classes - (n * j) // classes for j in range(classes)]


def _checked(
    name: str, n: Any, noise: Any, rng: Any, classes: Any, word: str = "class"
) -> tuple[int, Rng]:
    classes = _count(f"{name}: classes must be the number of classes.", classes, 1, "")
    n = _count(f"{name}: n must be the number of points.", n, classes, f", one for each {word}")
    if not (isinstance(noise, Real) and 0 <= float(noise) < np.inf):
        raise ArgumentError(
            f"{name}: noise must be a standard deviation.",
            expected="a number of at least 0",
            got=repr(noise),
        )
    return n, generator(rng)


def _count(problem: str, n: Any, least: int, why: str) -> int:
    try:
        count = operator.index(n)
    except TypeError:
        count = -1
    if count < least:
        raise ArgumentError(
            problem,
            expected=f"an integer of at least {least}{why}",
            got=repr(n),
        )
    return count
