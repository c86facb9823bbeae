"""The page of growth says what its script measures, and what it says is linear in depth."""

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


def script():
    spec = importlib.util.spec_from_file_location("growth", DOCS / "growth.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(text, by):
    """Read a table of the page: the number of layers or units, and three times in seconds."""
    body = re.search(rf"\| {by} \|.*\n\|[-:|]+\n((?:\|.*\n)+)", text)[1]
    found = []
    for line in body.splitlines():
        n, plain, compiled, _, first = (cell.strip() for cell in line.strip("|").split("|"))
        times = [float(x.split()[0]) * UNITS[x.split()[1]] for x in (plain, compiled, first)]
        found.append((int(n.replace(",", "")), *times))
    return found


def test_the_page_has_what_the_script_measures(tmp_path):
    growth = script()
    deeper, wider = growth.growth((1, 2), (4, 8), rounds=1)
    text = growth.page((DOCS / "growth.md").read_text(encoding="utf-8"), deeper, wider)
    assert [row[0] for row in rows(text, "layers")] == [1, 2]
    assert [row[0] for row in rows(text, "width")] == [4, 8]
    for row, point in zip(rows(text, "layers"), deeper, strict=True):
        assert row[1:] == pytest.approx((point.plain, point.compiled, point.first), rel=0.01)
    path = growth.figure(deeper, wider).save(tmp_path / "growth.svg")
    drawn = path.read_text(encoding="utf-8")
    assert drawn.count("<!-- seconds by") == 2  # the text of a title beside its shapes
    assert "seconds by layers" in drawn.split("</title>")[0]  # and what a screen reader says


def test_all_that_the_page_says_is_linear_in_depth():
    text = (DOCS / "growth.md").read_text(encoding="utf-8")
    growth = script()
    found = rows(text, "layers")
    assert [row[0] for row in found] == list(growth.DEPTHS)
    assert [row[0] for row in rows(text, "width")] == list(growth.WIDTHS)
    by_depth = {row[0]: row[1:] for row in found}
    for shallow, deep in zip(by_depth[100], by_depth[1000], strict=True):
        assert 6 < deep / shallow < 16  # with the square it would be 100
