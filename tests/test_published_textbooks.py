"""Worked examples of textbooks and papers, in this library's words.

Baydin et al., Griewank and Walther, Zhang et al., Goodfellow et al., Nielsen, Rosenbrock's
function; the numbers are in `published/textbooks.json`.
"""

import numpy as np
import pytest
from worked_examples import Examples, compare, off_in_one_place

import microtensor as mt
from microtensor import Value, data

EXAMPLES = Examples("textbooks.json")
program = EXAMPLES.program


# Baydin et al.; Griewank and Walther; Zhang et al.


def baydin_trace(x1, x2):
    v1, v2, v3 = np.log(x1), x1 * x2, np.sin(x2)
    v4 = v1 + v2
    return v1, v2, v3, v4, v4 - v3


@program
def baydin2018_table2_3(f, x):
    trace, forward = mt.jvp(lambda *x: np.stack(baydin_trace(*x)), tuple(map(float, x)), (1.0, 0.0))
    x1, x2 = Value(x[0]), Value(x[1])
    baydin_trace(x1, x2)[-1].backward()
    return {"trace": trace, "forward_dx1": forward, "reverse": [x1.grad, x2.grad]}


@program
def griewank_walther_1_1(y, x):
    x1, x2 = Value(x[0]), Value(x[1])
    v1 = x1 / x2
    v2, v3 = np.sin(v1), np.exp(x2)
    v4 = v1 - v3
    v5 = v2 + v4
    v6 = v5 * v4
    v6.backward()
    return {"trace": [v1, v2, v3, v4, v5, v6], "dy_dx1": x1.grad, "dy_dx2": x2.grad}


@program
def d2l_autograd(y, x):
    x = np.array(x, dtype=float)
    y, grad = mt.value_and_grad(lambda x: 2 * (x @ x))(x)
    return {
        "y": y,
        "grad": grad,
        "grad_sum": mt.grad(np.sum)(x),
        "grad_x_times_x": mt.grad(lambda x: (x * x).sum())(x),
        "grad_detached": mt.grad(lambda x: ((x * x).detach() * x).sum())(x),
    }


# Goodfellow et al.; Nielsen; Rosenbrock's function


@program
def goodfellow_xor(X, W, c, w, b, f):
    x, y = data.xor(4, noise=0, shuffle=False)
    np.testing.assert_array_equal(x, X)
    XW = Value(x) @ np.array(W)
    H = mt.relu(XW + np.array(c))

    def squared_error(params):
        return ((x @ params[:2] + params[2] - y) ** 2).sum()

    # quadratic, so Newton's method finds the best straight line in one step
    start = np.zeros(3)
    step = np.linalg.solve(mt.hessian(squared_error)(start), mt.grad(squared_error)(start))
    return {
        "XW": XW,
        "XW_plus_c": XW + np.array(c),
        "H": H,
        "y": H @ np.array(w) + b,
        "linear_model": start - step,
    }


def nielsen_neuron(w, b, x, target, eta, epochs):
    w, b = Value(w), Value(b)
    outputs = []
    for _ in range(epochs + 1):
        a = (w * x + b).sigmoid()
        outputs.append(a.data)
        w.grad = b.grad = None
        ((target - a) ** 2 / 2).backward()
        w.data -= eta * w.grad
        b.data -= eta * b.grad
    return [outputs[0], outputs[-1]]


@program
def nielsen_ch3_toy_neuron(starts, cost, **neuron):
    first, second = (nielsen_neuron(w, b, **neuron) for w, b in starts)
    return {"first": first, "second": second}


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


@program
def rosenbrock_scipy_docs(**_):
    at, p = 0.1 * np.arange(9), 0.5 * np.arange(9)
    (hess_prod,) = mt.hvp(rosenbrock, (at,), (p,))
    return {
        "rosen": rosenbrock(Value(0.1 * np.arange(10))),
        "der": mt.grad(rosenbrock)(at),
        "hess": mt.hessian(rosenbrock)(0.1 * np.arange(4)),
        "hess_prod": hess_prod,
    }


@program
def rosenbrock_start(x0):
    x0 = np.array(x0, dtype=float)
    f, grad = mt.value_and_grad(rosenbrock)(x0)
    return {"f": f, "grad": grad, "hess": mt.hessian(rosenbrock)(x0)}


@pytest.mark.parametrize(("entry", "run"), EXAMPLES.cases())
def test_the_published_numbers_come_out(entry, run):
    compare(run(**entry["inputs"]), entry)


def test_every_entry_has_a_program_and_names_its_source():
    assert not EXAMPLES.without_a_program()
    for entry in EXAMPLES.entries.values():
        assert {"title", "author", "url"} <= entry["source"].keys()


@pytest.mark.parametrize("entry", EXAMPLES.entries.values(), ids=EXAMPLES.entries.keys())
def test_a_number_that_is_off_in_one_place_is_refused(entry):
    for results in off_in_one_place(entry["computed"]):
        with pytest.raises(AssertionError):
            compare(results, entry)
