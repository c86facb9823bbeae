"""How does text become numbers? Characters or bytes as tokens, and windows of them."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from .examples import Examples


class Characters:
    """The characters of a text as tokens: each is the number of its place in the alphabet.

    Parameters
    ----------
    text : str
        Any text with all characters that will be met; their order and number play no part.

    Attributes
    ----------
    alphabet : str
        The characters in order, each once. ``Characters(alphabet)`` makes the same tokens again.

    Raises
    ------
    ArgumentError
        If text is no str, or empty.

    Examples
    --------
    >>> tokens = Characters("hello")
    >>> len(tokens), tokens.alphabet
    (4, 'ehlo')
    >>> tokens.encode("hole")
    array([1, 3, 2, 0])
    >>> tokens.decode([1, 0, 2, 2, 3])
    'hello'
    """

    def __init__(self, text: str) -> None:
        points = _code_points(text, "Characters")
        if len(points) == 0:
            raise ArgumentError(
                "Characters: there are no characters to number.",
                expected="a text with all characters that will be met",
                got="an empty str",
            )
        self._points = np.unique(points)
        self.alphabet = _text_of(self._points)

    def __len__(self) -> int:
        """Give the number of different tokens."""
        return len(self._points)

    def encode(self, text: str) -> np.ndarray:
        """Give the token of each character.

        Returns
        -------
        (N,) ndarray of int64
            In 0 ... len(self) - 1.

        Raises
        ------
        ArgumentError
            If a character is not in the alphabet.
        """
        points = _code_points(text, "Characters.encode")
        tokens = np.searchsorted(self._points, points)
        unknown = self._points[np.minimum(tokens, len(self) - 1)] != points
        if unknown.any():
            place = int(np.argmax(unknown))
            raise ArgumentError(
                f"Characters.encode: {text[place]!r} is not in the alphabet.",
                expected=f"only the {len(self)} characters {_shortened(self.alphabet)}",
                got=f"it at place {place}, and {unknown.sum()} unknown characters in all",
                hint="Make the Characters from all text that will be met, or from fewer: "
                "text.replace(...).",
            )
        return tokens

    def decode(self, tokens: Any) -> str:
        """Give the text that tokens stand for.

        Parameters
        ----------
        tokens : (N,) array_like of int

        Raises
        ------
        ArgumentError
            If they are no integers in 0 ... len(self) - 1.
        """
        return _text_of(self._points[_checked(tokens, len(self), "Characters.decode")])

    def __repr__(self) -> str:
        return f"Characters({_shortened(self.alphabet)})"


class Bytes:
    """The bytes of a text in UTF-8 as tokens: 256 of them, and no text that has others.

    Examples
    --------
    >>> tokens = Bytes()
    >>> tokens.encode("né")
    array([110, 195, 169])
    >>> tokens.decode([110, 195, 169])
    'né'
    """

    def __len__(self) -> int:
        """Give the number of different tokens, 256."""
        return 256

    def encode(self, text: str | bytes) -> np.ndarray:
        """Give the bytes of a text as an (N,) array of int64, each in 0 ... 255.

        Raises
        ------
        ArgumentError
            If it is no text, or holds half of a surrogate pair, which UTF-8 lacks.
        """
        try:
            content = text if isinstance(text, bytes) else text.encode()
        except (AttributeError, UnicodeEncodeError) as error:
            raise ArgumentError(
                "Bytes.encode: this has no bytes in UTF-8.",
                expected="a str or bytes",
                got=f"a {type(text).__name__}: {error}",
            ) from None
        return np.frombuffer(content, np.uint8).astype(np.int64)

    def decode(self, tokens: Any) -> str:
        """Give the text that bytes stand for; what is no UTF-8 becomes the sign ``\ufffd``.

        A model may well write such bytes, and a window may cut a character in two.

        Parameters
        ----------
        tokens : (N,) array_like of int

        Raises
        ------
        ArgumentError
            If they are no integers in 0 ... 255.
        """
        return bytes(_checked(tokens, 256, "Bytes.decode").tolist()).decode(errors="replace")

    def __repr__(self) -> str:
        return "Bytes()"


def windows(tokens: Any, length: int, *, stride: int = 1) -> Examples:
    """Cut a text's tokens to pieces that a language model learns from: each predicts the next.

    Parameters
    ----------
    tokens : (N,) array_like of int
    length : int
        T, the tokens in a window.
    stride : int, default 1
        How far a window begins after the one before; ``length`` to use each token once.

    Returns
    -------
    Examples
        ``x`` of (W, T) and ``y`` of (W, T), where ``y[i, t]`` is the token after ``x[i, t]``, and
        W = 1 + (N - T - 1) // stride. Both look at the tokens: they take no memory of their own,
        and cannot be written to.

    Raises
    ------
    ShapeError
        If tokens is no flat array of at least T + 1 integers.
    ArgumentError
        If length or stride is no integer of at least 1.

    Examples
    --------
    >>> x, y = windows([0, 1, 2, 3, 4], 3)
    >>> x
    array([[0, 1, 2],
           [1, 2, 3]])
    >>> y
    array([[1, 2, 3],
           [2, 3, 4]])
    """
    length, stride = _at_least_1(length, "length"), _at_least_1(stride, "stride")
    tokens = np.asarray(tokens)
    if tokens.ndim != 1 or tokens.dtype.kind not in "iu" or len(tokens) <= length:
        raise ShapeError(
            "windows: the tokens are no sequence of integers, or too few.",
            expected=f"shape (N,) with N at least {length + 1}, a window and the token after it",
            got=f"an array of shape {tokens.shape} and dtype {tokens.dtype}",
        )
    x = np.lib.stride_tricks.sliding_window_view(tokens[:-1], length)[::stride]
    y = np.lib.stride_tricks.sliding_window_view(tokens[1:], length)[::stride]
    return Examples(x, y)


def _code_points(text: Any, where: str) -> np.ndarray:
    if not isinstance(text, str):
        raise ArgumentError(
            f"{where}: this is no text.",
            expected="a str",
            got=f"a {type(text).__name__}",
            hint="Bytes() makes tokens of bytes." if isinstance(text, bytes) else None,
        )
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def _text_of(points: np.ndarray) -> str:
    return points.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


def _checked(tokens: Any, count: int, where: str) -> np.ndarray:
    tokens = np.asarray(tokens)
    if tokens.size == 0:
        tokens = tokens.astype(np.int64)  # an empty list is one of floats to NumPy
    if tokens.ndim != 1 or tokens.dtype.kind not in "iu":
        raise ArgumentError(
            f"{where}: tokens are a sequence of integers.",
            expected="an integer array of shape (N,)",
            got=f"an array of shape {tokens.shape} and dtype {tokens.dtype}",
        )
    wrong = (tokens < 0) | (tokens >= count)
    if wrong.any():
        place = int(np.argmax(wrong))
        raise ArgumentError(
            f"{where}: {tokens[place]} is no token.",
            expected=f"integers in 0 ... {count - 1}",
            got=f"{tokens[place]} at place {place}",
        )
    return tokens


def _at_least_1(n: Any, name: str) -> int:
    try:
        count = operator.index(n)
    except TypeError:
        count = 0
    if count < 1:
        raise ArgumentError(
            f"windows: {name} counts tokens.",
            expected="an integer of at least 1",
            got=repr(n),
        )
    return count


def _shortened(text: str) -> str:
    return repr(text) if len(text) <= 40 else f"{text[:40]!r}..."
