"""Fused functions: each operand alone, odd sizes, and what a fused function stands for."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value
from microtensor.derivatives import gradients
from microtensor.errors import ShapeError
from microtensor.ops import attending, attention, residuals

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


@pytest.mark.parametrize("width", [24, 6], ids=["weights kept", "weights computed again"])
@pytest.mark.parametrize("own", [True, False])
def test_sequences_attended_one_at_a_time_give_the_same(own, width, monkeypatch):
    def run():
        qkv = Value(np.random.default_rng(1).standard_normal((3, 5, width)))
        own_mask = np.random.default_rng(2).standard_normal((3 if own else 1, 2, 5, 5))
        m = Value(own_mask)
        y = attending.attend_to_itself(qkv, m, None, heads=2, scale=0.5)
        y.backward(np.random.default_rng(3).standard_normal(y.shape))
        return y.data, qkv.grad, m.grad

    whole = run()
    monkeypatch.setattr(attending, "CACHE", 1)
    for a, b in zip(run(), whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("length", [6, 7])
def test_a_mask_that_no_sequence_meets_has_a_gradient_of_zeros(length):
    qkv, m = Value(np.zeros((0, length, 12))), Value(np.zeros((length, length)))
    y = attending.attend_to_itself(qkv, m, None, heads=2, scale=0.5)
    y.backward(np.zeros(y.shape))
    assert qkv.grad.shape == (0, length, 12)
    np.testing.assert_array_equal(m.grad, np.zeros((length, length)))


@pytest.mark.parametrize("length", [6, 7])
def test_weights_are_kept_where_they_are_no_more_than_what_they_are_of(length):
    qkv = Value(RNG.standard_normal((2, length, 12)))
    y = attending.attend_to_itself(qkv, None, None, heads=2, scale=0.5)
    has_weights, of_parts = y.kwargs["kept"]
    assert has_weights == (length == 6)
    assert [x.shape for x in of_parts] == [(2, 2, length, length if has_weights else 1)]


def test_two_sequences_attended_one_at_a_time_have_their_own_masks(monkeypatch):
    qkv = RNG.standard_normal((2, 5, 24))
    m = np.where(RNG.random((2, 2, 5, 5)) < 0.3, -9.0, 0.0)
    whole = attending.attend_to_itself(qkv, m, None, heads=2, scale=0.5)
    monkeypatch.setattr(attending, "CACHE", 1)
    found = attending.attend_to_itself(qkv, m, None, heads=2, scale=0.5)
    np.testing.assert_allclose(found, whole, rtol=1e-12)


def test_keys_of_no_width_are_refused():
    with pytest.raises(ShapeError, match="at least one key, of at least one number"):
        mt.scaled_dot_product_attention(np.ones((1, 2, 0)), np.ones((1, 3, 0)), np.ones((1, 3, 4)))


def test_a_mask_that_float32_cannot_hold_forbids_as_minus_infinity_does():
    q, k, v = (x.astype(np.float32) for x in QKV)
    mask = np.zeros((5, 6))
    mask[0, 2], mask[1] = -1e300, -1e300
    with np.errstate(over="ignore"):
        found = mt.scaled_dot_product_attention(q, k, v, mask)
    assert found.dtype == np.float32
    assert np.all(found[..., 1, :] == 0)  # it may look at nothing
    forbids = np.where(mask, np.float32(-np.inf), np.float32(0))
    np.testing.assert_array_equal(found, mt.scaled_dot_product_attention(q, k, v, forbids))


@pytest.mark.parametrize("longer", range(3))
def test_a_mask_fits_the_longest_batch(longer):
    qkv = [np.stack([x] * 3) if i == longer else x for i, x in enumerate(x[0, 0] for x in QKV)]
    mask = np.ones((3, 5, 6), bool)
    np.testing.assert_allclose(
        mt.scaled_dot_product_attention(*qkv, mask), mt.scaled_dot_product_attention(*qkv)
    )


def test_a_causal_mask_is_kept_and_so_cannot_be_written_into():
    assert not attention.causal_mask(2, 3, np.dtype(float)).flags.writeable


def test_a_mask_has_the_dtype_of_the_scores():
    q, k, v = (x.astype(np.float32) for x in QKV)
    y = mt.scaled_dot_product_attention(Value(q), k, v, np.zeros((5, 6)))
    assert y.dtype == np.float32


def test_weights_are_dropped_one_by_one_and_those_of_dead_rows_stay_0():
    shape, q = (4, 50), np.zeros((4, 3))
    drawn = attention.dropped("", None, 0.5, shape, q, 0)
    assert np.all(np.ptp(drawn, axis=-1) == 2)
    f = np.ones(shape)
    f[2] = 0
    np.testing.assert_array_equal(attention.dropped("", f, 0.5, shape, q, 0), f * drawn)


def test_hidden_units_at_0_have_no_slope_as_relu():
    r, x, a, c = (RNG.integers(-4, 5, s) * 1.0 for s in ((2, 3), (2, 4), (5, 4), (3, 5)))
    x[:] = x[0]
    inputs = [Value(v) for v in (r, x, a, -a @ x[0], c, np.zeros(3))]
    y = residuals.residual_network(*inputs)
    np.testing.assert_array_equal(y.data, r)
    slopes = gradients([np.sum(y)], inputs, create_graph=True)
    for slope in slopes[1:4]:
        np.testing.assert_array_equal(slope.data, np.zeros(slope.shape))


def test_hidden_units_are_computed_one_row_at_a_time_as_all_at_once(monkeypatch):
    rng = np.random.default_rng(4)
    arrays = [rng.standard_normal(s) for s in ((2, 3, 3), (2, 3, 4), (5, 4), (5,), (3, 5), (3,))]

    def run():
        inputs = [Value(x) for x in arrays]
        y = residuals.residual_network(*inputs)
        y.backward(np.cos(arrays[0]))
        return y.data, *(x.grad for x in inputs)

    whole = run()
    monkeypatch.setattr(residuals, "CACHE", 1)
    for a, b in zip(run(), whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


LAYERS = [
    ("residual_linear", [(2, 3), (2, 4), (3, 4), (3,)]),
    ("residual_network", [(2, 3), (2, 4), (5, 4), (5,), (3, 5), (3,)]),
]


@pytest.mark.parametrize(
    ("name", "shapes", "wider"),
    [(name, shapes, i) for name, shapes in LAYERS for i in range(len(shapes))],
)
def test_what_is_fused_has_the_dtype_of_what_it_stands_for(name, shapes, wider):
    """One wider operand, a bias too, makes the sum as wide, and no gradient but its own."""
    fused, steps = getattr(residuals, name), getattr(residuals, f"_{name}")
    arrays = [RNG.standard_normal(s).astype(np.float64 if i == wider else np.float32)
              for i, s in enumerate(shapes)]  # fmt: skip
    inputs, others = [Value(x) for x in arrays], [Value(x) for x in arrays]
    y, z = fused(*inputs), steps(*others)
    assert y.dtype == z.dtype == np.float64
    np.testing.assert_allclose(y.data, z.data, rtol=1e-5, atol=1e-5)
    y.backward(np.cos(y.data))
    z.backward(np.cos(y.data))
    for a, b, x in zip(inputs, others, arrays, strict=True):
        assert a.grad.dtype == x.dtype
        np.testing.assert_allclose(a.grad, b.grad, rtol=1e-4, atol=1e-4)
