"""How Values calculate with each other, and with Python's and NumPy's own numbers."""

import operator

import numpy as np
import pytest

from microtensor import Value

BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.floordiv,
    operator.mod,
]  # fmt: skip
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]


# Operators


@pytest.mark.parametrize("op", BINARY + COMPARISONS)
@pytest.mark.parametrize(
    ("a", "b"),
    [
        (2.5, 1.5),
        (2.5, 2),
        (np.array([1.0, 2.5]), 2.0),
        (np.array([1.0, 2.5]), np.array([2, 1])),
        (np.array([1.0, 2.5], np.float32), 2),
        (np.array([1.0, 2.5], np.float32), np.float32(2)),
        (np.array([1.0, 2.5], np.float32), np.float64(2)),
        (2.5, np.float32(1.5)),
        (np.array([5, 6]), np.array([2, 4])),
    ],
)
def test_operators_give_numpys_numbers_and_dtypes_whichever_side_is_a_value(op, a, b):
    expected = op(a, b)
    weak = isinstance(a, float) and type(b) in (float, int)
    for mixed in (op(Value(a), b), op(a, Value(b, dtype=None)), op(Value(a), Value(b))):
        assert isinstance(mixed, Value)
        assert np.array_equal(mixed.data, expected)
        if not (weak and op in COMPARISONS):
            assert mixed.dtype == np.result_type(expected)
    assert np.array_equal(op(Value(b), a).data, op(b, a))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.ones((2, 3)), np.ones((3, 4))),
        (np.ones(3), np.ones((3, 4))),
        (np.ones((5, 2, 3)), np.ones(3)),
    ],
)
def test_matrix_products_go_with_arrays_on_either_side(a, b):
    for y in (Value(a) @ b, a @ Value(b), Value(a) @ Value(b)):
        assert isinstance(y, Value)
        assert np.array_equal(y.data, a @ b)


@pytest.mark.parametrize("scalar", [np.float64(2), np.float32(2), np.int64(2), True, 2, 2.0])
def test_scalars_of_every_kind_go_on_the_left(scalar):
    v = Value([1.0, 3.0])
    for op in BINARY:
        y = op(scalar, v)
        assert isinstance(y, Value)
        assert np.array_equal(y.data, op(scalar, np.array([1.0, 3.0])))


def test_unary_operators():
    v = Value([-1.5, 2.0])
    assert (-v).data.tolist() == [1.5, -2]
    assert (+v).data.tolist() == [-1.5, 2]
    assert abs(v).data.tolist() == [1.5, 2]
    assert (-Value(2.0)).data == -2
    assert (abs(Value(-2.0))).data == 2


def test_comparisons_join_to_masks():
    v = Value([-1.0, 0.5, 3.0])
    assert ((v > 0) & (v < 2)).data.tolist() == [False, True, False]
    assert ((v < 0) | (v > 2)).data.tolist() == [True, False, True]
    assert (~(v > 0)).data.tolist() == [True, False, False]
    assert ((v < 2) & np.array([True, False, True])).data.tolist() == [True, False, False]


def test_comparison_with_what_is_no_number_is_pythons():
    v = Value(1.0)
    assert (v == None) is False  # noqa: E711  # the operator is what is tested
    assert (v != "a") is True
    with pytest.raises(TypeError, match="'<' not supported between instances of 'Value'"):
        assert v < None


@pytest.mark.parametrize("other", [None, "a", b"a", {}, set()])
@pytest.mark.parametrize("op", BINARY)
def test_arithmetic_with_what_is_no_number_is_pythons_type_error(op, other):
    with pytest.raises(TypeError) as error:
        op(Value(1.0), other)
    if not isinstance(other, str | bytes):  # repeating and formatting texts has errors of its own
        assert str(error.value).startswith("unsupported operand type(s) for")
        assert str(error.value).endswith(f": 'Value' and '{type(other).__name__}'")
        with pytest.raises(TypeError):
            op(other, Value(1.0))


class Reticent:
    """A type that NumPy's ufuncs do not touch: its own operators are asked."""

    __array_ufunc__ = None

    def answer(self, other):
        return "mine"

    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __rfloordiv__ = __rmod__ = answer
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = answer
    __hash__ = None


@pytest.mark.parametrize("op", BINARY + COMPARISONS)
@pytest.mark.parametrize("v", [1.0, [1.0, 2.0]])
def test_a_type_that_opts_out_of_ufuncs_is_asked_itself_as_numpys_arrays_ask_it(op, v):
    assert op(np.array(v), Reticent()) == "mine"
    assert op(Value(v), Reticent()) == "mine"


@pytest.mark.parametrize("op", [operator.and_, operator.or_, operator.xor, operator.lshift,
                                operator.rshift])  # fmt: skip
def test_integers_have_the_operators_of_bits(op):
    a, b = np.array([5, 6, 1]), np.array([3, 1, 2])
    for mixed in (op(Value(a), b), op(a, Value(b)), op(Value(a), Value(b))):
        assert isinstance(mixed, Value)
        assert mixed.data.tolist() == op(a, b).tolist()
    assert op(Value(a), 2).data.tolist() == op(a, 2).tolist()
    assert op(2, Value(a)).data.tolist() == op(2, a).tolist()


def test_in_place_operators_make_new_values():
    x = y = Value(3.0)
    y += 1
    y -= 2
    y *= 4
    y /= 2
    assert (x.data, y.data) == (3.0, 4.0)
    y.backward()
    assert x.grad == 2.0


# Python's numbers are weak


@pytest.mark.parametrize(
    "compute",
    [
        lambda x, s: x * s,
        lambda x, s: s * x,
        lambda x, s: x + np.sin(s),
        lambda x, s: x / (s.exp() + s.log() + s.sqrt() + s.tanh() + s.sigmoid() + s.relu()),
        lambda x, s: x - np.sum(s) * np.mean(s),
        lambda x, s: np.maximum(x, s * 2 + 1),
        lambda x, s: x ** (s**2 - s / 3),
        lambda x, s: np.where(x > 0, x, -s),
    ],
)
def test_float32_stays_float32_beside_values_of_pythons_numbers(compute):
    x, s = Value(np.array([1.0, 2.0], np.float32)), Value(2.0)
    y = compute(x, s)
    assert y.dtype == np.float32
    y.sum().backward()
    assert x.grad.dtype == np.float32
    assert type(s.grad) is float


def test_numpys_scalars_are_strong():
    assert (Value(np.array([1.0], np.float32)) * Value(np.float64(2))).dtype == np.float64


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_reductions_to_one_number_keep_the_dtype(dtype):
    x = Value(np.array([1.0, 2.0], dtype))
    y = x.sum()
    assert type(y.data) is dtype
    y.backward()
    assert y.grad.dtype == x.grad.dtype == dtype


# Where Python raises, NumPy's inf and nan


INF, NAN = np.inf, np.nan


@pytest.mark.parametrize(
    ("compute", "at", "value", "slope"),
    [
        (lambda x: 1 / x, 0.0, INF, -INF),
        (lambda x: x / 0, 1.0, INF, INF),
        (lambda x: x / Value(0.0), 0.0, NAN, INF),
        (lambda x: x**-1, 0.0, INF, -INF),
        (lambda x: 0.0**x, -1.0, INF, -INF),
        (lambda x: x ** (1 / 3), -8.0, NAN, NAN),
        (lambda x: (-8.0) ** x, 1 / 3, NAN, NAN),
        (lambda x: x**400, 10.0, INF, INF),
        (lambda x: x.exp(), 1000.0, INF, INF),
        (np.exp, 1000.0, INF, INF),
        (lambda x: x.log(), 0.0, -INF, INF),
        (np.log, 0.0, -INF, INF),
        (lambda x: x.log(), -1.0, NAN, -1.0),
        (lambda x: x.sqrt(), 0.0, 0.0, INF),
        (lambda x: x.sqrt(), -1.0, NAN, NAN),
        (lambda x: x.sin(), INF, NAN, NAN),
        (lambda x: x.cos(), INF, NAN, NAN),
    ],
)
@pytest.mark.parametrize("kind", [float, np.float64, lambda x: np.array([x])])
def test_numbers_outside_a_functions_domain_are_numpys(compute, at, value, slope, kind):
    x = Value(kind(at))
    with np.errstate(all="ignore"):
        y = compute(x)
        y.backward()
    assert np.array_equal(np.ravel(y.data), [value], equal_nan=True)
    assert np.array_equal(np.ravel(x.grad), [slope], equal_nan=True)


def test_a_list_is_added_at_places():
    assert Value([1.0, 2.0, 3.0]).at[[0, 1]].add([1.0, 2.0]).data.tolist() == [2.0, 4.0, 3.0]
