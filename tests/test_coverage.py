"""Every function that NumPy lets a type take over is known, or refused with a reason."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import microtensor as mt
from microtensor.primitives import registry

_spec = importlib.util.spec_from_file_location(
    "list_functions", Path(__file__).parent.parent / "docs" / "list_functions.py"
)
listing = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(listing)


def test_no_function_of_numpys_is_forgotten():
    assert listing.forgotten() == []


def test_a_function_that_is_forgotten_is_named():
    without = {fn: entry for fn, entry in registry.items() if fn is not np.tanh}
    assert "numpy.tanh" in listing.forgotten(without)


def test_all_that_numpy_publishes_is_listed_once():
    names = listing.overridable()
    assert len(names) == len(set(names.values()))
    published = [
        *np.testing.overrides.get_overridable_numpy_ufuncs(),
        *np.testing.overrides.get_overridable_numpy_array_functions(),
    ]
    assert len(names) == len(set(published))


def test_each_refusal_has_a_reason_that_is_a_sentence():
    reasons = {e.reason for e in registry.values() if e.word == "unsupported"}
    assert reasons
    assert all(r[0].isupper() and r.endswith(".") and len(r) > 20 for r in reasons)


def test_a_refused_function_says_so_when_it_is_called():
    with pytest.raises(mt.errors.MissingRuleError, match="is not supported on Values"):
        np.roots(mt.Value([1.0, -3.0, 2.0]))


def test_the_page_is_what_is_known_today():
    assert listing.PAGE.read_text(encoding="utf-8") == listing.page(), (
        "docs/coverage.md is older than the rules: run python docs/list_functions.py"
    )
