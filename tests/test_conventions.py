"""Each row of docs/conventions.md is what the library does."""

import re
from pathlib import Path

import numpy as np
import pytest

import microtensor as mt

PAGE = Path(__file__).parent.parent / "docs" / "conventions.md"
NAMES = {
    "grad": mt.grad, "array": np.array, "np": np, "mt": mt, "inf": np.inf, "nan": np.nan,
}  # fmt: skip


def rows():
    """Give what each row is about, its code, its number, and what it says of PyTorch."""
    lines = re.findall(r"^\| (.+?) \| `(.+)` \| `(.+?)` \| (.+) \|$", PAGE.read_text(), flags=re.M)
    return [pytest.param(*line, id=line[0]) for line in lines]


def holds(code, number):
    """Tell whether code of our own page gives the number beside it."""
    with np.errstate(all="ignore"):
        found = eval(code, dict(NAMES))
    np.testing.assert_allclose(found, eval(number, dict(NAMES)), rtol=1e-12)


@pytest.mark.parametrize(("what", "code", "number", "elsewhere"), rows())
def test_each_convention_is_kept(what, code, number, elsewhere):
    holds(code, number)


def test_every_row_of_the_page_is_read():
    text = PAGE.read_text()
    tables = [line for line in text.splitlines() if line.startswith("|")]
    heads = sum(line.startswith("| where | says") for line in tables)
    assert len(rows()) == len(tables) - 2 * heads
    assert len(rows()) > 40


def test_a_row_that_is_not_kept_is_noticed():
    with pytest.raises(AssertionError):
        holds("grad(mt.relu)(0.0)", "1.0")
    with pytest.raises(AssertionError):
        holds("grad(np.sqrt)(0.0)", "nan")
