"""How the worked examples that others published are read, run and compared.

A file of `published/` holds entries; a test file holds a program for each, by its name, or several:
one on numbers as the textbook writes it, one on arrays. A program takes the entry's inputs and
gives what the entry prints, under the same keys.
"""

import copy
import json
from pathlib import Path

import numpy as np
import pytest

from microtensor import Value

FOLDER = Path(__file__).parent / "published"


def published(name):
    """Read one file of published numbers."""
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


class Examples:
    """The entries of a file, and the programs that reproduce them."""

    def __init__(self, name):
        self.entries = {entry["id"]: entry for entry in published(name)}
        self.programs = {}

    def program(self, function):
        """Keep a program for the entry that its name begins with."""
        self.programs[function.__name__] = function
        return function

    def cases(self):
        """Pair each program with its entry."""
        return [
            pytest.param(self.entries[name.removesuffix("__arrays")], run, id=name)
            for name, run in self.programs.items()
        ]

    def without_a_program(self):
        """The entries that nothing reproduces."""
        return self.entries.keys() - {name.removesuffix("__arrays") for name in self.programs}


def compare(results, entry):
    """Object unless the results are those printed, to the printed digits, and those computed."""
    results = numbers(results)
    assert results.keys() == entry["computed"].keys()
    for key, printed in entry["published"].items():
        np.testing.assert_allclose(
            results[key], printed, rtol=1e-14, atol=entry["tolerance"], err_msg=key
        )
    for key, computed in entry["computed"].items():
        np.testing.assert_allclose(results[key], computed, rtol=1e-12, atol=1e-12, err_msg=key)


def numbers(tree):
    """The plain numbers of Values, in lists and dicts."""
    if isinstance(tree, dict):
        return {key: numbers(branch) for key, branch in tree.items()}
    if isinstance(tree, list | tuple):
        return [numbers(branch) for branch in tree]
    return tree.data if isinstance(tree, Value) else tree


def off_in_one_place(results):
    """Give the results again and again, each time with another number off by a billionth."""
    for *path, last in _leaves(results):
        results_again = copy.deepcopy(results)
        place = results_again
        for key in path:
            place = place[key]
        place[last] += 1e-9 * max(1, abs(place[last]))
        yield results_again


def _leaves(tree, path=()):
    if not isinstance(tree, dict | list):
        return [path]
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    return [leaf for key, branch in items for leaf in _leaves(branch, (*path, key))]
