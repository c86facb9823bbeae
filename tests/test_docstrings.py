"""Every layer and loss says which shapes it takes, its formula, its source, what it refuses; and
shows an example.

A part may stand in another docstring, which a sentence names: "Parameters and raises are those of
`RNN`." What takes any shape may have nothing to refuse.
"""

import inspect
import re

import pytest

from microtensor import losses, nn

LAYERS = {name: thing for name in nn.__all__ if inspect.isclass(thing := getattr(nn, name))}
LOSSES = {name: getattr(losses, name) for name in losses.__all__}
HOLD = {"Buffer", "Module", "ModuleDict", "ModuleList", "Parameter", "ParameterList", "Sequential"}
MOVE = {"Flatten", "Identity", "Unflatten"}  # they compute nothing, and are nobody's invention

PARTS = {
    "shapes": r"\b[aA]ny shape\b|\(\.\.\.\)|\((\.\.\.|[A-Z]\w*),[^()]*\)",
    "formula": r"::\n\n",
    "references": r"^References\n-+\n\.\. \[1\] ",
    "raises": r"^Raises\n-+\n",
    "example": r"^>>> ",
}
FORMULA = re.compile(r"[-=+*/|<>]|max\(|min\(")
WANTED = {
    **{name: set(PARTS) for name in LAYERS | LOSSES},
    **{name: {"shapes", "formula", "example"} for name in MOVE},
    **{name: {"example"} for name in HOLD},
}


def parts_of(doc):
    """Name the parts of a docstring, and those that it leaves to others."""
    doc = inspect.cleandoc(doc)
    flat = " ".join(doc.split())
    found = {part for part, pattern in PARTS.items() if re.search(pattern, doc, re.MULTILINE)}
    found |= {"formula" for code in doc.split("``")[1::2] if FORMULA.search(code)}
    for sentence, other in re.findall(r"([^.]*?)(?:are those|is that) of `(\w+)`", flat):
        words = set(re.findall(r"\w+", sentence.lower()))
        found |= (PARTS.keys() & words) & parts_of(LAYERS[other].__doc__)
    return found | ({"raises"} if "any shape" in doc else set())


def of_its_own(thing):
    """Give the docstring of a class or function itself, not of what it derives from."""
    return vars(thing).get("__doc__") if inspect.isclass(thing) else thing.__doc__


@pytest.mark.parametrize("name", WANTED)
def test_a_docstring_has_all_its_parts(name):
    doc = of_its_own((LAYERS | LOSSES)[name])
    assert WANTED[name] - parts_of(doc) == set()


FULL = """Gives ``2 * x``, from (B, C) to the same.

Raises
------
ShapeError
    If not.

References
----------
.. [1] Euclid, *Elements*.

Examples
--------
>>> double(1)
2
"""


@pytest.mark.parametrize(
    ("without", "missing"),
    [
        ("``2 * x``", "formula"),
        ("(B, C)", "shapes"),
        ("Raises", "raises"),
        (".. [1]", "references"),
        (">>>", "example"),
    ],
)
def test_a_missing_part_is_noticed(without, missing):
    assert parts_of(FULL) == set(PARTS)
    assert parts_of(FULL.replace(without, "")) == set(PARTS) - {missing}


def test_what_is_left_to_others_counts_as_far_as_they_have_it():
    assert parts_of("Parameters, raises and references are those of `Linear`.") == {
        "raises",
        "references",
    }
    assert parts_of("The formula is that of `Linear`.") == {"formula"}
    assert parts_of("The formula is that of `Sequential`, and raises are those of `Flatten`.") == {
        "raises"
    }
    assert parts_of("Gives its input, of any shape.") == {"shapes", "raises"}


def test_every_layer_and_loss_is_looked_at():
    assert LAYERS.keys() > HOLD | MOVE
    assert len(LAYERS) > 60
    assert len(LOSSES) > 12
