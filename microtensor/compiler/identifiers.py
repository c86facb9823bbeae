"""How does any text become a Python name? By what of it can stand in one, and by nothing else.

Names come from users (``name=``, attributes, keys of a dict) and end up in source text, so what
is made here can be no code, whatever the text was.
"""

from __future__ import annotations

import builtins
import keyword
import unicodedata
from functools import lru_cache

import numpy as np

MOST = 40  # characters of a name

_MODULES = {"np", "numpy", "math", "scipy", "given", "self", "cls"}


@lru_cache(maxsize=1)
def reserved() -> frozenset[str]:
    """Give the names that mean something in Python or NumPy, which no result is called by.

    >>> {"lambda", "print", "np", "tanh", "match"} <= reserved()
    True
    """
    of_python = {*keyword.kwlist, *keyword.softkwlist, *dir(builtins)}
    return frozenset({*of_python, *_MODULES, *dir(np), *vars(np)})


def identifier(text: str, otherwise: str = "x") -> str:
    """Make a Python name of a text; of an empty one, ``otherwise``.

    Letters and digits of any script stay; each run of all else is one underscore. A name that
    means something already gets one behind it.

    Examples
    --------
    >>> identifier("layers.0.weight"), identifier("my loss!"), identifier("lambda")
    ('layers_0_weight', 'my_loss', 'lambda_')
    >>> identifier("2nd"), identifier("__import__('os')"), identifier("Δw₁"), identifier("")
    ('x2nd', 'import_os', 'Δw1', 'x')
    """
    name = _joined(text)
    if not name:
        return otherwise
    if not name[0].isidentifier():
        name = otherwise + ("" if name[0].isascii() else "_") + name  # marks would join a letter
    name = name[:MOST].rstrip("_")
    while name in reserved():
        name += "_"
    return name


def _joined(text: str) -> str:
    """Keep what can stand in a name, in the form in which Python compares names."""
    for _ in range(3):  # what is left may compose anew; it is in its final form by then
        text = unicodedata.normalize("NFKC", text)
        kept = "".join(c if ("a" + c).isidentifier() else " " for c in text.replace("_", " "))
        text = "_".join(kept.split())
    if ("a" + text).isidentifier() and unicodedata.normalize("NFKC", text) == text:
        return text
    return "_".join("".join(c if c.isascii() else " " for c in text.replace("_", " ")).split())


def path_identifier(path: str) -> str:
    """Make a name of the path of a parameter or module: a list's entries are counted.

    >>> path_identifier("layers.0.weight"), path_identifier("blocks.2.norm.bias")
    ('layer0_weight', 'block2_norm_bias')
    >>> path_identifier("0.weight"), path_identifier("encoder.1")
    ('layer0_weight', 'encoder1')
    """
    parts: list[str] = []
    for part in path.split("."):
        if not (part.isascii() and part.isdigit()):
            parts.append(part)
        elif parts and not parts[-1][-1:].isdigit():
            parts[-1] = _singular(parts[-1]) + part
        else:
            parts.append(part if parts else f"layer{part}")
    return identifier("_".join(parts))


def _singular(word: str) -> str:
    plural = word.endswith("s") and not word.endswith(("ss", "us", "is", "as"))
    return word[:-1] if plural and len(word) > 2 else word


def comment(text: str, most: int = 60) -> str:
    r"""Make a text fit for a comment or a docstring: one line, without quotes or backslashes.

    >>> comment('MLP.layers.0'), comment('a"\nimport os # é')
    ('MLP.layers.0', 'a import os é')
    """
    kept = "".join(c if c.isalnum() or c in " ._-+[](),:=/*@" else " " for c in text)
    return " ".join(kept.split())[:most]
