"""The page of benchmarks says what its file of results says, and its script finds the tables."""

import copy
import importlib.util
import json
import re
from pathlib import Path

import pytest

from benchmarks.races import RACES

DOCS = Path(__file__).parent.parent / "docs"
TEXT = (DOCS / "benchmarks.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script():
    path = DOCS / "list_benchmarks.py"
    spec = importlib.util.spec_from_file_location("list_benchmarks", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def whole():
    """Results of every race, made up: each contestant takes 1.5 times what the one before does."""
    races = {}
    for name, race in RACES.items():
        keys = [c.key for c in race.contestants if not c.excuse]
        races[name] = {
            "contestants": {
                a: {"over": {b: 1.5 ** (i - j) for j, b in enumerate(keys) if a != b}}
                for i, a in enumerate(keys)
            }
        }
    return {"versions": {"python": "3.11.7", "torch": "2.13.0", "jax": "0.10.2"}, "races": races}


def tables(text):
    """Read the tables of a page: lists of rows of cells."""
    found = re.findall(r"(?:^\|.*\|\n)+", text, flags=re.M)
    return [[[c.strip() for c in row[1:-1].split("|")] for row in t.splitlines()] for t in found]


def test_the_page_says_what_was_measured(script):
    data = json.loads(script.DATA.read_text(encoding="utf-8"))
    assert script.page(TEXT, data) == TEXT, "run: python docs/list_benchmarks.py"


def test_another_figure_is_another_page(script):
    data = json.loads(script.DATA.read_text(encoding="utf-8"))
    changed = copy.deepcopy(data)
    changed["races"]["mlp-tiny"]["contestants"]["microtensor"]["over"]["pytorch"] = 7.77
    assert "| 7.77 |" in script.page(TEXT, changed)


def test_every_race_has_its_place_and_every_table_is_square(script, whole):
    text = script.page(TEXT, whole)
    found = tables(text)
    assert len(found) == 7
    for table in found:
        assert {len(row) for row in table} == {len(table[0])}
        assert all(re.fullmatch(r"\d+\.\d+|0\.0\d+|\d+|–", c) for row in table[2:] for c in row[2:])
    assert "Not measured" not in text
    assert sum(len(table) - 2 for table in found) == sum(
        key in race["contestants"] for race in whole["races"].values() for key in script.OURS
    )


def test_each_command_of_the_page_names_races(script):
    named = re.findall(r"--only (\S+)", TEXT)
    assert {r.partition("-")[0] for r in RACES} == {n.partition("-")[0] for n in named}


def test_a_figure_stands_in_its_row_and_column(script, whole):
    keys = [c.key for c in RACES["mlp-tiny"].contestants]
    expected = 1.5 ** (keys.index("compiled") - keys.index("jax"))
    mlp = tables(script.page(TEXT, whole))[0]
    assert mlp[0][4] == "JAX"
    assert mlp[3][:2] == ["", "compiled"]
    assert float(mlp[3][4]) == pytest.approx(expected, abs=0.005)


def test_the_readme_is_written_where_its_tables_stand(script, whole):
    text = script.README.read_text(encoding="utf-8")
    new = script.readme(text, whole)
    shapes = [[(len(t), len(t[0])) for t in tables(x)] for x in (text, new)]
    assert shapes[0] == shapes[1]
    changed = [a for a, b in zip(text.splitlines(), new.splitlines(), strict=True) if a != b]
    assert all(line.startswith("|") for line in changed)
    assert "| MLP (batch) | hand-written NumPy | PyTorch 2.13 | JAX 0.10, jit |" in new
    assert script.readme(new, whole) == new


def test_a_page_without_a_place_for_a_table_is_objected_to(script, whole):
    with pytest.raises(AssertionError, match="0 places for the table 'mlp'"):
        script.page(TEXT.replace("<!-- mlp -->", ""), whole)


def test_the_sentence_has_the_other_figures(script, whole):
    assert "A chain: 0.67 of PyTorch's time a step and 0.44 of autograd's." in script.sentence(
        whole
    )
