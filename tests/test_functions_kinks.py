"""Where a derivative does not exist, or is infinite, a convention decides: PyTorch's, unless noted.

And a Value of a Python number computes with Python's numbers, but gives what NumPy gives: inf and
nan where Python would raise or go complex.
"""

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value

INF, NAN = np.inf, np.nan
ROOT_8 = 8.0 ** (1 / 3)

# name, function, inputs, gradients by PyTorch 2 of the sum of the output
KINKS = [
    ("relu at 0", mt.relu, [[-1.0, 0.0, -0.0, 2.0]], [[0, 0, 0, 1]]),
    ("leaky_relu at 0", mt.leaky_relu, [[-1.0, 0.0, 2.0]], [[0.01, 0.01, 1]]),
    ("elu at 0", mt.elu, [[0.0]], [[1]]),
    ("abs at 0", np.abs, [[-1.0, 0.0, 2.0]], [[-1, 0, 1]]),
    ("sign", np.positive, [[0.0]], [[1]]),
    ("max, ties", np.max, [[1.0, 3.0, 3.0]], [[0, 0.5, 0.5]]),
    ("min, all tied", np.min, [[2.0, 2.0, 2.0, 2.0]], [[0.25] * 4]),
    ("max along an axis, ties", lambda x: np.max(x, axis=1), [[[1.0, 1.0], [0.0, 2.0]]],
     [[[0.5, 0.5], [0, 1]]]),
    ("maximum, equal", np.maximum, [[1.0, 2.0, 2.0], [2.0, 2.0, 1.0]], [[0, 0.5, 1], [1, 0.5, 0]]),
    ("minimum, equal", np.minimum, [[1.0, 2.0, 2.0], [2.0, 2.0, 1.0]], [[1, 0.5, 0], [0, 0.5, 1]]),
    ("clip at its bounds", lambda x: np.clip(x, 0.0, 1.0), [[-1.0, 0.0, 0.5, 1.0, 2.0]],
     [[0, 1, 1, 1, 0]]),
    ("clip, low above high", np.clip, [[0.0, 1.5, 3.0], [2.0] * 3, [1.0] * 3],
     [[0, 0, 0], [0, 0, 0], [1, 1, 1]]),
    ("x ** 0", lambda x: x**0, [[0.0, 2.0]], [[0, 0]]),
    ("x ** 0.0", lambda x: x**0.0, [[0.0]], [[0]]),
    ("x ** 1", lambda x: x**1, [[0.0]], [[1]]),
    ("x ** 2", lambda x: x**2, [[0.0, -1.0]], [[0, -2]]),
    ("0 ** 0", np.power, [[0.0], [0.0]], [[0], [0]]),
    ("0 ** x", lambda b: 0.0**b, [[1.0, 2.0]], [[0, 0]]),
    ("sqrt at 0", np.sqrt, [[0.0, 4.0]], [[INF, 0.25]]),
    ("cbrt at 0", np.cbrt, [[0.0]], [[INF]]),  # PyTorch has none
    ("log at 0", np.log, [[0.0]], [[INF]]),
    ("1 / 0", lambda x: 1 / x, [[0.0]], [[-INF]]),
    ("std of constants", lambda x: np.std(x, ddof=1), [[2.0, 2.0, 2.0]], [[0, 0, 0]]),
    ("prod with one 0", np.prod, [[2.0, 0.0, 3.0]], [[0, 6, 0]]),
    ("prod with two 0", np.prod, [[2.0, 0.0, 0.0]], [[0, 0, 0]]),
    ("logsumexp of -inf", mt.logsumexp, [[-INF, 0.0]], [[0, 1]]),
    ("softplus far out", mt.softplus, [[-1000.0, 0.0, 1000.0]], [[0, 0.5, 1]]),
    ("where, not taken and infinite", lambda x: np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0),
     [[0.0, 2.0]], [[0, 0.5]]),
    ("where, the other is not finite", lambda a, b: np.where(a > 0, a, b), [[1.0], [NAN]],
     [[1], [0]]),
    ("remainder", np.remainder, [[5.0, -5.0], [3.0, 3.0]], [[1, 1], [-1, 2]]),
    ("arctan2 on the axes", np.arctan2, [[0.0, 1.0], [1.0, 0.0]], [[1, 0], [0, -1]]),
]  # fmt: skip


def gradients(f, inputs):
    values = [Value(x) for x in inputs]
    with np.errstate(all="ignore"):
        np.sum(f(*values)).backward()
    return [v.grad for v in values]


@pytest.mark.parametrize(("name", "f", "inputs", "expected"), KINKS, ids=[k[0] for k in KINKS])
def test_conventions_where_a_derivative_is_a_choice(name, f, inputs, expected):
    for found, wanted in zip(gradients(f, inputs), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize(("name", "f", "inputs", "expected"), KINKS, ids=[k[0] for k in KINKS])
def test_a_recorded_gradient_takes_the_same_choice(name, f, inputs, expected):
    values = [Value(x) for x in inputs]
    with np.errstate(all="ignore"):
        np.sum(f(*values)).backward(create_graph=True)
    for v, wanted in zip(values, expected, strict=True):
        np.testing.assert_allclose(v.grad.data, wanted, rtol=1e-12)


OF_ALL = ("std of constants", "max, ties", "min, all tied", "prod with one 0", "prod with two 0",
          "logsumexp of -inf")  # fmt: skip
ALONE = [k for k in KINKS if k[0] not in OF_ALL and np.ndim(k[2][0]) == 1]


@pytest.mark.parametrize(("name", "f", "inputs", "expected"), ALONE, ids=[k[0] for k in ALONE])
def test_numbers_follow_the_conventions_of_arrays(name, f, inputs, expected):
    for entry in range(len(inputs[0])):
        found = gradients(f, [x[entry] for x in inputs])
        assert all(type(g) is float for g in found)
        np.testing.assert_allclose(found, [w[entry] for w in expected], rtol=1e-12)


def test_an_infinite_gradient_at_a_dead_unit_is_0_as_in_pytorch():
    (found,) = gradients(lambda x: np.sqrt(mt.relu(x)), [[-1.0, 4.0]])
    np.testing.assert_array_equal(found, [0.0, 0.25])


# Python's numbers

NUMBERS = [
    (np.log, 0.0, -INF, INF),
    (np.log, -1.0, NAN, -1.0),
    (np.log10, 0.0, -INF, INF),
    (np.sqrt, -1.0, NAN, NAN),
    (np.sqrt, 0.0, 0.0, INF),
    (np.exp, 1000.0, INF, INF),
    (np.exp, -1000.0, 0.0, 0.0),
    (np.expm1, 1000.0, INF, INF),
    (np.exp2, 2000.0, INF, INF),
    (np.cosh, 1000.0, INF, INF),
    (np.sinh, -1000.0, -INF, INF),
    (np.sin, INF, NAN, NAN),
    (np.cos, INF, NAN, NAN),
    (np.tanh, 1000.0, 1.0, 0.0),
    (np.arcsin, 2.0, NAN, NAN),
    (np.arctanh, 1.0, INF, INF),
    (np.reciprocal, 0.0, INF, -INF),
    (mt.relu, NAN, NAN, 0.0),
    (mt.sigmoid, -1000.0, 0.0, 0.0),
    (mt.sigmoid, 1000.0, 1.0, 0.0),
    (mt.sigmoid, NAN, NAN, NAN),
    (mt.softplus, 1000.0, 1000.0, 1.0),
    (mt.softplus, -1000.0, 0.0, 0.0),
    (mt.silu, -1000.0, 0.0, 0.0),
    (mt.gelu, 1000.0, 1000.0, 1.0),
    (lambda x: 1 / x, 0.0, INF, -INF),
    (lambda x: x / 0, 1.0, INF, INF),
    (lambda x: x / 0.0, 0.0, NAN, INF),
    (lambda x: 0.0 / x, 0.0, NAN, NAN),
    (lambda x: x ** (1 / 3), -8.0, NAN, NAN),
    (lambda x: x**0.5, 0.0, 0.0, INF),
    (lambda x: x**-1, 0.0, INF, -INF),
    (lambda x: x**3, -2.0, -8.0, 12.0),
    (lambda x: x**400.0, 10.0, INF, INF),
    (lambda x: (-2.0) ** x, 3.0, -8.0, NAN),
    (lambda x: x % 0.0, 1.0, NAN, 1.0),
    (lambda x: x * 1e308 * 10, 1.0, INF, INF),
]


@pytest.mark.parametrize(("f", "x", "y", "slope"), NUMBERS)
def test_a_python_number_gives_what_numpy_gives_and_stays_one(f, x, y, slope):
    v = Value(x)
    with np.errstate(all="ignore"):
        result = f(v)
        result.backward()
        array = f(np.array([x]))
    assert type(result.data) is float
    assert type(v.grad) is float
    np.testing.assert_array_equal(result.data, y)
    np.testing.assert_array_equal(v.grad, slope)
    np.testing.assert_array_equal(array, [y])


@pytest.mark.parametrize(("f", "x", "y", "slope"), NUMBERS)
def test_a_number_and_an_array_of_one_agree_in_their_gradients(f, x, y, slope):
    (found,) = gradients(f, [[x]])
    np.testing.assert_array_equal(found, [slope])


METHODS = {"log": 0.0, "exp": 1000.0, "sqrt": -1.0, "sin": INF, "cos": INF, "sigmoid": -1000.0}


@pytest.mark.parametrize(("name", "x"), METHODS.items(), ids=METHODS)
def test_a_method_gives_what_its_function_gives_where_python_would_raise(name, x):
    fn = getattr(np, name, None) or getattr(mt, name)
    with np.errstate(all="ignore"):
        np.testing.assert_equal(getattr(Value(x), name)().data, float(fn(x)))


def test_numbers_warn_as_numpy_does():
    with pytest.warns(RuntimeWarning, match="divide by zero encountered in log"):
        Value(0.0).log()
    with pytest.warns(RuntimeWarning, match="overflow encountered in exp"):
        Value(1000.0).exp()


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.where(True, x, 2.0),
        lambda x: np.where(x > 0, x, 0),
        lambda x: np.clip(x, 0.0, None),
        lambda x: np.clip(x, None, 1),
        lambda x: np.maximum(x, 0),
        lambda x: np.sum(x),
        lambda x: np.mean(x),
        lambda x: np.std(x),
        lambda x: np.dot(x, 2.0),
        lambda x: np.remainder(x, 2),
        lambda x: np.floor(x),
        lambda x: mt.leaky_relu(x, 0.3),
        lambda x: mt.gelu(x, "tanh"),
        lambda x: (x + 1) * 2 - 3 / x,
    ],
)
def test_a_result_of_numbers_has_no_dtype_to_impose(f):
    x = Value(1.5)
    result = f(x)
    assert type(result.data) is float
    assert (result * np.ones(2, np.float32)).dtype == np.float32
