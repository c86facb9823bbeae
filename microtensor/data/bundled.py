"""Data that come with the package: handwritten digits, measured flowers, and a play.

They are read from the package's own files when they are asked for; DATA_LICENSES.md tells who made
them, and their licences.
"""

from __future__ import annotations

import gzip
from importlib import resources

import numpy as np

from .examples import Examples, Split


def digits(*, images: bool = False, raw: bool = False) -> Split:
    """Handwritten digits, 1,442 to learn from and 355 to be tested on; every call the same ones.

    Every fifth image of each class, in the file's order, is for testing: the 5th, 10th, 15th ...
    zero, the 5th, 10th ... one, and so on. Both parts hold digits by the same 13 people, so the
    test says how well a model reads new digits of people it knows.

    Parameters
    ----------
    images : bool, default False
        Whether x has shape (N, 8, 8), rows from top to bottom, in place of (N, 64).
    raw : bool, default False
        Whether x has the file's integers, 0 (paper) to 16 (ink), as uint8; else they are divided
        by 16 and float32.

    Returns
    -------
    Split
        ``train.x`` of (1442, 64), ``train.y`` of (1442,) int64, ``test.x`` of (355, 64) and
        ``test.y`` of (355,).

    References
    ----------
    E. Alpaydin, C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning
    Repository (1998), doi:10.24432/C50P49.

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = digits()
    >>> x_train.shape, x_train.dtype, y_test.shape
    ((1442, 64), dtype('float32'), (355,))

    One of them, four levels of ink for the eye:

    >>> image = digits(images=True, raw=True).train.x[0]
    >>> for row in image:
    ...     print("".join(" .+#"[ink // 5] for ink in row).rstrip())
      .+.
      +#+#.
      #  +.
      +  ..
     ..  ..
      +  +.
      +.++
      .++
    """
    x, y = all_digits(images=images, raw=raw)
    test = every_fifth_of_each_class(y)
    return Split(train=Examples(x[~test], y[~test]), test=Examples(x[test], y[test]))


def all_digits(*, images: bool = False, raw: bool = False) -> Examples:
    """All 1,797 handwritten digits, in the file's order, not split; for the rest see `digits`.

    Examples
    --------
    >>> x, y = all_digits(images=True, raw=True)
    >>> x.shape, x.min(), x.max()
    ((1797, 8, 8), np.uint8(0), np.uint8(16))
    >>> np.bincount(y)
    array([178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    """
    x, y = _arrays("digits.npz")
    if images:
        x = x.reshape(-1, 8, 8)
    return Examples(x if raw else x.astype(np.float32) / 16, y)


def every_fifth_of_each_class(y: np.ndarray) -> np.ndarray:
    """Mark the 5th, 10th, 15th ... row of each class.

    Examples
    --------
    >>> every_fifth_of_each_class(np.array([0, 1, 0, 0, 0, 0, 1, 1, 1, 1])).nonzero()
    (array([5, 9]),)
    """
    marked = np.zeros(len(y), dtype=bool)
    for label in np.unique(y):
        marked[np.flatnonzero(y == label)[4::5]] = True
    return marked


def iris() -> Examples:
    """Measures of 150 iris flowers of three species, 50 of each, not split; see `split`.

    Returns
    -------
    Examples
        ``x`` of (150, 4) float32: length and width of the sepals, length and width of the petals,
        in centimetres. ``y`` of (150,) int64: 0 for *Iris setosa*, 1 for *versicolor*, 2 for
        *virginica*.

    References
    ----------
    R. A. Fisher, *The use of multiple measurements in taxonomic problems*, Annals of Eugenics 7
    (1936), 179-188; Iris, UCI Machine Learning Repository (1988), doi:10.24432/C56C76.

    Examples
    --------
    >>> x, y = iris()
    >>> x[0], int(y[0])
    (array([5.1, 3.5, 1.4, 0.2], dtype=float32), 0)
    >>> x[y == 2].mean(axis=0).round(3)
    array([6.588, 2.974, 5.552, 2.026], dtype=float32)
    """
    tenths, y = _arrays("iris.npz")
    return Examples(tenths.astype(np.float32) / 10, y)


def hamlet() -> str:
    """Shakespeare's *Hamlet*, whole, in today's spelling: 173,940 characters, 65 different ones.

    Speakers stand on lines of their own, stage directions in brackets. What is not of the play,
    such as the notes of those who typed it, was removed.

    Returns
    -------
    str
        Of ASCII characters and ``\\n``.

    References
    ----------
    W. Shakespeare, *Hamlet, Prince of Denmark*, in the public domain; Project Gutenberg's text.

    Examples
    --------
    >>> text = hamlet()
    >>> len(text), len(set(text))
    (173940, 65)
    >>> start = text.index("To be, or not")
    >>> print(text[start : start + 83])
    To be, or not to be,--that is the question:--
    Whether 'tis nobler in the mind to su
    """
    return gzip.decompress(_bytes("hamlet.txt.gz")).decode("ascii")


def _bytes(name: str) -> bytes:
    return resources.files(__package__).joinpath(name).read_bytes()


def _arrays(name: str) -> tuple[np.ndarray, np.ndarray]:
    with (
        resources.files(__package__).joinpath(name).open("rb") as file,
        np.load(file, allow_pickle=False) as arrays,
    ):
        return arrays["x"], arrays["y"].astype(np.int64)
