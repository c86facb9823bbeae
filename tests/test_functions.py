"""Every function that the library knows has a row in the table of samples, and of each row:

its value is NumPy's; its first derivatives, in reverse and in forward mode, and its second agree
with independent oracles; float32 stays float32; how numbers lie in memory makes no difference;
gradients are arrays of their own; and the oracle objects when a rule is wrong.
"""

import operator

import numpy as np
import pytest
from oracles import (
    DIFFERENCED,
    EPS,
    DisagreementError,
    check_first,
    check_reverse,
    check_second,
    leaves,
    numbers,
    rate,
    weights,
)
from samples import ROWS

import microtensor as mt
from microtensor import Value
from microtensor.graph import ancestors
from microtensor.primitives import Known, name_of, registry

HOME = ("numpy", "_operator", "microtensor.ops")  # others' functions have their own tests


def on_values(row, case, inputs):
    """Call on Values of the drawn inputs; constants stay plain."""
    drawn = set(case.places)
    return case.call(row.fn, [Value(x) if n in drawn else x for n, x in enumerate(inputs)])


def of_drawn(case, inputs, fn):
    """Give the call as a function of the drawn inputs alone, and these."""

    def f(*xs):
        full = list(inputs)
        for place, x in zip(case.places, xs, strict=True):
            full[place] = x
        return case.call(fn, full)

    return f, [inputs[place] for place in case.places]


def has_a_slope(row):
    """Tell whether a row's function is differentiable; steps and shapes are not."""
    case, inputs = next(row.samples())
    return all(
        isinstance(y, Value) and y.requires_grad and registry[y.fn].word == "differentiable"
        for y in leaves(on_values(row, case, inputs))
    )


SMOOTH = [row for row in ROWS if has_a_slope(row)]
STEPS = [row for row in ROWS if row not in SMOOTH]


def of_rows(rows):
    return pytest.mark.parametrize("row", rows, ids=repr)


def assert_same_numbers(found, expected, eps=EPS):
    """Equal shapes; numbers equal but for the rounding of some dozen operations."""
    for a, b in zip(numbers(found), numbers(expected), strict=True):
        assert a.shape == b.shape
        if b.dtype.kind == "f":
            size = np.max(np.abs(b), initial=1.0, where=np.isfinite(b))
            np.testing.assert_allclose(a, b, rtol=64 * eps, atol=64 * eps * size)
        else:
            np.testing.assert_array_equal(a, b)


# The table


def ours(fn):
    return isinstance(fn, np.ufunc) or str(fn.__module__).startswith(HOME)


def functions_without_a_row(rows):
    sampled = {row.fn for row in rows} | {fn for row in rows for fn in row.through}
    return [
        name_of(fn)
        for fn, entry in registry.items()
        if ours(fn) and fn not in sampled and entry.word != "unsupported"
    ]


def test_every_function_that_the_library_knows_has_a_row():
    assert functions_without_a_row(ROWS) == []
    assert functions_without_a_row([r for r in ROWS if r.fn is not np.cbrt]) == ["numpy.cbrt"]


def test_a_function_has_one_row():
    names = [row.name for row in ROWS if row.fn in registry and "(" not in row.name]
    assert sorted(names) == sorted(set(names))


@of_rows([row for row in ROWS if row.through])
def test_a_row_samples_what_it_says_that_its_function_is_rewritten_with(row):
    for case, inputs in row.samples():
        recorded = {n.fn for y in leaves(on_values(row, case, inputs)) for n in ancestors(y)}
        if set(row.through) <= recorded:
            return
    pytest.fail(f"{row} never goes through {[name_of(fn) for fn in row.through]}")


def test_every_function_with_a_rule_is_sampled_where_it_is_differentiable():
    smooth = {row.fn for row in SMOOTH} | {fn for row in SMOOTH for fn in row.through}
    assert [name_of(fn) for fn in differentiable_functions() if fn not in smooth] == []


def differentiable_functions():
    return [fn for fn, entry in registry.items() if entry.word == "differentiable" and ours(fn)]


def test_most_rows_meet_the_complex_step_and_the_others_are_known():
    """Else all could fall back on differences, whose tolerance is looser, unseen."""
    differenced = set()
    for row in SMOOTH:
        for case, inputs in row.samples():
            reference, xs = of_drawn(case, inputs, row.value)
            y = reference(*xs)
            u = weights(y, np.random.default_rng(0))
            if rate(reference, xs, [np.ones_like(x) for x in xs], u).tolerance == DIFFERENCED:
                differenced.add(row.name)
    assert differenced == {row.name for row in ROWS if row.differenced}


# Values


@of_rows(ROWS)
def test_the_value_is_numpys(row):
    for case, inputs in row.samples():
        before = [np.copy(x) if isinstance(x, np.ndarray) else x for x in inputs]
        y = on_values(row, case, inputs)
        assert_same_numbers(y, case.call(row.value, inputs))
        for x, b in zip(inputs, before, strict=True):
            if isinstance(x, np.ndarray):
                np.testing.assert_array_equal(x, b)


def fused(row):
    return row.fn in registry and registry[row.fn].stands_for is not None


@of_rows([row for row in ROWS if fused(row)])
def test_what_a_fused_function_stands_for_has_its_value(row):
    for case, inputs in row.samples():
        spelled = on_values(row, case, inputs)
        composite = case.call(
            registry[row.fn].stands_for,
            [Value(x) if i in set(case.places) else x for i, x in enumerate(inputs)],
        )
        assert_same_numbers(composite, case.call(row.value, inputs), eps=64 * EPS)
        assert len(leaves(spelled)) == len(leaves(composite))


@of_rows([row for row in ROWS if row.fn in registry and row.value is not row.fn])
def test_a_function_that_numpy_lacks_gives_plain_numbers_for_plain_arrays(row):
    for case, inputs in row.samples():
        y = case.call(row.fn, inputs)
        assert not isinstance(y, Value)
        assert_same_numbers(y, case.call(row.value, inputs))


LAYOUTS = {
    "in Fortran's order": lambda x: np.reshape(x.T.ravel(), x.shape[::-1]).T,
    "from last to first": lambda x: np.concatenate([x[::-1]])[::-1],
    "with others between": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
}


@of_rows(SMOOTH)
def test_how_numbers_lie_in_memory_makes_no_difference(row):
    whole = [(c, i) for c, i in row.samples() if any(np.ndim(i[place]) for place in c.places)]
    for n, (case, inputs) in enumerate(whole):
        f, xs = of_drawn(case, inputs, row.fn)
        y, pull = mt.vjp(f, *xs)
        # Every way to lie for the first sample, then in turn: the rows have hundreds.
        for lay in list(LAYOUTS.values())[slice(None) if n == 0 else slice(n % 3, n % 3 + 1)]:

            def g(*xs, f=f, lay=lay):
                return f(*(lay(x) if x.ndim else x for x in xs))

            laid, pull_laid = mt.vjp(g, *xs)
            assert_same_numbers(laid, y)
            u = weights(y, np.random.default_rng(n))
            assert_same_numbers(pull_laid(u), pull(u))


def test_the_layouts_are_what_they_say():
    x = Value(np.arange(6.0).reshape(2, 3))
    turned, backwards, between = (lay(x).data for lay in LAYOUTS.values())
    assert turned.flags.f_contiguous
    assert not turned.flags.c_contiguous
    assert backwards.strides == (-24, 8)
    assert between.strides == (48, 16)


@of_rows(STEPS)
def test_a_function_of_steps_or_shapes_has_a_gradient_of_zero_or_none(row):
    for case, inputs in row.samples():
        f, xs = of_drawn(case, inputs, row.fn)
        drawn = [Value(x) for x in xs]
        for y in leaves(f(*drawn)):
            if getattr(y, "requires_grad", False):
                assert y.dtype.kind == "f"
                y.backward(np.ones(y.shape))
                assert all(not np.any(v.grad) and np.shape(v.grad) == v.shape for v in drawn)


# Derivatives


@of_rows(SMOOTH)
def test_first_derivatives_of_both_modes_agree_with_the_oracle(row):
    for n, (case, inputs) in enumerate(row.samples()):
        f, xs = of_drawn(case, inputs, row.fn)
        check_first(f, of_drawn(case, inputs, row.value)[0], xs, seed=n)


@of_rows(SMOOTH)
def test_second_derivatives_agree_with_differences_of_the_first(row):
    for n, (case, inputs) in enumerate(row.samples()):
        f, xs = of_drawn(case, inputs, row.fn)
        check_second(f, xs, seed=n)


@of_rows(SMOOTH)
def test_gradients_are_arrays_of_their_own(row):
    """Clipping them, or adding to them, in place must change nothing else."""
    for n, (case, inputs) in enumerate(row.samples()):
        f, xs = of_drawn(case, inputs, row.fn)
        leaf = [Value(x) for x in xs]
        ys = leaves(f(*leaf))
        u = weights([y.data for y in ys], np.random.default_rng(n))
        for y, seed in zip(ys, u, strict=True):
            y.backward(seed)
        arrays = [np.asarray(seed) for seed in u] + [np.asarray(x) for x in xs]
        arrays += [np.asarray(node._data) for y in ys for node in ancestors(y)]
        for v in leaf:
            if isinstance(v.grad, np.ndarray):
                assert v.grad.flags.writeable
                assert not any(np.may_share_memory(v.grad, a) for a in arrays)
                arrays.append(v.grad)


# float32


LIGHT = {
    "x": lambda x: x,
    "1.0 * x": lambda x: 1.0 * x,
    "x * 1": lambda x: x * 1,
    "x / 1.0": lambda x: x / 1.0,
    "x - 0": lambda x: x - 0,
    "x ** 1": lambda x: x**1,
    "x * Value(1.0)": lambda x: x * Value(1.0),
    "Value(0.0) + x": lambda x: Value(0.0) + x,
    "np.multiply(Value(1.0), x)": lambda x: np.multiply(Value(1.0), x),
    "np.exp(Value(0.0)) * x": lambda x: np.exp(Value(0.0)) * x,
    "np.where(True, Value(1.0), 2.0) * x": lambda x: np.where(True, Value(1.0), 2.0) * x,
    "Value([1.0]).sum().item() * x": lambda x: Value([1.0]).sum().item() * x,
}


def as_float32(x):
    return x.astype(np.float32) if isinstance(x, np.ndarray) and x.dtype == np.float64 else x


@of_rows([row for row in SMOOTH if not row.changes_dtype])
def test_float32_stays_float32_beside_numbers(row):
    tried = 0
    for case, inputs in row.samples():
        light = [as_float32(x) for x in inputs]
        f, xs = of_drawn(case, light, row.fn)
        expected = leaves(case.call(row.value, light))
        of_numpy = row.value is row.fn or isinstance(row.fn, np.ufunc)
        dtypes = [np.asarray(e).dtype if of_numpy else np.float32 for e in expected]
        if any(dtype != np.float32 for dtype in dtypes) or all(x.__class__ is float for x in xs):
            continue  # NumPy itself gives float64, for a list, an integer array or a number
        ways = LIGHT if tried == 0 else {"x": LIGHT["x"]}
        tried += 1
        for scaled in ways.values():
            leaf = [Value(x) for x in xs]
            ys = leaves(f(*map(scaled, leaf)))
            assert_same_numbers(ys, expected, eps=float(np.finfo(np.float32).eps))
            for y in ys:
                assert y.dtype == np.float32
                y.backward(np.ones(y.shape))
            for v, x in zip(leaf, xs, strict=True):
                assert np.asarray(v.grad).dtype == np.asarray(x).dtype
    light = not isinstance(row.fn, np.ufunc) or any(t.endswith("->f") for t in row.fn.types)
    assert tried or not light or {c.inputs[0].shape for c in row.cases} == {None}


# Wrong rules


def mutants(entry):
    """Give the entry with one rule wrong, for each of its rules and ways to be wrong."""
    ways = {"sign": lambda c: -c, "1.01": lambda c: 1.01 * c, "missing": lambda c: 0 * c}
    for way, spoil in ways.items():
        for position, rule in enumerate(entry.rules):
            if rule is not None and not getattr(rule, "refuses", False):
                yield f"{way} of operand {position}", spoilt(entry, position, rule, spoil)


def spoilt(entry, position, rule, spoil):
    def wrong(*args, **kwargs):
        return spoil(rule(*args, **kwargs))

    twin = Known(entry.fn, "differentiable", entry.rules, variadic=entry.variadic)
    twin.computed_by(entry.forward)
    twin.wanted = entry.wanted
    twin.rules = tuple(wrong if n == position else r for n, r in enumerate(entry.rules))
    twin.plain_rules = entry.plain_rules and twin.rules
    return twin


def objects(row):
    """Tell whether the oracle objects to any sample."""
    for n, (case, inputs) in enumerate(row.samples()):
        f, xs = of_drawn(case, inputs, row.fn)
        try:
            check_reverse(f, of_drawn(case, inputs, row.value)[0], xs, seed=n)
        except DisagreementError:
            return True
    return False


@pytest.mark.parametrize("fn", differentiable_functions(), ids=name_of)
def test_the_oracle_objects_to_each_rule_that_is_wrong(fn, monkeypatch):
    (row, *_) = [row for row in SMOOTH if fn is row.fn or fn in row.through]
    assert not objects(row)
    for what, wrong in list(mutants(registry[fn])):
        monkeypatch.setitem(registry, fn, wrong)
        assert objects(row), what


@of_rows([row for row in SMOOTH if row.fn not in registry])
def test_the_oracle_objects_to_a_wrong_operator_or_method(row, monkeypatch):
    case, inputs = next(row.samples())
    for fn in {n.fn for y in leaves(on_values(row, case, inputs)) for n in ancestors(y)} - {None}:
        for position, rule in enumerate(registry[fn].rules):
            if rule is not None:
                wrong = spoilt(registry[fn], position, rule, lambda c: 1.01 * c)
                monkeypatch.setitem(registry, fn, wrong)
    assert objects(row)


def test_the_oracle_of_second_derivatives_objects_to_a_rule_that_hides_an_input():
    @mt.primitive
    def cube(x):
        return x * x * x

    def hiding(g, y, x):
        return g * (3 * np.square(getattr(x, "data", x)))  # right numbers, but not recorded

    try:
        mt.differentiable(cube, hiding)
        check_first(cube, lambda x: x * x * x, [0.7])
        with pytest.raises(DisagreementError, match=r"^second derivative: 0\.0 should be "):
            check_second(cube, [0.7])
    finally:
        registry.pop(cube, None)


def test_the_oracle_objects_to_a_gradient_in_the_wrong_place():
    """A sum over all entries would not: the direction is random."""
    weight = np.array([1.0, 2.0])
    with pytest.raises(DisagreementError, match=r"^reverse mode: "):
        check_first(lambda x: (x * weight)[::-1], lambda x: x * weight, [np.array([0.5, 0.7])])


def test_check_gradients_agrees_with_the_rows_and_objects_to_a_wrong_rule(monkeypatch):
    inputs = next(row for row in SMOOTH if row.fn is np.multiply).cases[0].draw()
    assert mt.check_gradients(np.multiply, *inputs, order=2)
    entry = registry[np.multiply]
    monkeypatch.setitem(registry, np.multiply, spoilt(entry, 1, entry.rules[1], operator.neg))
    with pytest.raises(mt.errors.GradientCheckError):
        mt.check_gradients(np.multiply, *inputs)
