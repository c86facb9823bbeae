"""Normalisation, embeddings, attention and encoders against PyTorch: same names, same numbers.

Weights pass through `state_dict`; outputs, the gradients of inputs and those of parameters must
agree to 1e-9 in float64, in training and in use, with every kind of mask.
"""

import itertools

import numpy as np
import pytest

import microtensor as mt
from microtensor import nn

torch = pytest.importorskip("torch")
functional = torch.nn.functional

RNG = np.random.default_rng(0)
TOLERANCE = 1e-9


def draw(*shape):
    return RNG.standard_normal(shape)


def same(found, expected):
    found = found.data if isinstance(found, mt.Value) else found
    expected = expected.detach().numpy()
    assert np.shape(found) == expected.shape
    size = max(1.0, np.max(np.abs(expected), initial=0, where=np.isfinite(expected)))
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE * size)


def differs(x):
    return isinstance(x, np.ndarray) and x.dtype == np.float64


def compare(ours, theirs, args, options, wanted=differs):
    """Run both on the same arrays; compare outputs and gradients for a random cotangent."""
    mine = [mt.Value(x) if wanted(x) else x for x in args]
    torchs = [
        torch.tensor(x, requires_grad=wanted(x)) if isinstance(x, np.ndarray) else x for x in args
    ]
    as_torch = {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    y, z = ours(*mine, **options), theirs(*torchs, **as_torch)
    ys, zs = (t if isinstance(t, tuple) else (t,) for t in (y, z))
    ours_total, theirs_total = 0.0, 0.0
    for a, b in zip(ys, zs, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            same(a, b)
            u = np.random.default_rng(1).standard_normal(np.shape(a))
            ours_total = (a * u).sum() + ours_total
            theirs_total = (b * torch.tensor(u)).sum() + theirs_total
    ours_total.backward()
    theirs_total.backward()
    for a, b in zip(mine, torchs, strict=True):
        if isinstance(a, mt.Value):
            same(a.grad, b.grad)


def twins(name, *args, **options):
    """The same module in both, with PyTorch's weights."""
    torch.manual_seed(0)
    theirs = getattr(torch.nn, name)(*args, **options, dtype=torch.float64)
    ours = getattr(nn, name)(*args, **options, dtype=np.float64)
    return take_weights(ours, theirs)


def take_weights(ours, theirs):
    with torch.no_grad():
        for p in theirs.parameters():
            p += 0.1 * torch.randn(p.shape, dtype=p.dtype)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def compare_modules(ours, theirs, args, options, wanted=differs):
    ours.zero_grad()
    theirs.zero_grad()
    compare(ours, theirs, args, options, wanted)
    for (name, p), (other, q) in zip(
        ours.named_parameters(), theirs.named_parameters(), strict=True
    ):
        assert name == other
        assert (p.grad is None) == (q.grad is None), name
        if p.grad is not None:
            same(p.grad, q.grad)


# Normalisation

NORMALISATIONS = [
    ("LayerNorm", (5,), {}, (3, 5)),
    ("LayerNorm", ((4, 5),), {"eps": 0.1}, (2, 3, 4, 5)),
    ("LayerNorm", (5,), {"bias": False}, (2, 3, 5)),
    ("LayerNorm", (5,), {"elementwise_affine": False}, (5,)),
    ("RMSNorm", (5,), {}, (3, 5)),
    ("RMSNorm", ((4, 5),), {"eps": 0.1}, (2, 4, 5)),
    ("RMSNorm", (5,), {"elementwise_affine": False}, (2, 3, 5)),
    ("GroupNorm", (2, 6), {}, (3, 6)),
    ("GroupNorm", (3, 6), {"eps": 0.1}, (2, 6, 3, 4)),
    ("GroupNorm", (6, 6), {"affine": False}, (2, 6, 5)),
]


@pytest.mark.parametrize(("name", "args", "options", "shape"), NORMALISATIONS)
@pytest.mark.parametrize("training", [True, False])
def test_normalisations_agree(name, args, options, shape, training):
    ours, theirs = twins(name, *args, **options)
    ours.train(training)
    theirs.train(training)
    compare_modules(ours, theirs, [3 * draw(*shape) + 1], {})


def test_normalisations_agree_as_functions():
    x, w, b = draw(2, 6, 4), draw(4), draw(4)
    compare(
        lambda x, w, b: mt.layer_norm(x, 4, w, b),
        lambda x, w, b: functional.layer_norm(x, (4,), w, b),
        [x, w, b],
        {},
    )
    compare(
        lambda x, w: mt.rms_norm(x, (4,), w),
        lambda x, w: functional.rms_norm(x, (4,), w),
        [x, w],
        {},
    )
    compare(mt.group_norm, functional.group_norm, [x, 3, draw(6), draw(6), 1e-3], {})


# Embeddings


@pytest.mark.parametrize("padding", [None, 0, -1])
def test_embeddings_agree(padding):
    ids = RNG.integers(0, 5, (3, 4))
    ours, theirs = twins("Embedding", 5, 3, padding)
    compare_modules(ours, theirs, [ids], {})
    compare(mt.embedding, functional.embedding, [ids, draw(5, 3), padding], {})


# Attention as a function

Q, K, V = draw(2, 3, 4, 5), draw(2, 3, 6, 5), draw(2, 3, 6, 2)
ALLOWED = RNG.random((4, 6)) < 0.6
ALLOWED[:, 0] = True
NOTHING = ALLOWED.copy()
NOTHING[2] = False
MASKS = {
    "none": {},
    "bools": {"attn_mask": ALLOWED},
    "bools of a batch": {
        "attn_mask": np.stack([ALLOWED, ~ALLOWED | np.eye(4, 6, dtype=bool)])[:, None]
    },
    "bools of a row": {"attn_mask": ALLOWED[:1]},
    "nothing allowed": {"attn_mask": NOTHING},
    "floats": {"attn_mask": draw(4, 6)},
    "floats of heads": {"attn_mask": draw(3, 4, 6)},
    "floats of keys": {"attn_mask": draw(2, 1, 1, 6)},
    "infinite": {"attn_mask": np.where(ALLOWED, 0.5, -np.inf)},
    "causal": {"is_causal": True},
    "scale": {"scale": 0.3},
    "scale and bools": {"scale": 0.3, "attn_mask": ALLOWED},
}


@pytest.mark.parametrize("options", MASKS.values(), ids=MASKS)
def test_attention_agrees(options):
    sdpa = functional.scaled_dot_product_attention
    compare(mt.scaled_dot_product_attention, sdpa, [Q, K, V], options)
    compare(mt.scaled_dot_product_attention, sdpa, [Q[0, 0], K[0, 0], V[0, 0]],
            {k: m for k, m in options.items() if np.ndim(m) < 3})  # fmt: skip


def test_the_gradient_of_a_mask_agrees():
    compare(
        lambda q, k, v, m: mt.scaled_dot_product_attention(q, k, v, m),
        lambda q, k, v, m: functional.scaled_dot_product_attention(q, k, v, m),
        [Q, K, V, draw(3, 4, 6)],
        {},
    )


# Multi-head attention

LAYERS = {
    "plain": {},
    "no bias": {"bias": False},
    "widths": {"kdim": 3, "vdim": 5},
    "a learned key": {"add_bias_kv": True},
    "a key of zeros": {"add_zero_attn": True},
    "all": {"add_bias_kv": True, "add_zero_attn": True, "kdim": 3, "vdim": 5},
}
FORBIDDEN = np.triu(np.ones((4, 6), bool), 3)
BEHIND = ~FORBIDDEN
BEHIND[:, 0] = False
PADDING = np.array([[False] * 6, [False] * 4 + [True] * 2])
MASKED = {
    "none": {},
    "bools": {"attn_mask": FORBIDDEN},
    "floats": {"attn_mask": draw(4, 6)},
    "bools of heads": {"attn_mask": np.stack([FORBIDDEN, BEHIND] * 2)},
    "padding": {"key_padding_mask": PADDING},
    "both": {"key_padding_mask": PADDING, "attn_mask": FORBIDDEN},
    "both of floats": {
        "key_padding_mask": np.where(PADDING, -np.inf, 0.0), "attn_mask": draw(4, 6),
    },
}  # fmt: skip
WEIGHTS = [
    {}, {"need_weights": False}, {"average_attn_weights": False},
]  # fmt: skip


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_multi_head_attention_agrees(layer, batch_first):
    ours, theirs = twins("MultiheadAttention", 8, 2, batch_first=batch_first, **layer)
    args = [draw(2, 4, 8), draw(2, 6, ours.kdim), draw(2, 6, ours.vdim)]
    if not batch_first:
        args = [x.swapaxes(0, 1).copy() for x in args]
    for training, masks, weights in itertools.product((True, False), MASKED.values(), WEIGHTS):
        ours.train(training)
        theirs.train(training)
        compare_modules(ours, theirs, args, masks | weights)


@pytest.mark.parametrize("layer", [LAYERS["plain"], LAYERS["all"]], ids=["plain", "all"])
def test_multi_head_attention_agrees_without_a_batch(layer):
    ours, theirs = twins("MultiheadAttention", 8, 2, **layer)
    args = [draw(4, 8), draw(6, ours.kdim), draw(6, ours.vdim)]
    for masks, weights in itertools.product(
        ({}, {"attn_mask": FORBIDDEN}, {"key_padding_mask": PADDING[1]}), WEIGHTS
    ):
        compare_modules(ours, theirs, args, masks | weights)


SQUARE = np.triu(np.ones((4, 4), bool), 1)
OWN_MASKS = {
    "none": {},
    "bools": {"attn_mask": SQUARE},
    "causal": {"attn_mask": SQUARE, "is_causal": True},
    "padding": {"key_padding_mask": PADDING[:, 1:5]},
    "both": {"attn_mask": SQUARE, "key_padding_mask": PADDING[:, 1:5]},
}


@pytest.mark.parametrize("masks", OWN_MASKS.values(), ids=OWN_MASKS)
@pytest.mark.parametrize("need_weights", [True, False])
def test_attention_of_a_sequence_to_itself_agrees(masks, need_weights):
    ours, theirs = twins("MultiheadAttention", 8, 4, batch_first=True)
    if masks.get("is_causal") and need_weights:
        masks = {"attn_mask": SQUARE}

    def to_itself(layer):
        return lambda x, **options: layer(x, x, x, need_weights=need_weights, **options)

    ours.zero_grad()
    compare(to_itself(ours), to_itself(theirs), [draw(2, 4, 8)], masks)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        same(p.grad, q.grad)


# Encoders

ENCODERS = {
    "plain": {},
    "gelu": {"activation": "gelu"},
    "norm first": {"norm_first": True},
    "no bias": {"bias": False},
    "eps": {"layer_norm_eps": 0.1, "norm_first": True, "activation": "gelu"},
    "places first": {"batch_first": False},
}
ENCODED = {
    "none": {},
    "causal": {"mask": SQUARE, "is_causal": True},
    "bools": {"mask": SQUARE.T.copy() & ~np.eye(4, dtype=bool)},
    "floats": {"mask": draw(4, 4)},
    "padding": {"src_key_padding_mask": PADDING[:, 1:5]},
    "both": {"mask": SQUARE, "src_key_padding_mask": PADDING[:, 1:5]},
}


@pytest.mark.parametrize("layer", ENCODERS.values(), ids=ENCODERS)
@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_encoders_agree(layer):
    layer = {"batch_first": True, "dropout": 0.0} | layer
    torch.manual_seed(0)
    theirs = torch.nn.TransformerEncoder(
        torch.nn.TransformerEncoderLayer(8, 2, 16, **layer, dtype=torch.float64), 2,
        norm=torch.nn.LayerNorm(8, dtype=torch.float64), enable_nested_tensor=False,
    )  # fmt: skip
    ours = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(8, 2, 16, **layer, dtype=np.float64), 2,
        norm=nn.LayerNorm(8, dtype=np.float64),
    )  # fmt: skip
    take_weights(ours, theirs)
    x = draw(2, 4, 8) if layer["batch_first"] else draw(4, 2, 8)
    for training, masks in itertools.product((True, False), ENCODED.values()):
        ours.train(training)
        theirs.train(training)
        compare_modules(ours, theirs, [x], masks)
    compare_modules(ours, theirs, [draw(4, 8)], {})


def test_dropout_is_off_in_use():
    layer = {"batch_first": True, "dropout": 0.5}
    ours, theirs = twins("TransformerEncoderLayer", 8, 2, 16, **layer)
    ours.eval()
    theirs.eval()
    compare_modules(ours, theirs, [draw(2, 4, 8)], {})


# First weights


@pytest.mark.parametrize(
    ("name", "args", "options"),
    [
        ("Embedding", (200, 100, 3), {}),
        ("MultiheadAttention", (64, 4), {"add_bias_kv": True}),
        ("MultiheadAttention", (64, 4), {"kdim": 100, "vdim": 200}),
        ("TransformerEncoderLayer", (64, 4, 300), {}),
    ],
)
def test_first_weights_have_the_spread_of_pytorchs(name, args, options):
    torch.manual_seed(0)
    theirs = dict(getattr(torch.nn, name)(*args, **options).named_parameters())
    ours = dict(getattr(nn, name)(*args, **options, rng=0).named_parameters())
    assert list(ours) == list(theirs)
    for path, p in ours.items():
        q = theirs[path].detach().numpy()
        assert p.shape == q.shape
        spread = 6 / np.sqrt(p.size)
        assert abs(p.data.std() - q.std()) <= spread * q.std(), path
        assert abs(p.data.mean() - q.mean()) <= spread * q.std(), path


def test_the_comparison_objects_to_another_scale():
    with pytest.raises(AssertionError):
        compare(
            lambda q, k, v: mt.scaled_dot_product_attention(q, k, v, scale=0.5),
            functional.scaled_dot_product_attention,
            [Q, K, V],
            {},
        )
