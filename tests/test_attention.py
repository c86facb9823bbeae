"""Attention: what it does where it can be said in words, and what it says of wrong use."""

import math

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value, nn
from microtensor.errors import ArgumentError, DTypeError, ShapeError
from microtensor.ops.attending import attend, attend_to_itself
from microtensor.ops.attention import causal_mask
from microtensor.primitives import registry

RNG = np.random.default_rng(0)
attention = mt.scaled_dot_product_attention


def draw(*shape):
    return RNG.standard_normal(shape)


Q, K, V = draw(2, 3, 4), draw(2, 5, 4), draw(2, 5, 2)


def lines(*rows):
    return "\n".join(rows)


# What it is


def test_attention_is_its_formula():
    scores = np.einsum("nle,nse->nls", Q, K) / math.sqrt(4)
    p = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    assert np.allclose(attention(Q, K, V), np.einsum("nls,nsv->nlv", p, V), rtol=1e-12)
    scores = np.einsum("nle,nse->nls", Q, K) * 0.1
    p = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    assert np.allclose(attention(Q, K, V, scale=0.1), np.einsum("nls,nsv->nlv", p, V), rtol=1e-12)


def test_attention_with_one_key_gives_its_value():
    y = attention(Q, K[:, :1], V[:, :1])
    assert np.allclose(y, np.broadcast_to(V[:, :1], y.shape), rtol=1e-15)


def test_equal_keys_give_the_mean_of_the_values():
    y = attention(Q, np.ones((2, 5, 4)), V)
    assert np.allclose(y, np.broadcast_to(V.mean(1, keepdims=True), y.shape))


def test_the_order_of_keys_makes_no_difference_and_that_of_queries_is_the_outputs():
    order = np.array([3, 1, 4, 0, 2])
    assert np.allclose(attention(Q, K[:, order], V[:, order]), attention(Q, K, V))
    assert np.allclose(attention(Q[:, ::-1], K, V), attention(Q, K, V)[:, ::-1])


def test_large_scores_do_not_overflow():
    for dtype in (np.float32, np.float64):
        y = attention(*((1e4 * x).astype(dtype) for x in (Q, K)), V.astype(dtype))
        assert y.dtype == dtype
        assert np.isfinite(y).all()


@pytest.mark.parametrize("shift", [-1e4, -100.0, -40.0, -20.0, 20.0, 59.0, 61.0, 100.0, 1e4])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_all_scores_of_a_row_are_raised_by_makes_no_difference(shift, dtype):
    qkv, g = draw(3, 5, 12).astype(dtype), draw(3, 5, 4).astype(dtype)
    rows = np.zeros((3, 2, 5, 5), dtype)
    rows[1, :, ::2] = shift  # some rows of one sequence
    found = []
    for m in (None, rows):
        x = Value(qkv)
        y = attend_to_itself(x, m, None, heads=2, scale=0.5)
        y.backward(g)
        q, k, v = (np.ascontiguousarray(a) for a in np.split(qkv[..., :12], 3, axis=-1))
        found.append(
            [y.data, x.grad, attend(q, k, v, None if m is None else m[:, 0], None, scale=1)]
        )
    error = 8 * np.finfo(dtype).eps * max(1, abs(shift))  # what rounding the sums loses
    for plain, raised in zip(*found, strict=True):
        assert np.allclose(plain, raised, rtol=error, atol=error) or error > 1
        assert np.isfinite(raised).all()


@pytest.mark.parametrize("wide", range(4))
def test_one_wide_operand_makes_attention_wide(wide):
    given = [Q, K, V, np.zeros((Q.shape[-2], K.shape[-2]))]
    given = [x.astype(np.float64 if i == wide else np.float32) for i, x in enumerate(given)]
    y = attend(*given[:3], None, given[3] + 1, scale=0.5)
    assert y.dtype == np.float64
    assert np.allclose(y, attend(Q, K, V, None, None, scale=0.5), rtol=1e-5)


def test_a_causal_mask_is_the_run_on_each_prefix():
    k, v = K[:, :3], V[:, :3]
    y = attention(Q, k, v, is_causal=True)
    for i in range(3):
        alone = attention(Q[:, i : i + 1], k[:, : i + 1], v[:, : i + 1])
        assert np.allclose(y[:, i : i + 1], alone, rtol=1e-12)
    assert not np.allclose(y[:, 0], attention(Q, k, v)[:, 0])


def test_causal_goes_by_places_where_there_are_more_keys():
    y = attention(Q, K, V, is_causal=True)
    assert np.allclose(y, attention(Q, K, V, np.tri(3, 5, dtype=bool)), rtol=1e-15)


MASKS = [(3, 5), (1, 5), (5,), (2, 3, 5), (2, 1, 5), (3, 1)]


@pytest.mark.parametrize("shape", MASKS)
def test_a_mask_broadcasts_and_bools_are_minus_infinity(shape):
    mask = RNG.random(shape) < 0.7
    mask[..., :1] = True
    whole = np.broadcast_to(mask, (2, 3, 5))
    expected = np.stack(
        [
            np.stack([attention(q[i : i + 1], k[row[i]], v[row[i]])[0] for i in range(3)])
            for q, k, v, row in zip(Q, K, V, whole, strict=True)
        ]
    )
    assert np.allclose(attention(Q, K, V, mask), expected, rtol=1e-12)
    for m in (np.where(mask, 0, -np.inf), np.where(mask, 0, -np.inf).astype(np.float32)):
        assert np.allclose(attention(Q, K, V, m), expected, rtol=1e-12)
    assert np.allclose(attention(Q, K, V, Value(mask)).data, expected, rtol=1e-12)


def test_a_query_that_may_attend_to_nothing_gives_0_and_no_gradient():
    mask = np.ones((3, 5), bool)
    mask[1] = False
    q, k, v = Value(Q), Value(K), Value(V)
    y = attention(q, k, v, mask)
    assert (y.data[:, 1] == 0).all()
    (y * y).sum().backward()
    assert (q.grad[:, 1] == 0).all()
    for x in (q, k, v):
        assert np.isfinite(x.grad).all()
    rest = [0, 2]
    assert np.allclose(y.data[:, rest], attention(Q[:, rest], K, V, mask[rest]))


def test_the_gradient_of_a_mask_that_is_learned():
    mask = draw(3, 5)
    assert mt.check_gradients(lambda q, k, v, m: attention(q, k, v, m), Q, K, V, mask, order=2)
    row = draw(5)
    assert mt.check_gradients(lambda m: attention(Q, K, V, m), row)


@pytest.mark.parametrize(
    "options",
    [{}, {"is_causal": True}, {"scale": 2.0}, {"dropout_p": 0.5, "rng": 3},
     {"attn_mask": np.tri(3, 5, 1, dtype=bool), "dropout_p": 0.5, "rng": 3}],
    ids=str,
)  # fmt: skip
def test_gradients_agree_with_differences(options):
    assert mt.check_gradients(lambda q, k, v: attention(q, k, v, **options), Q, K, V, order=2)


def test_heads_broadcast_over_shared_keys():
    q, k, v = draw(2, 4, 3, 2), draw(2, 1, 5, 2), draw(1, 1, 5, 2)
    each = np.stack([attention(q[:, h], k[:, 0], v[:, 0]) for h in range(4)], axis=1)
    assert np.allclose(attention(q, k, v), each)
    assert mt.check_gradients(lambda q, k, v: attention(q, k, v), q, k, v)


# Dropout


def test_dropout_keeps_the_expectation_and_repeats_with_a_seed():
    v = np.ones((1, 4, 1))
    q, k = np.zeros((1, 5000, 2)), np.zeros((1, 4, 2))
    y = attention(q, k, v, dropout_p=0.25, rng=0)
    assert set(np.unique(y.round(6))) <= {round(n / 3, 6) for n in range(5)}
    assert abs(y.mean() - 1) < 5 * math.sqrt(0.25 / 0.75 / 4 / 5000)
    assert np.array_equal(y, attention(q, k, v, dropout_p=0.25, rng=0))
    assert not np.array_equal(y, attention(q, k, v, dropout_p=0.25, rng=1))
    assert (attention(q, k, v, dropout_p=1.0, rng=0) == 0).all()
    mt.seed(0)
    first = attention(Q, K, V, dropout_p=0.5)
    mt.seed(0)
    assert np.array_equal(attention(Q, K, V, dropout_p=0.5), first)


# The rule for all operands at once, which the oracles of the table see beside single ones


@pytest.mark.parametrize(("fn", "place"), [(attend, 0), (attend, 1), (attend, 2), (attend, 3)])
def test_check_gradients_objects_where_one_contribution_is_wrong(fn, place, monkeypatch):
    right = registry[fn].together

    def wrong(*args, **options):
        sent = right(*args, **options)
        sent[place] = None if sent[place] is None else 1.01 * sent[place]
        return sent

    monkeypatch.setattr(registry[fn], "together", wrong)
    with pytest.raises(mt.errors.GradientCheckError):
        mt.check_gradients(attention, Q[0, :2], K[0, :3], V[0, :3], draw(2, 3))


def test_attending_to_itself_is_attention_head_by_head():
    qkv = draw(2, 3, 24)
    y = attend_to_itself(qkv, causal_mask(3, 3, qkv.dtype), None, heads=2, scale=0.5)
    q, k, v = (part.reshape(2, 3, 2, 4).swapaxes(1, 2) for part in np.split(qkv, 3, axis=-1))
    each = attention(q, k, v, is_causal=True)
    assert np.allclose(y, each.swapaxes(1, 2).reshape(2, 3, 8), rtol=1e-12)


# Wrong use

WRONG = [
    (
        (Q, draw(2, 5, 3), V),
        "queries and keys of one width: a key (..., 4)",
        "a query (2, 3, 4), a key (2, 5, 3), a value (2, 5, 2)",
    ),
    (
        (Q, K, draw(2, 4, 2)),
        "a value for each key: a value (..., 5, V)",
        "a query (2, 3, 4), a key (2, 5, 4), a value (2, 4, 2)",
    ),
    (
        (Q[0, 0], K, V),
        "a query (..., L, E), a key (..., S, E) and a value (..., S, V)",
        "a query (4,), a key (2, 5, 4), a value (2, 5, 2)",
    ),
    (
        (Q, K[:, :0], V[:, :0]),
        "at least one key, of at least one number",
        "a query (2, 3, 4), a key (2, 0, 4), a value (2, 0, 2)",
    ),
]


@pytest.mark.parametrize(("args", "expected", "got"), WRONG)
def test_shapes_that_do_not_fit_are_told(args, expected, got):
    with pytest.raises(ShapeError) as error:
        attention(*args)
    assert str(error.value) == lines(
        "scaled_dot_product_attention: the shapes do not fit.",
        f"  expected  {expected}",
        f"  got       {got}",
    )


def test_batches_that_do_not_broadcast_are_told():
    with pytest.raises(ShapeError) as error:
        attention(Q, K[[0, 1, 0]], V)
    assert str(error.value) == lines(
        "scaled_dot_product_attention: the shapes do not fit.",
        "  expected  axes before the last two that broadcast",
        "  got       a query (2, 3, 4), a key (3, 5, 4), a value (2, 5, 2)",
        "  Heads come before places: (N, H, L, E).",
    )


@pytest.mark.parametrize("shape", [(5, 3), (3, 3, 5), (), (4, 2, 3, 5)])
def test_a_mask_of_another_shape_is_told(shape):
    with pytest.raises(ShapeError) as error:
        attention(Q, K, V, np.ones(shape, bool))
    assert str(error.value) == lines(
        "scaled_dot_product_attention: attn_mask has the wrong shape.",
        "  expected  a shape that broadcasts to (2, 3, 5)",
        f"  got       shape {shape}",
    )


def test_a_mask_of_integers_is_told():
    with pytest.raises(DTypeError) as error:
        attention(Q, K, V, np.ones((3, 5), int))
    assert str(error.value) == lines(
        "scaled_dot_product_attention: attn_mask must be of bools or of floats.",
        "  expected  bools, of which True allows attention, or floats, which are added to the "
        "scores",
        "  got       dtype int64",
        "  If it holds 0 and 1, pass attn_mask.astype(bool).",
    )


def test_two_masks_are_refused_and_so_is_no_probability():
    with pytest.raises(ArgumentError) as error:
        attention(Q, K, V, np.ones((3, 5), bool), is_causal=True)
    assert str(error.value) == lines(
        "scaled_dot_product_attention: the mask is given twice.",
        "  expected  attn_mask, or is_causal=True",
        "  got       both",
        "  Join them: attn_mask & np.tri(L, S, dtype=bool).",
    )
    with pytest.raises(ArgumentError) as error:
        attention(Q, K, V, dropout_p=1.5)
    assert str(error.value) == lines(
        "scaled_dot_product_attention: dropout_p is the probability of dropping a weight.",
        "  expected  a number from 0 to 1",
        "  got       1.5",
    )


# Multi-head attention

X = draw(2, 3, 8)


def multihead(*args, **options):
    return nn.MultiheadAttention(*args, batch_first=True, rng=0, dtype=np.float64, **options)


def test_one_head_with_projections_that_change_nothing_is_plain_attention():
    layer = multihead(8, 1)
    layer.in_proj_weight.data = np.concatenate([np.eye(8)] * 3)
    layer.out_proj.weight.data = np.eye(8)
    y, p = layer(X, X, X)
    assert np.allclose(y.data, attention(X, X, X), rtol=1e-12)
    assert np.allclose(p.data.sum(-1), 1)


def test_heads_see_their_own_part_of_the_width():
    layer = multihead(8, 2)
    layer.in_proj_weight.data = np.concatenate([np.eye(8)] * 3)
    layer.out_proj.weight.data = np.eye(8)
    y, p = layer(X, X, X, average_attn_weights=False)
    for h, part in enumerate((slice(0, 4), slice(4, 8))):
        assert np.allclose(y.data[..., part], attention(*[X[..., part]] * 3), rtol=1e-12)
        assert np.allclose(p.data[:, h] @ X[..., part], y.data[..., part], rtol=1e-12)


def test_all_ways_through_multi_head_attention_agree():
    """With and without weights; of one sequence given once, or thrice; without a batch."""
    layer = multihead(8, 2)
    mask, padding = np.triu(np.ones((3, 3), bool), 1), np.zeros((2, 3), bool)
    padding[1, 2] = True
    for options in ({}, {"attn_mask": mask}, {"attn_mask": mask, "key_padding_mask": padding}):
        fast, none = layer(X, X, X, need_weights=False, **options)
        slow, _ = layer(X, X, X, **options)
        thrice, _ = layer(X, X.copy(), X.copy(), need_weights=False, **options)
        assert none is None
        assert np.allclose(fast.data, slow.data, rtol=1e-12)
        assert np.allclose(fast.data, thrice.data, rtol=1e-12)
        places_first = nn.MultiheadAttention(8, 2, dtype=np.float64)
        places_first.load_state_dict(layer.state_dict())
        x = X.swapaxes(0, 1)
        turned, _ = places_first(x, x, x, need_weights=False, **options)
        assert np.allclose(turned.data.swapaxes(0, 1), fast.data, rtol=1e-12)
        options = {k: m[1] if k == "key_padding_mask" else m for k, m in options.items()}
        alone, p = layer(X[1], X[1], X[1], **options)
        assert (alone.shape, p.shape) == ((3, 8), (3, 3))
        assert np.allclose(alone.data, fast.data[1], rtol=1e-12)


def test_a_sequence_that_is_converted_still_attends_to_itself():
    layer = nn.MultiheadAttention(8, 2, batch_first=True, rng=0)
    y, _ = layer(X, X, X, need_weights=False)
    assert y.args[0].fn.__name__ == "attend_to_itself"
    z, _ = layer(X, X.copy(), X, need_weights=False)
    assert z.args[0].fn.__name__ != "attend_to_itself"
    assert np.allclose(y.data, z.data, atol=1e-6)


def test_what_goes_around_is_added_in_all_ways_through():
    class Doubled(nn.Linear):
        def forward(self, x):
            return 2 * super().forward(x)

    layer, around = multihead(8, 2), draw(2, 3, 8)
    y = layer(X, X, X, need_weights=False)[0].data
    expected = around + y
    z, _ = layer(X, X, X, need_weights=False, around=around)
    assert np.array_equal(z.data, expected)
    assert z.fn.__name__ == "residual_linear"
    seen = []
    with layer.out_proj.after_forward(lambda module, args, out: seen.append(out.data)):
        z, _ = layer(X, X, X, need_weights=False, around=around)
    assert np.array_equal(z.data, expected)
    assert np.array_equal(seen[0], y)
    z, p = layer(X[1], X[1], X[1], around=around[1])
    assert np.allclose(z.data, expected[1], rtol=1e-12)
    assert p.shape == (3, 3)
    layer.batch_first, x = False, X.swapaxes(0, 1)
    z, _ = layer(x, x, x, around=around.swapaxes(0, 1))
    assert np.allclose(z.data.swapaxes(0, 1), expected, rtol=1e-12)
    layer.batch_first, doubled = True, Doubled(8, 8, dtype=np.float64)
    doubled.load_state_dict(layer.out_proj.state_dict())
    layer.out_proj = doubled
    z, _ = layer(X, X, X, need_weights=False, around=around)
    assert np.allclose(z.data, around + 2 * y, rtol=1e-12)


def test_what_goes_around_has_the_shape_of_the_output():
    with pytest.raises(ShapeError) as raised:
        multihead(8, 2)(X, X, X, around=np.ones((3, 8)))
    assert str(raised.value) == (
        "MultiheadAttention: around must have the output's shape.\n"
        "  expected  around (2, 3, 8)\n"
        "  got       around (3, 8)"
    )


def test_what_goes_around_is_read_as_what_goes_in():
    layer = multihead(8, 2)
    z, _ = layer(X, X, X, around=np.ones((2, 3, 8), int).tolist())
    assert np.allclose(z.data, layer(X, X, X)[0].data + 1, rtol=1e-12)
    with pytest.raises(ShapeError, match="the rows of the input have different shapes"):
        layer(X, X, X, around=[[1.0, 2.0], [3.0]])
    with pytest.raises(DTypeError, match="the input must hold real numbers"):
        layer(X, X, X, around=X * 1j)
    for needed in (True, False):
        with pytest.raises(ArgumentError, match="a masked array would lose its mask"):
            layer(X, X, X, need_weights=needed, around=np.ma.array(X, mask=X > 0))


def test_a_padded_key_makes_no_difference():
    layer = multihead(8, 2)
    padding = np.array([[False, False, True]] * 2)
    changed = X.copy()
    changed[:, 2] = 100.0
    for x in (X, changed):
        y, _ = layer(X, x, x, key_padding_mask=padding)
        assert np.allclose(y.data, layer(X, X[:, :2], X[:, :2])[0].data)


def test_causal_attention_is_its_mask_and_joins_the_others():
    layer, mask = multihead(8, 2), np.triu(np.ones((3, 3), bool), 1)
    padding = np.array([[True, False, False], [False, False, False]])
    for options in ({}, {"key_padding_mask": padding}, {"attn_mask": mask}):
        y, _ = layer(X, X, X, need_weights=False, is_causal=True, **options)
        options["attn_mask"] = mask
        z, _ = layer(X, X, X, need_weights=False, **options)
        assert np.allclose(y.data, z.data, rtol=1e-12)
        assert np.isfinite(y.data).all()


@pytest.mark.parametrize(
    "options",
    [{}, {"kdim": 3, "vdim": 5}, {"add_bias_kv": True, "add_zero_attn": True}, {"bias": False}],
    ids=str,
)
def test_the_gradients_of_multi_head_attention(options):
    layer = multihead(4, 2, **options)
    query, key, value = draw(1, 2, 4), draw(1, 3, layer.kdim), draw(1, 3, layer.vdim)

    def loss(model, q, k, v):
        y, p = model(q, k, v)
        return (y * y).sum() + (p * p).sum()

    assert mt.check_gradients(lambda q, k, v: loss(layer, q, k, v), query, key, value)
    loss(layer, query, key, value).backward()
    assert all(p.grad is not None for p in layer.parameters())


def test_dropout_of_attention_is_for_training():
    layer = multihead(8, 2, dropout=0.5)
    y, z = layer(X, X, X)[0].data, layer(X, X, X)[0].data
    assert not np.allclose(y, z)
    layer.eval()
    assert np.array_equal(layer(X, X, X)[0].data, layer(X, X, X)[0].data)


def test_it_starts_as_pytorchs_does():
    layer = nn.MultiheadAttention(64, 4, rng=0, dtype=np.float64)
    assert {n: p.shape for n, p in layer.named_parameters()} == {
        "in_proj_weight": (192, 64), "in_proj_bias": (192,),
        "out_proj.weight": (64, 64), "out_proj.bias": (64,),
    }  # fmt: skip
    assert not layer.in_proj_bias.data.any()
    assert not layer.out_proj.bias.data.any()
    bound = math.sqrt(6 / (64 + 192))
    assert 0.99 * bound < np.abs(layer.in_proj_weight.data).max() <= bound
    assert 0.99 / 8 < np.abs(layer.out_proj.weight.data).max() <= 1 / 8


def test_wrong_heads_are_told():
    with pytest.raises(ArgumentError) as error:
        nn.MultiheadAttention(10, 4)
    assert str(error.value) == lines(
        "MultiheadAttention: num_heads must divide embed_dim, for heads of one width.",
        "  expected  a divisor of 10",
        "  got       num_heads=4",
    )


MISFITS = [
    ((draw(2, 3, 7), X, X), "widths 8, 8 and 8"),
    ((X, X[0], X), "three arrays of two axes, or with a batch of three"),
    ((X, X, X[:, :2]), "a value for each key"),
    ((X, X[:1], X[:1]), "as many keys' sequences as queries', in axis 0"),
    ((X, X[:, :0], X[:, :0]), "at least one key"),
]


@pytest.mark.parametrize(("args", "expected"), MISFITS)
def test_shapes_that_do_not_fit_a_layer_are_told_with_its_place(args, expected):
    class Net(nn.Module):
        def __init__(self):
            self.attention = multihead(8, 2)

        def forward(self, *args):
            return self.attention(*args)

    with pytest.raises(ShapeError) as error:
        Net()(*args)
    q, k, v = (np.shape(x) for x in args)
    assert str(error.value) == lines(
        "Net.attention: the shapes do not fit.",
        f"  expected  {expected}",
        f"  got       a query {q}, a key {k}, a value {v}",
    )


def test_a_mask_of_a_layer_is_told_with_what_True_means():
    layer = multihead(8, 2)
    with pytest.raises(DTypeError) as error:
        layer(X, X, X, key_padding_mask=np.zeros((2, 3), int))
    assert str(error.value) == lines(
        "MultiheadAttention: key_padding_mask must be of bools or of floats.",
        "  expected  bools, of which True forbids attention, or floats, which are added to the "
        "scores",
        "  got       dtype int64",
        "  If it holds 0 and 1, pass key_padding_mask.astype(bool).",
    )
    for mask, shape in ((np.zeros((3, 2), bool), (3, 3)), (np.zeros((2, 3, 3), bool), (4, 3, 3))):
        with pytest.raises(ShapeError) as error:
            layer(X, X, X, attn_mask=mask)
        assert str(error.value) == lines(
            "MultiheadAttention: attn_mask has the wrong shape.",
            f"  expected  a shape that broadcasts to {shape}",
            f"  got       shape {mask.shape}",
        )
