"""Formulas of derivatives: traced from the rules, exact as numbers, and readable as text."""

import math

import numpy as np
import pytest
import scipy.special

import microtensor as mt
from microtensor import Value, contributing
from microtensor.viz import formulas
from microtensor.viz.counterparts import javascript
from microtensor.viz.formulas import (
    contribution_formula,
    exact_call,
    forward_formula,
    general_formulas,
    local_derivative,
)
from microtensor.viz.notation import latex, latex_name, latex_text, text
from microtensor.viz.terms import Term, number, simplified, symbol

NAMES = {"y": "y", "g": "g", 0: "a", 1: "b", 2: "c"}

# What is computed, the formula of it, and of its derivatives with respect to its operands
WRITTEN = [
    (lambda a, b: a * b, "a·b", ["b", "a"]),
    (lambda a, b: a + b, "a + b", ["1", "1"]),
    (lambda a, b: a - b, "a − b", ["1", "−1"]),
    (lambda a, b: a / b, "a/b", ["1/b", "−y/b"]),
    (lambda a, b: a * a, "a·b", ["a", "a"]),
    (lambda a, b: a**2, "a²", ["2·a"]),
    (lambda a, b: a**3, "a³", ["3·a²"]),
    (lambda a, b: a**-1, "a⁻¹", ["−a⁻²"]),
    (lambda a, b: a**0.5, "a^½", ["½·a^(−0.5)"]),
    (lambda a, b: a**b, "a^b", ["b·a^(b − 1)", "y·ln(a)"]),
    (lambda a, b: -a, "−a", ["−1"]),
    (lambda a, b: 3 * a, "3·b", ["3"]),
    (lambda a, b: 1 - a, "1 − b", ["−1"]),
    (lambda a, b: np.tanh(a), "tanh(a)", ["1 − y²"]),
    (lambda a, b: mt.sigmoid(a), "σ(a)", ["y·(1 − y)"]),
    (lambda a, b: mt.relu(a), "ReLU(a)", ["[a > 0]"]),
    (lambda a, b: mt.leaky_relu(a), "leaky_relu(a)", ["(1 if a > 0, else 0.01)"]),
    (lambda a, b: np.exp(a), "exp(a)", ["y"]),
    (lambda a, b: np.log(a), "ln(a)", ["1/a"]),
    (lambda a, b: np.sqrt(a), "√a", ["1/(2·y)"]),
    (lambda a, b: abs(a), "|a|", ["sign(a)"]),
    (lambda a, b: np.sin(a), "sin(a)", ["cos(a)"]),
    (lambda a, b: np.arctan2(a, b), "arctan2(a, b)", ["b/(a² + b²)", "−a/(a² + b²)"]),
    (lambda a, b: np.maximum(a, b), "max(a, b)", ["[a > b] + ½·[a = b]", "[b > a] + ½·[b = a]"]),
    (lambda a, b: mt.softplus(a), "softplus(a)", ["(1 if a > 20, else σ(a))"]),
    (lambda a, b: mt.silu(a), "silu(a)", ["σ(a)·(1 + a·(1 − σ(a)))"]),
]  # fmt: skip


def derivatives(y):
    return [
        local_derivative(y, i)
        for i, a in enumerate(y.args)
        if isinstance(a, Value) and a.requires_grad
    ]


@pytest.mark.parametrize(("f", "forward", "backward"), WRITTEN)
def test_a_call_and_its_derivatives_are_written_as_in_a_textbook(f, forward, backward):
    y = f(Value(2.0), Value(3.0))
    assert text(forward_formula(y), NAMES) == forward
    assert [text(d, NAMES) for d in derivatives(y)] == backward


def evaluate(term, values):
    """Compute a formula with NumPy, as an oracle of what it says."""
    op, args = term
    if op == "number":
        return args[0]
    if op == "symbol":
        return values[args[0]]
    parts = [evaluate(a, values) for a in args]
    if op == "holds":
        return float(parts[0])
    own = {
        "sigmoid": scipy.special.expit, "normal_cdf": scipy.special.ndtr, "relu": mt.relu,
        "logsigmoid": mt.logsigmoid,
    }  # fmt: skip
    return float(own[op](*parts)) if op in own else float(getattr(np, op)(*parts))


FUNCTIONS = {
    **{f"written {i}": row[0] for i, row in enumerate(WRITTEN)},
    "gelu": lambda a, b: mt.gelu(a), "elu": lambda a, b: mt.elu(a),
    "clip": lambda a, b: np.clip(a, -1, 1), "hypot": lambda a, b: np.hypot(a, b),
    "minimum": lambda a, b: np.minimum(a, b), "where": lambda a, b: np.where(a > 0, a, b),
    "logaddexp": lambda a, b: np.logaddexp(a, b), "log1p": lambda a, b: np.log1p(a),
    "cbrt": lambda a, b: np.cbrt(a), "square": lambda a, b: np.square(a),
    "reciprocal": lambda a, b: np.reciprocal(a), "arctan": lambda a, b: np.arctan(a),
    "logsigmoid": lambda a, b: mt.logsigmoid(a), "hardtanh": lambda a, b: mt.hardtanh(a),
    "remainder": lambda a, b: a % b, "expm1": lambda a, b: np.expm1(a),
}  # fmt: skip
POINTS = [(2.0, 3.0), (0.25, 0.5), (3.0, 0.5), (1.0, 1.0), (25.0, 2.0)]
NEGATIVE_POINTS = [(-0.5, 2.0), (-2.0, 0.5), (-3.0, -1.0)]
UNDEFINED_BELOW_0 = {np.power, np.log, np.sqrt, np.log1p}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_formula_computes_what_the_rule_computes(name):
    f = FUNCTIONS[name]
    seen = 0
    for a, b in POINTS + NEGATIVE_POINTS:
        if f(Value(1.5), Value(1.5)).fn in UNDEFINED_BELOW_0 and a < 0:
            continue
        y = f(Value(a), Value(b))
        values = {"y": float(y), **{i: float(getattr(x, "data", x)) for i, x in enumerate(y.args)}}
        for position, _, sent in contributing.contributions(y, 1.0):
            term = local_derivative(y, position)
            assert math.isclose(evaluate(term, values), float(sent), rel_tol=1e-12, abs_tol=1e-15)
            seen += 1
    assert seen >= 5


def test_a_wrong_formula_would_be_noticed():
    y = np.tanh(Value(0.5))
    wrong = simplified("add", number(1), simplified("power", symbol("y"), number(2)))
    assert not math.isclose(evaluate(wrong, {"y": float(y)}), 1 - float(y) ** 2, rel_tol=1e-12)


def test_a_formula_that_depends_on_the_numbers_is_traced_anew():
    inside, outside = np.clip(Value(0.5), 0, 1), np.clip(Value(2.5), 0, 1)
    assert [text(local_derivative(y, 0), NAMES) for y in (inside, outside)] == ["1", "0"]


def test_products_of_matrices_keep_their_order_in_the_chain_rule():
    x, w = Value(np.ones((6, 2))), Value(np.ones((2, 3)))
    y = x @ w
    assert text(contribution_formula(y, 0), NAMES) == "g @ bᵀ"
    assert text(contribution_formula(y, 1), NAMES) == "aᵀ @ g"
    assert latex(contribution_formula(y, 1), NAMES) == r"{a}^{\top}\,g"


def test_tracing_leaves_no_gradient_and_no_trace():
    x = Value(0.5)
    y = np.tanh(x)
    local_derivative(y, 0)
    assert x.grad is None
    assert y.grad is None
    with mt.no_grad():
        assert text(local_derivative(y, 0), NAMES) == "1 − y²"


def test_no_formula_where_there_is_no_derivative():
    y = mt.Value([1.0, 2.0])[0]
    assert contribution_formula(y, 1) is None


def test_the_formulas_that_are_kept_do_not_grow_for_ever(monkeypatch):
    monkeypatch.setattr(formulas, "_MOST_KEPT", 3)
    formulas._KEPT.clear()
    for n in range(2, 12):
        local_derivative(Value(2.0) * n, 0)
    assert len(formulas._KEPT) <= 3


SIMPLE = [
    (("multiply", number(1), symbol("x")), symbol("x")),
    (("multiply", symbol("x"), number(0)), number(0)),
    (("add", number(0), symbol("x")), symbol("x")),
    (("add", symbol("x"), symbol("x")), Term("multiply", (number(2), symbol("x")))),
    (("subtract", symbol("x"), number(0)), symbol("x")),
    (("negative", Term("negative", (symbol("x"),))), symbol("x")),
    (("divide", symbol("x"), number(1)), symbol("x")),
    (("power", symbol("x"), number(1)), symbol("x")),
    (("power", symbol("x"), number(0)), number(1)),
    (("multiply", number(2), number(3)), number(6)),
    (("where", number(0), symbol("x"), symbol("y")), symbol("y")),
]


@pytest.mark.parametrize(("given", "simple"), SIMPLE)
def test_terms_are_made_simple(given, simple):
    assert simplified(*given) == simple


def test_brackets_stand_where_they_are_needed_only():
    x, y = symbol("x"), symbol("y")
    difference = Term("subtract", (x, y))
    names = {"x": "x", "y": "y"}
    cases = {
        Term("subtract", (x, difference)): "x − (x − y)",
        Term("subtract", (difference, y)): "x − y − y",
        Term("multiply", (x, difference)): "x·(x − y)",
        Term("divide", (x, Term("multiply", (x, y)))): "x/(x·y)",
        Term("power", (difference, number(2))): "(x − y)²",
        Term("negative", (difference,)): "−(x − y)",
        Term("tanh", (difference,)): "tanh(x − y)",
    }
    assert {text(term, names): written for term, written in cases.items()} == {
        written: written for written in cases.values()
    }


def test_a_name_that_is_an_expression_is_bracketed():
    term = Term("multiply", (symbol(0), symbol(1)))
    assert text(term, {0: "a + b", 1: "c"}) == "(a + b)·c"


@pytest.mark.parametrize("exponent", [2.0, 3.0])
def test_what_wants_no_gradient_stays_a_symbol(exponent):
    """A rule computes with it, and what it computes is not this one number."""
    w, c = Value(1.5), Value(exponent, requires_grad=False)
    assert text(local_derivative(w**c, 0), NAMES) == "b·a^(b − 1)"
    general = general_formulas(w**c, frozenset())
    assert text(general.locals[0], NAMES) == "b·a^(b − 1)"


def test_general_formulas_keep_what_their_rule_asks_but_at_single_points():
    a, b = Value(0.3), Value(0.7)

    def told(made):
        return [text(t, NAMES) for t in general_formulas(made, frozenset()).locals.values()]

    assert told(a**b) == ["b·a^(b − 1)", "y·ln(a)"]
    assert told(np.clip(a, -1.0, 2.0)) == ["[a ≥ −1 and a ≤ 2]"]
    assert told(np.fmax(a, b)) == ["[a ≥ b]", "[not (a ≥ b)]"]
    assert told(np.where(a > b, a, b)) == ["[a]", "[not a]"]
    assert told(np.sign(a)) == ["0"]
    assert told(np.mean(a)) == ["1"]


def test_an_exact_call_has_its_options_as_numbers():
    a = Value(0.3)
    assert exact_call(mt.leaky_relu(a, 0.2)) == Term("leaky_relu", (symbol(0), number(0.2)))
    assert exact_call(mt.gelu(a)) == Term("gelu[none]", (symbol(0),))
    bounds = (symbol(0), number(-np.inf), number(1))
    assert exact_call(np.clip(a, None, 1.0)) == Term("clip", bounds)
    assert exact_call(np.round(a, 2)) == Term("round", (symbol(0), number(2)))


def test_logic_is_written_in_words_and_signs():
    a, b = Term("greater", (symbol(0), number(1))), Term("less", (symbol(1), number(2)))
    for op, written, tex in (
        ("logical_and", "a > 1 and b < 2", r"a > 1 \land b < 2"),
        ("logical_or", "a > 1 or b < 2", r"a > 1 \lor b < 2"),
    ):
        term = Term("holds", (Term(op, (a, b)),))
        assert text(term, NAMES) == f"[{written}]"
        assert latex(term, NAMES) == rf"\left[{tex}\right]"
    assert latex(Term("logical_not", (a,)), NAMES) == r"\lnot \left(a > 1\right)"
    assert simplified("logical_or", a, number(0)) == a
    assert simplified("logical_and", a, number(0)) == number(0)
    assert simplified("logical_not", Term("equal", (symbol(0), symbol(1)))).op == "not_equal"


def test_javascript_says_what_it_cannot_say():
    assert javascript(local_derivative(mt.sigmoid(Value(1.0)), 0), NAMES) == "(y*(1-y))"
    assert javascript(forward_formula(mt.gelu(Value(1.0))), NAMES) is None


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("w5", "w_{5}"),
        ("x", "x"),
        ("out_h1", r"\mathit{out}_{h1}"),
        ("layers.0.weight", r"\mathrm{layers.0.weight}"),
        ("a}{b", r"\mathrm{a\}\{b}"),
        (r"\evil", r"\mathrm{\backslash evil}"),
    ],
)
def test_names_are_escaped_in_latex(name, written):
    assert latex_name(name) == written


def test_no_text_becomes_a_command_of_latex():
    assert latex_text("$x^2$ \\input{a} %") == (
        r"\$x\hat{\ }2\$\ \backslash input\{a\}\ \%"
    )  # fmt: skip
