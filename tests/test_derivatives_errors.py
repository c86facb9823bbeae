"""What functions of functions say to wrong use: every message whole."""

import numpy as np
import pytest

import microtensor as mt


def lines(*rows):
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("act", "kind", "message"),
    [
        (
            lambda: mt.grad(lambda x: x * 2)(np.ones(3)),
            mt.errors.GradientError,
            lines(
                "grad: the function must give one number.",
                "  expected  a scalar Value, such as a loss",
                "  got       an output of shape (3,)",
                "  Use mt.jacobian for an array, or mt.vjp for any structure.",
            ),
        ),
        (
            lambda: mt.hvp(lambda x: [x, x], (1.0,), (1.0,)),
            mt.errors.GradientError,
            lines(
                "hvp: the function must give one number.",
                "  expected  a scalar Value, such as a loss",
                "  got       a list",
                "  Use mt.jacobian for an array, or mt.vjp for any structure.",
            ),
        ),
        (
            lambda: mt.jacobian(lambda x: {"y": x, "z": x})(1.0),
            mt.errors.GradientError,
            lines(
                "jacobian: the function must give one array.",
                "  expected  a Value",
                "  got       a dict",
                "  Use mt.vjp for nested outputs.",
            ),
        ),
        (
            lambda: mt.grad(lambda x: None)(1.0),
            mt.errors.GradientError,
            lines(
                "the function to differentiate gave None.",
                "  expected  a Value, or several in lists, tuples and dicts",
                "  Does it return what it computes?",
            ),
        ),
        (
            lambda: mt.grad(lambda x: x.sum())(np.array([1, 2])),
            mt.errors.DTypeError,
            lines(
                "an argument to differentiate by must hold floats.",
                "  expected  a float, or an array of floats",
                "  got       an array of dtype int64",
                "  Convert it with .astype(float), or leave it out of argnums.",
            ),
        ),
        (
            lambda: mt.grad(lambda x: x, 1)(1.0),
            mt.errors.ArgumentError,
            lines(
                "argnums names an argument that was not given.",
                "  expected  the number of one of the 1 positional arguments",
                "  got       1",
            ),
        ),
        (
            lambda: mt.grad(lambda x, y: x, (0, -2))(1.0, 2.0),
            mt.errors.ArgumentError,
            lines("argnums names an argument twice.", "  got       (0, -2)"),
        ),
        *[
            (
                lambda n=n: mt.grad(lambda x, y: x * y, n)(1.0, 2.0),
                mt.errors.ArgumentError,
                lines(
                    "argnums must say by number which positional arguments are meant.",
                    "  expected  an int, or a tuple or list of them",
                    f"  got       {n!r}",
                ),
            )
            for n in ("x", 0.0, (0, None), True)
        ],
        (
            lambda: mt.hessian(lambda x, y: x * y, (0, 1)),
            mt.errors.ArgumentError,
            lines(
                "hessian: argnums must be the number of one argument.",
                "  got       (0, 1)",
                "  The block of arguments i and j is mt.jacobian(mt.grad(f, i), j).",
            ),
        ),
        *[
            (
                lambda x=x: mt.hessian(lambda y, x: 0.0, -1)(1.0, x),
                mt.errors.GradientError,
                lines(
                    "hessian: the argument to differentiate by must be one array.",
                    f"  got       a {type(x).__name__}",
                    "  Put its numbers in one array; or use mt.hvp, which takes any nesting.",
                ),
            )
            for x in ({"a": 1.0}, [1.0, 2.0], (1.0,), mt.nn.Linear(2, 1))
        ],
        (
            lambda: mt.hessian(lambda x: x * x, 1)(1.0),
            mt.errors.ArgumentError,
            lines(
                "argnums names an argument that was not given.",
                "  expected  the number of one of the 1 positional arguments",
                "  got       1",
            ),
        ),
        (
            lambda: mt.vjp(lambda x: {"a": x, "b": (x, x)}, np.ones(2))[1]({"a": 1.0}),
            mt.errors.ShapeError,
            lines(
                "vjp: the gradient must have the structure and shapes of what it is for.",
                "  expected  {'a': (2,), 'b': ((2,), (2,))}",
                "  got       {'a': ()}",
            ),
        ),
        (
            lambda: mt.jvp(lambda x: x, (np.ones(2),), (np.ones(3),)),
            mt.errors.ShapeError,
            lines(
                "jvp: the tangent must have the structure and shapes of what it is for.",
                "  expected  ((2,),)",
                "  got       ((3,),)",
            ),
        ),
        (
            lambda: mt.vjp(lambda x: [x, {"a": x}], 1.0)[1]([1.0, {"b": 1.0}]),
            mt.errors.ShapeError,
            lines(
                "vjp: the gradient must have the structure and shapes of what it is for.",
                "  expected  [(), {'a': ()}]",
                "  got       [(), {'b': ()}]",
            ),
        ),
        (
            lambda: mt.hvp(lambda x, y: x * y, (1.0, 2.0), (1.0,)),
            mt.errors.ShapeError,
            lines(
                "hvp: the tangent must have the structure and shapes of what it is for.",
                "  expected  ((), ())",
                "  got       ((),)",
            ),
        ),
        (
            lambda: mt.jvp(lambda x: x, np.ones(2), (np.ones(2),)),
            mt.errors.ArgumentError,
            lines(
                "jvp: primals must be a tuple, with one entry per argument of the function.",
                "  got       ndarray",
                "  For one argument, write (x,).",
            ),
        ),
    ],
)
def test_wrong_use_is_told(act, kind, message):
    with pytest.raises(kind) as error:
        act()
    assert str(error.value) == message


def test_a_value_is_no_function_to_differentiate():
    with pytest.raises(mt.errors.ArgumentError) as error:
        mt.grad(mt.Value(2.0))
    assert str(error.value) == (
        "grad: it takes a function, and gives the function that is its gradient.\n"
        "  expected  a function, as in mt.grad(f)(x); for a Value y, y.backward() sets x.grad\n"
        "  got       a Value"
    )
