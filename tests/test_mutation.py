"""The mutation run alters one thing at a time, inside of functions, and nothing else."""

import ast

import pytest
from mutation.__main__ import differing, put_in_place, things_that_keep_code
from mutation.alterations import mutants

SOURCE = '''
import numpy as np
HALF = 0.5
differentiable = print

def rule(g, y, a, b, keepdims=True):
    """1 + 1"""
    if a < 2 and not keepdims:
        raise ValueError(f"{a + 1}")
    return g * a - np.sin(b)

other = lambda x: x if x else -x
differentiable(np.exp, lambda g, y, x: g)
'''


def test_each_mutant_differs_from_the_file_in_one_place():
    found = {(m.function, m.before, m.after) for m in mutants(SOURCE)}
    assert found == {
        ("rule", "a < 2 and (not keepdims)", "a < 2 or not keepdims"),
        ("rule", "a < 2", "a <= 2"),
        ("rule", "a < 2", "b < 2"),
        ("rule", "a < 2", "a < 3"),
        ("rule", "a < 2 and (not keepdims)", "a < 2 and keepdims"),
        ("rule", "g * a - np.sin(b)", "-(g * a - np.sin(b))"),
        ("rule", "g * a - np.sin(b)", "1.01 * (g * a - np.sin(b))"),
        ("rule", "g * a - np.sin(b)", "g * a + np.sin(b)"),
        ("rule", "g * a - np.sin(b)", "np.sin(b) - g * a"),
        ("rule", "g * a", "g / a"),
        ("rule", "g * a", "y * a"),
        ("rule", "g * a", "g * b"),
        ("rule", "np.sin(b)", "np.cos(b)"),
        ("rule", "np.sin(b)", "np.sin(a)"),
        ("<lambda>", "x if x else -x", "-x if x else x"),
        ("<lambda>", "x if x else -x", "x if x else x"),
        ("np.exp", "lambda g, y, x: g", "lambda g, y, x: -g"),
        ("np.exp", "lambda g, y, x: g", "lambda g, y, x: 1.01 * g"),
        ("np.exp", "lambda g, y, x: g", "lambda g, y, x: y"),
    }
    original = ast.dump(ast.parse(SOURCE))
    assert all(ast.dump(m.tree) != original for m in mutants(SOURCE))


@pytest.mark.parametrize(
    "mutant", [m for m in mutants(SOURCE) if "x if" in m.before], ids=lambda m: m.after
)
def test_a_mutant_takes_the_place_of_the_code_of_its_function_alone(mutant):
    original = compile(SOURCE, "rules.py", "exec")
    namespace: dict = {}
    exec(original, namespace)
    pairs = list(differing(original, compile(mutant.tree, "rules.py", "exec")))
    assert [old.co_name for old, _ in pairs] == ["<lambda>"]  # the innermost; here, the only one
    assert namespace["other"](-2.0) == -2.0
    put_in_place(pairs, things_that_keep_code("rules.py"))
    assert namespace["other"](-2.0) == (2.0 if mutant.after == "-x if x else x" else -2.0)
    assert namespace["other"](0.0) == 0.0


def test_a_file_differs_from_itself_nowhere():
    assert list(differing(compile(SOURCE, "r.py", "exec"), compile(SOURCE, "r.py", "exec"))) == []
