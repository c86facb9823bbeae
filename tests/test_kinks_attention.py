"""Fused functions: each operand alone, odd sizes, and what a fused function stands for."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value
from microtensor.errors import ShapeError

RNG = np.random.default_rng(0)
QKV = [RNG.standard_normal((2, 3, n, 4)) for n in (5, 6, 6)]


@pytest.mark.parametrize("alone", range(3))
def test_an_operand_of_attention_may_be_the_only_one_with_a_gradient(alone):
    together = [Value(x) for x in QKV]
    y = mt.scaled_dot_product_attention(*together)
    g = RNG.standard_normal(y.shape)
    y.backward(g)
    one = [Value(x) if i == alone else x for i, x in enumerate(QKV)]
    mt.scaled_dot_product_attention(*one).backward(g)
    np.testing.assert_array_equal(one[alone].grad, together[alone].grad)


@pytest.mark.parametrize("shape", [(4, 1), (4, 3, 1)])
def test_a_single_entry_is_normalised_to_its_sign(shape):
    x = Value(RNG.standard_normal(shape))
    assert np.all(mt.layer_norm(x, 1).data == 0)
    np.testing.assert_allclose(mt.rms_norm(x, 1, eps=1e-12).data, np.sign(x.data), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "f"),
    [
        ("layer_norm: weight", lambda x, v: mt.layer_norm(x, 3, weight=v)),
        ("layer_norm: bias", lambda x, v: mt.layer_norm(x, 3, bias=v)),
        ("rms_norm: weight", lambda x, v: mt.rms_norm(x, 3, weight=v)),
    ],
)
def test_what_does_not_fit_is_named(name, f):
    with pytest.raises(ShapeError, match=f"^{name} must have one number for each entry"):
        f(np.ones((2, 3)), np.ones(2))
