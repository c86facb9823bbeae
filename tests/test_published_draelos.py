"""Draelos' forward pass: 2.7, -11.67, 1.51, and 0.38818466 at the end.

`published/draelos2019.json` holds it, with the gradients of the output computed elsewhere.
"""

import numpy as np
import pytest
from worked_examples import published

import microtensor as mt
from microtensor import Value

ARTICLE = published("draelos2019.json")
INPUTS = ARTICLE["inputs"]
PRINTED = ARTICLE["published"]


def truth(part, key):
    return np.array(ARTICLE[part][key], dtype=float)


def on_numbers(inputs):
    """One neuron after the other, as the article goes."""
    x = [Value(v) for v in inputs["x"]]
    W1 = [[Value(w) for w in row] for row in inputs["W1_rows_E_F_G"]]
    b1 = [Value(inputs["b1"]) for _ in W1]
    w_out = [Value(w) for w in inputs["w_out_E_F_G"]]
    b_out = Value(inputs["b_out"])

    sums = [sum(w * v for w, v in zip(row, x, strict=True)) for row in W1]
    z = [s + b for s, b in zip(sums, b1, strict=True)]
    a = [v.sigmoid() for v in z]
    z_out = sum(w * v for w, v in zip(w_out, a, strict=True)) + b_out
    output = z_out.sigmoid()
    output.backward()

    forward = {
        "weighted_sums": [v.data for v in sums],
        "z": [v.data for v in z],
        "a": [v.data for v in a],
        "z_out": z_out.data,
        "output": output.data,
    }
    gradients = {
        "d_out_d_zout": z_out.grad,
        "d_w_out": [w.grad for w in w_out],
        "d_b_out": b_out.grad,
        "d_b1_per_node": [b.grad for b in b1],
        "d_W1": [[w.grad for w in row] for row in W1],
        "d_x": [v.grad for v in x],
    }
    return forward, gradients


def on_arrays(inputs):
    """A layer at a time."""
    x, W1 = Value(inputs["x"]), Value(inputs["W1_rows_E_F_G"])
    b1 = Value([inputs["b1"]] * 3)
    w_out, b_out = Value(inputs["w_out_E_F_G"]), Value(inputs["b_out"])

    sums = W1 @ x
    z = sums + b1
    a = mt.sigmoid(z)
    z_out = w_out @ a + b_out
    output = mt.sigmoid(z_out)
    output.backward()

    forward = {"weighted_sums": sums, "z": z, "a": a, "z_out": z_out, "output": output}
    gradients = {
        "d_out_d_zout": z_out.grad,
        "d_w_out": w_out.grad,
        "d_b_out": b_out.grad,
        "d_b1_per_node": b1.grad,
        "d_W1": W1.grad,
        "d_x": x.grad,
    }
    return {name: value.data for name, value in forward.items()}, gradients


def compare(forward, gradients):
    np.testing.assert_allclose(forward["weighted_sums"][0], PRINTED["weighted_sum_E"], rtol=1e-14)
    np.testing.assert_allclose(forward["z"], PRINTED["z"], rtol=1e-14)
    np.testing.assert_allclose(forward["a"], PRINTED["a"], atol=0.0005)
    np.testing.assert_allclose(forward["output"], PRINTED["output"], atol=0.00005)
    for part, found in (("computed", forward), ("gradients_of_output", gradients)):
        assert found.keys() == ARTICLE[part].keys()
        for key, numbers in found.items():
            np.testing.assert_allclose(numbers, truth(part, key), rtol=1e-12, err_msg=key)


@pytest.mark.parametrize("network", [on_numbers, on_arrays])
def test_draelos2019_forward(network):
    compare(*network(INPUTS))


@pytest.mark.parametrize("network", [on_numbers, on_arrays])
def test_the_weight_that_a_copy_of_the_article_cuts_is_seen(network):
    E, (*F, last), G = INPUTS["W1_rows_E_F_G"]
    assert last == 5.2
    with pytest.raises(AssertionError, match=r"-11\.65"):
        compare(*network(INPUTS | {"W1_rows_E_F_G": [E, [*F, 5.0], G]}))


@pytest.mark.parametrize("network", [on_numbers, on_arrays])
def test_a_wrong_gradient_is_seen(network):
    forward, gradients = network(INPUTS)
    wrong = np.array(gradients["d_x"]) * (1 + 1e-9)
    with pytest.raises(AssertionError, match="d_x"):
        compare(forward, gradients | {"d_x": wrong})
