"""Pages for those who come from elsewhere: what they say of the others is run, and compared.

Both columns of each page are run, and what they give must agree wherever both give numbers. Those
of libraries that are not installed are left out, by name.
"""

import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from phrasebooks import PAGES, read

os.environ.setdefault("KERAS_BACKEND", "jax")
MODULES = {"pytorch": "torch"}  # where it is not the name of the page
RANDOM = {  # rows of models whose first weights are drawn at random, or counted otherwise
    "micrograd": [
        "`model([1.0, -2.0])`",
        "`len(model.parameters())`, numbers",
        "`sum((1 - yi * si).relu() for yi, si in zip(wanted, scores)) * (1 / 2)`",
        "`sum((si - yi) ** 2 for yi, si in zip(wanted, scores)) * (1 / 2)`",
        "`1e-4 * sum(p * p for p in model.parameters())`",
    ],
    "pytorch": [
        "`torch.utils.checkpoint.checkpoint(net, x, use_reentrant=False)`",
        "`torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)`",
    ],
    "keras": ["`model(x)`"],
}


def numbers(x):
    """Give what a cell gave as an array of its own, or None if it is no array of numbers."""
    x = x.detach() if hasattr(x, "detach") else x
    x = x if isinstance(x, np.ndarray) else getattr(x, "data", x)
    try:
        array = np.array(x)
    except Exception:  # it is nothing that has numbers
        return None
    return array if array.dtype.kind in "fiub" else None


def compared(text):
    """Run both columns; give how many results were compared, and the rows that differ."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the others warn of is their own
        sides = [read(text, side, numbers) for side in ("there", "here")]
    count, different = 0, []
    for (piece, there), (_, here) in zip(*sides, strict=True):
        for a, b in zip(there, here, strict=False):
            if a is not None and b is not None:
                count += 1
                if a.shape != b.shape or not np.allclose(a, b, rtol=1e-4, atol=1e-5):
                    different.append(piece.cells[0])
    return count, different


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_both_columns_give_the_same(page, tmp_path, monkeypatch):
    pytest.importorskip(MODULES.get(page.stem, page.stem))
    monkeypatch.chdir(tmp_path)
    count, different = compared(page.read_text())
    assert different == RANDOM.get(page.stem, [])
    assert count >= 10


def test_columns_that_differ_are_noticed():
    text = (
        "| numpy | here |\n|---|---|\n| `1.0 + 1` | `3.0` |\n| `[1]` | `[1, 1]` |\n| `5` | `5` |\n"
    )
    assert compared(text) == (3, ["`1.0 + 1`", "`[1]`"])
