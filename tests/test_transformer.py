"""Embeddings and transformer encoders: their formulas, masks, first weights and errors."""

import operator

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses, nn, optim
from microtensor.errors import ArgumentError, DTypeError, ShapeError

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 4, 8))


def lines(*rows):
    return "\n".join(rows)


# Embeddings


def test_an_embedding_gives_a_row_for_each_number():
    table, ids = RNG.standard_normal((5, 3)), np.array([[4, 0], [4, 4]])
    assert np.array_equal(mt.embedding(ids, table), table[ids])
    assert np.array_equal(mt.embedding(ids.tolist(), table.tolist()), table[ids])
    assert mt.embedding(3, table).shape == (3,)
    layer = nn.Embedding(5, 3, rng=0)
    assert np.array_equal(layer(ids).data, layer.weight.data[ids])
    assert np.array_equal(layer(mt.Value(ids.astype(np.uint8))).data, layer.weight.data[ids])
    assert mt.check_gradients(lambda w: mt.embedding(ids, w) ** 2, table, order=2)


def test_a_row_that_is_read_often_receives_all_gradients():
    layer = nn.Embedding(3, 2, rng=0)
    layer(np.array([1, 1, 0, 1])).sum().backward()
    assert layer.weight.grad.tolist() == [[1, 1], [3, 3], [0, 0]]


@pytest.mark.parametrize("padding", [1, -2])
def test_padding_starts_as_0_and_receives_no_gradient(padding):
    layer = nn.Embedding(3, 2, padding_idx=padding, rng=0)
    assert layer.padding_idx == 1
    assert (layer.weight.data[1] == 0).all()
    layer.weight.data = np.ones((3, 2))
    y = layer(np.array([1, 0, 1]))
    assert (y.data == 1).all()
    y.sum().backward()
    assert layer.weight.grad.tolist() == [[1, 1], [0, 0], [0, 0]]


def test_an_embedding_starts_with_variance_1():
    w = nn.Embedding(400, 300, rng=0).weight.data
    assert abs(w.var() - 1) < 5 * np.sqrt(2 / w.size)
    assert abs(w.mean()) < 5 / np.sqrt(w.size)


@pytest.mark.parametrize("ids", [[0, 5], [-1, 0]])
def test_a_number_that_is_no_row_is_told(ids):
    for call, where in (
        (lambda: mt.embedding(ids, np.ones((5, 3))), "embedding"),
        (lambda: nn.Sequential(nn.Embedding(5, 3))(np.array(ids)), "Sequential.0"),
    ):
        with pytest.raises(ArgumentError) as error:
            call()
        assert str(error.value) == lines(
            f"{where}: there is no such row.",
            "  expected  ids in 0 ... 4",
            f"  got       ids from {min(ids)} to {max(ids)}",
        )


def test_numbers_of_rows_are_integers():
    with pytest.raises(DTypeError) as error:
        nn.Embedding(5, 3)(np.array([1.0]))
    assert str(error.value) == lines(
        "Embedding: ids must be integers.",
        "  expected  an array of an integer dtype",
        "  got       dtype float32",
        "  If they are whole numbers, convert them: ids.astype(int).",
    )


def test_a_table_has_two_axes_and_padding_is_a_row():
    with pytest.raises(ShapeError) as error:
        mt.embedding([0], np.ones(3))
    assert str(error.value) == lines(
        "embedding: the weight must be a table, with one row per number.",
        "  expected  shape (V, C)",
        "  got       shape (3,)",
    )
    for padding in (3, -4, 0.5):
        with pytest.raises(ArgumentError) as error:
            nn.Embedding(3, 2, padding)
        assert str(error.value) == lines(
            "Embedding: padding_idx must be the number of a row.",
            "  expected  an integer from -3 to 2",
            f"  got       {padding}",
        )


# Encoder layers


def encoder_layer(**options):
    options = {"dropout": 0.0, "batch_first": True, "rng": 0, "dtype": np.float64} | options
    return nn.TransformerEncoderLayer(8, 2, 16, **options)


@pytest.mark.parametrize("activation", ["relu", "gelu", np.tanh, nn.SiLU()])
@pytest.mark.parametrize("norm_first", [False, True])
def test_an_encoder_layer_is_its_formula(norm_first, activation):
    layer = encoder_layer(norm_first=norm_first, activation=activation)
    act = {"relu": mt.relu, "gelu": mt.gelu}.get(activation, activation)

    def attend(x):
        return layer.self_attn(x, x, x)[0]

    def network(x):
        return layer.linear2(act(layer.linear1(x)))

    x = mt.Value(X)
    if norm_first:
        x = x + attend(layer.norm1(x))
        x = x + network(layer.norm2(x))
    else:
        x = layer.norm1(x + attend(x))
        x = layer.norm2(x + network(x))
    assert np.allclose(layer(X).data, x.data, rtol=1e-12)


@pytest.mark.parametrize("norm_first", [False, True])
def test_the_gradients_of_an_encoder_layer(norm_first):
    layer = encoder_layer(norm_first=norm_first, activation="gelu")
    x = X[:1, :2]
    weights = RNG.standard_normal(x.shape)
    assert mt.check_gradients(lambda x: (layer(x, is_causal=True) * weights).sum(), x, order=2)
    (layer(x, is_causal=True) * weights).sum().backward()
    for name, p in layer.named_parameters():
        d = 1e-6 * np.cos(np.arange(p.size)).reshape(p.shape)
        p.data += d
        above = (layer(x, is_causal=True).data * weights).sum()
        p.data -= 2 * d
        below = (layer(x, is_causal=True).data * weights).sum()
        p.data += d
        assert abs((p.grad * d).sum() * 2 - (above - below)) < 1e-13, name


def test_a_causal_encoder_does_not_see_what_comes():
    encoder = nn.TransformerEncoder(encoder_layer(), 2, norm=nn.LayerNorm(8, dtype=np.float64))
    y = encoder(X, is_causal=True).data
    for n in (1, 2, 3):
        assert np.allclose(encoder(X[:, :n], is_causal=True).data, y[:, :n], rtol=1e-10)
    mask = np.triu(np.ones((4, 4), bool), 1)
    assert np.allclose(encoder(X, mask).data, y, rtol=1e-12)
    assert np.allclose(encoder(X, np.where(mask, -np.inf, 0.0)).data, y, rtol=1e-12)
    assert not np.allclose(encoder(X).data[:, 0], y[:, 0])


def test_padding_makes_no_difference_to_the_other_places():
    encoder, padding = nn.TransformerEncoder(encoder_layer(), 2), np.zeros((2, 4), bool)
    padding[:, 3] = True
    y = encoder(X, src_key_padding_mask=padding).data
    assert np.allclose(y[:, :3], encoder(X[:, :3]).data, rtol=1e-10)


def test_axes_may_come_the_other_way_round_and_a_batch_is_not_needed():
    layer, turned = encoder_layer(), encoder_layer(batch_first=False)
    y = layer(X).data
    assert np.allclose(turned(X.swapaxes(0, 1)).data, y.swapaxes(0, 1), rtol=1e-12)
    for other in (layer, turned):
        assert np.allclose(other(X[0]).data, y[0], rtol=1e-12)


def test_an_encoder_has_copies_of_its_layer():
    first = encoder_layer()
    encoder = nn.TransformerEncoder(first, 2, norm=nn.LayerNorm(8, dtype=np.float64))
    assert len(encoder.parameters()) == 2 * 12 + 2
    for layer in encoder.layers:
        for p, q in zip(layer.parameters(), first.parameters(), strict=True):
            assert p is not q
            assert np.array_equal(p.data, q.data)
    assert list(encoder.state_dict())[-1] == "norm.bias"


def test_copies_of_a_layer_do_not_drop_the_same_places():
    encoder = nn.TransformerEncoder(encoder_layer(dropout=0.5), 2)
    a, b = (layer.dropout1 for layer in encoder.layers)
    ones = np.ones(100)
    assert not np.array_equal(a(ones), b(ones))
    same = nn.TransformerEncoder(encoder_layer(dropout=0.5), 2)
    again = nn.TransformerEncoder(encoder_layer(dropout=0.5), 2)
    assert np.array_equal(same(X).data, again(X).data)
    assert not np.array_equal(same(X).data, again(X).data[::-1])
    encoder.eval()
    assert np.array_equal(encoder(X).data, encoder(X).data)


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("name", ["dropout", "dropout1", "dropout2", "self_attn", "linear2"])
def test_what_is_put_in_the_place_of_a_part_is_what_computes(name, norm_first):
    layer = encoder_layer(norm_first=norm_first)
    fused, part, called = layer(X).data, getattr(layer, name), []

    class Passing(nn.Module):
        def forward(self, *args, **kwargs):
            called.append(name)
            return part(*args, **kwargs)

    setattr(layer, name, Passing())
    assert np.allclose(layer(X).data, fused, rtol=1e-12)
    assert called == [name]


@pytest.mark.parametrize(
    "name", ["dropout", "dropout1", "dropout2", "self_attn", "self_attn.out_proj", "linear2"]
)
def test_a_forward_that_one_part_is_given_is_what_computes(name):
    layer, called = encoder_layer(), []
    fused, part = layer(X).data, operator.attrgetter(name)(layer)
    usual = part.forward

    def forward(*args, **kwargs):
        called.append(name)
        return usual(*args, **kwargs)

    part.forward = forward
    assert np.allclose(layer(X).data, fused, rtol=1e-12)
    assert called == [name]


def test_an_encoder_learns_what_stands_before():
    """Each character is the one before the last: attention is what can see it."""
    rng = np.random.default_rng(0)
    text = rng.integers(0, 5, (64, 8))
    x, labels = text[:, 1:], text[:, :-1]

    class Model(nn.Module):
        def __init__(self):
            self.characters = nn.Embedding(5, 16, rng=rng)
            self.places = nn.Embedding(7, 16, rng=rng)
            layer = nn.TransformerEncoderLayer(16, 2, 32, 0.0, batch_first=True, rng=rng)
            self.encoder = nn.TransformerEncoder(layer, 1)
            self.head = nn.Linear(16, 5, rng=rng)

        def forward(self, x):
            x = self.characters(x) + self.places(np.arange(7))
            return self.head(self.encoder(x, is_causal=True))

    model = Model()
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for _ in range(100):
        optimizer.zero_grad()
        logits = model(x)[:, 1:].reshape(-1, 5)
        loss = losses.cross_entropy(logits, labels[:, 1:].reshape(-1))
        loss.backward(leaves_only=True)
        optimizer.step()
    assert float(loss) < 0.1


# Wrong use


def test_wrong_widths_are_told_with_the_place():
    encoder = nn.TransformerEncoder(encoder_layer(), 1)
    with pytest.raises(ShapeError) as error:
        encoder(X[..., :7])
    assert str(error.value) == lines(
        "TransformerEncoder.layers.0.self_attn: the shapes do not fit.",
        "  expected  widths 8, 8 and 8",
        "  got       a query (2, 4, 7), a key (2, 4, 7), a value (2, 4, 7)",
    )


def test_wrong_parts_are_told():
    with pytest.raises(ArgumentError) as error:
        nn.TransformerEncoder(nn.TransformerEncoderLayer, 2)
    assert str(error.value) == lines(
        "TransformerEncoder: encoder_layer must be a layer.",
        "  expected  a TransformerEncoderLayer, or another module that takes its arguments",
        "  got       a type",
    )
    with pytest.raises(ArgumentError) as error:
        nn.TransformerEncoder(encoder_layer(), 0)
    assert str(error.value).startswith("TransformerEncoder: num_layers must be a positive integer.")
    with pytest.raises(ArgumentError) as error:
        nn.TransformerEncoderLayer(8, 3)
    assert str(error.value).startswith("MultiheadAttention: num_heads must divide embed_dim")
    with pytest.raises(ArgumentError) as error:
        nn.TransformerEncoderLayer(8, 2, activation="rule")
    assert str(error.value).startswith("TransformerEncoderLayer: unknown activation.")
