"""What is known of each of NumPy's functions?  ``python docs/list_functions.py`` writes coverage.md

NumPy publishes which of its functions a type of ours can take over. Each of them is known by one
of the words of ``microtensor.primitives``, or refused with a reason; none is forgotten.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.char
import numpy.fft
import numpy.lib.recfunctions
import numpy.polynomial.polynomial
import numpy.strings  # NumPy loads these on first use: the list is whole with them
import scipy.special
from numpy.testing import overrides

from microtensor.ops import arrivals
from microtensor.primitives import Known, name_of, registry

arrivals.learn()
PAGE = Path(__file__).with_name("coverage.md")
WORDS = {
    "differentiable": "recorded, with a derivative rule",
    "composite": "rewritten with other functions, so differentiable wherever they are",
    "piecewise": "recorded; the derivative is zero wherever it exists",
    "static": "answered from shape and dtype, or from the numbers; not recorded",
    "unsupported": "refused, with the reason and what to use instead",
}
HEAD = """\
# What is known of NumPy's functions

NumPy {version} publishes {ufuncs} universal functions and {functions} others that a type such as
`Value` may take over (`numpy.testing.overrides`). This page, written by
`python docs/list_functions.py`, says what each of them is here; a test holds that none is missing.
Options that would need another rule are refused by name, never ignored.

| known as | meaning | functions |
|---|---|---:|
"""


OF_SCIPY = """\
These of `scipy.special` work on Values where SciPy is installed. Those that are no universal
functions there (`logsumexp`, `softmax`, `polygamma`, ...) do in `mt.special`."""


def overridable() -> dict[str, object]:
    """Give NumPy's overridable functions by name, in alphabetical order."""
    found: dict[str, object] = {}
    for fn in overrides.get_overridable_numpy_ufuncs():
        found[f"{name_of(fn)}"] = fn
    for fn in overrides.get_overridable_numpy_array_functions():
        name = name_of(fn)
        if isinstance(found.get(name), np.ufunc):
            found[f"{name} (the ufunc)"] = found.pop(name)
        if name.count(".") == 1 and getattr(np, fn.__name__, fn) is not fn:
            name += " (with like=)"  # NumPy keeps a second function that dispatches on like=
        found[name] = fn
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def forgotten(known: dict = registry) -> list[str]:
    """Name the overridable functions that nothing is known of."""
    return [name for name, fn in overridable().items() if fn not in known]


def page() -> str:
    """Write the whole page."""
    functions = overridable()
    entries = {name: registry[fn] for name, fn in functions.items() if fn in registry}
    by_word = {
        word: {n: entry for n, entry in entries.items() if entry.word == word} for word in WORDS
    }
    version = ".".join(np.__version__.split(".")[:2])
    ufuncs = sum(isinstance(fn, np.ufunc) for fn in functions.values())
    lines = [
        HEAD.format(version=version, ufuncs=ufuncs, functions=len(functions) - ufuncs).rstrip()
    ]
    lines += [f"| {w} | {meaning} | {len(by_word[w])} |" for w, meaning in WORDS.items()]
    for word in list(WORDS)[:-1]:
        lines += ["", f"## {word.capitalize()}", "", ", ".join(f"`{n}`" for n in by_word[word])]
    lines += ["", "## Unsupported", "", "| function | reason |", "|---|---|"]
    reasons: dict[str, list[str]] = {}
    for name, entry in by_word["unsupported"].items():
        reasons.setdefault(one_line(entry), []).append(f"`{name}`")
    lines += [f"| {', '.join(names)} | {reason} |" for reason, names in reasons.items()]
    ufuncs_of_scipy = sorted(
        name
        for name, fn in vars(scipy.special).items()
        if isinstance(fn, np.ufunc) and fn in registry and registry[fn].word != "unsupported"
    )
    lines += ["", "## SciPy", "", OF_SCIPY, "", ", ".join(f"`{n}`" for n in ufuncs_of_scipy)]
    return "\n".join(lines) + "\n"


def one_line(entry: Known) -> str:
    return " ".join(entry.reason.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
