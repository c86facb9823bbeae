"""What is a layer given? Real numbers, which it takes in the dtype of its weights, or an error."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import nn
from microtensor.errors import ArgumentError, DTypeError, ShapeError

LAYERS = [
    (nn.Linear(3, 3), (2, 3)),
    (nn.Neuron(3), (2, 3)),
    (nn.Conv1d(3, 2, 1), (2, 3, 4)),
    (nn.ConvTranspose2d(3, 2, 1), (2, 3, 4, 4)),
    (nn.BatchNorm1d(3), (2, 3)),
    (nn.LayerNorm(3), (2, 3)),
    (nn.LayerNorm(3, elementwise_affine=False), (2, 3)),
    (nn.RMSNorm(3), (2, 3)),
    (nn.GroupNorm(1, 3), (2, 3)),
    (nn.PReLU(), (2, 3)),
    (nn.LSTM(3, 2), (4, 2, 3)),
    (nn.GRUCell(3, 2), (2, 3)),
    (nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0), (3, 2, 4)),
]
each_layer = pytest.mark.parametrize(
    ("layer", "shape"), LAYERS, ids=[type(layer).__name__ for layer, _ in LAYERS]
)


def output_of(layer, x):
    y = layer(x)
    y = y[0] if isinstance(y, tuple) else y
    return y.data if isinstance(y, mt.Value) else y


@each_layer
@pytest.mark.parametrize("kind", [np.int64, np.uint8, bool])
def test_integers_do_not_make_a_float32_model_float64(layer, shape, kind):
    x = np.random.default_rng(0).integers(0, 2, shape).astype(kind)
    y = output_of(layer, x)
    assert y.dtype == np.float32
    assert output_of(layer, x.tolist()).dtype == np.float32
    assert np.array_equal(y, output_of(layer, x.astype(np.float32)))


@each_layer
def test_complex_numbers_do_not_lose_their_imaginary_part(layer, shape):
    with pytest.raises(DTypeError) as error:
        layer(np.full(shape, 1j))
    assert str(error.value).partition(": ")[2] == (
        "the input must hold real numbers.\n"
        "  expected  floats, integers or bools\n"
        "  got       dtype complex128\n"
        "  Give it the real and the imaginary parts, as channels or features of their own."
    )


@pytest.mark.parametrize(
    ("x", "got"),
    [
        (None, "a NoneType"),
        ({"a": 1.0}, "a dict"),
        ("words", "a str"),
        ([["a", "b"]], "a str"),
        ([[None, 1.0]], "a NoneType"),
        (np.array([["2020-01-01", "2020-01-02"]], "M8[D]"), "dtype datetime64[D]"),
        (
            np.array([[1.0, None]], object),
            "dtype object\n  If they are numbers, convert them: x.astype(float).",
        ),
    ],
    ids=str,
)
def test_what_is_no_number_is_refused(x, got):
    with pytest.raises(DTypeError) as error:
        nn.Linear(2, 1)(x)
    assert str(error.value) == (
        "Linear: the input must hold real numbers.\n"
        "  expected  floats, integers or bools\n"
        f"  got       {got}"
    )


@pytest.mark.parametrize("x", [[[1.0, 2.0], [3.0]], [[1, 2], [3]], [[mt.Value(1.0)] * 2, [3]]])
def test_rows_of_different_lengths_are_no_input(x):
    with pytest.raises(ShapeError) as error:
        nn.Sequential(nn.Linear(2, 1))(x)
    assert str(error.value) == (
        "Sequential.0: the rows of the input have different shapes.\n"
        "  expected  rows of shape (2,), as the first one has\n"
        "  got       a row of shape (1,), in place 1"
    )


@pytest.mark.parametrize("batch_first", [False, True])
def test_attention_takes_a_batch_without_sequences_and_no_sequence_without_keys(batch_first):
    layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=batch_first)
    shape = (0, 3, 4) if batch_first else (3, 0, 4)
    assert layer(np.zeros(shape)).shape == shape
    attention = nn.MultiheadAttention(4, 2, batch_first=True)
    y, weights = attention(*[np.zeros((0, 3, 4))] * 3)
    assert (y.shape, weights.shape) == ((0, 3, 4), (0, 3, 3))
    with pytest.raises(ShapeError) as error:
        attention(np.zeros((2, 3, 4)), np.zeros((2, 0, 4)), np.zeros((2, 0, 4)))
    assert "expected  at least one key\n" in str(error.value)


# Layers without weights: what they compute needs real numbers, too, and keeps their dtype.

WITHOUT_WEIGHTS = [
    (nn.CELU(), ()), (nn.ELU(), ()), (nn.GELU(), ()), (nn.GLU(), (2,)), (nn.Hardshrink(), ()),
    (nn.Hardsigmoid(), ()), (nn.Hardswish(), ()), (nn.Hardtanh(), ()), (nn.LeakyReLU(), ()),
    (nn.LogSigmoid(), ()), (nn.LogSoftmax(), (2,)), (nn.Mish(), ()), (nn.ReLU(), ()),
    (nn.ReLU6(), ()), (nn.SELU(), ()), (nn.Sigmoid(), ()), (nn.SiLU(), ()), (nn.Softmax(), (2,)),
    (nn.Softmin(), (2,)), (nn.Softplus(), ()), (nn.Softshrink(), ()), (nn.Softsign(), ()),
    (nn.Tanh(), ()), (nn.Tanhshrink(), ()), (nn.Threshold(0.0, 1.0), ()), (nn.Dropout(), ()),
    (nn.Dropout1d(), (1, 2, 2)), (nn.MaxPool1d(2), (1, 2)), (nn.AvgPool2d(2), (1, 2, 2)),
    (nn.AvgPool1d(2), (1, 2)), (nn.MaxPool2d(2), (1, 2, 2)), (nn.AdaptiveAvgPool1d(1), (1, 2)),
    (nn.AdaptiveMaxPool2d(1), (1, 2, 2)), (nn.Upsample(2), (1, 1, 1)),
]  # fmt: skip
each_without = pytest.mark.parametrize(
    ("layer", "shape"), WITHOUT_WEIGHTS, ids=[type(layer).__name__ for layer, _ in WITHOUT_WEIGHTS]
)


@each_without
@pytest.mark.parametrize(
    ("x", "got"),
    [
        (lambda shape: "words", "a str"),
        (lambda shape: None, "a NoneType"),
        (
            lambda shape: np.full(shape, 1j),
            "dtype complex128\n"
            "  Give it the real and the imaginary parts, as channels or features of their own.",
        ),
    ],
    ids=["words", "nothing", "complex"],
)
def test_a_layer_without_weights_refuses_what_is_no_real_number(layer, shape, x, got):
    with pytest.raises(DTypeError) as error:
        layer(x(shape))
    assert str(error.value) == (
        f"{type(layer).__name__}: the input must hold real numbers.\n"
        "  expected  floats, integers or bools\n"
        f"  got       {got}"
    )


@each_without
def test_a_layer_without_weights_keeps_the_dtype_and_takes_lists_and_integers(layer, shape):
    x = np.ones(shape)
    for dtype in (np.float32, np.float64):
        assert output_of(layer, x.astype(dtype)).dtype == dtype
        assert output_of(layer, mt.Value(x.astype(dtype))).dtype == dtype
    assert np.shape(output_of(layer, x.astype(int))) == np.shape(output_of(layer, x))
    if shape:
        assert output_of(layer, x.tolist()).dtype == np.float32


@pytest.mark.parametrize("layer", [nn.Softmax, nn.LogSoftmax, nn.Softmin, nn.GLU])
def test_an_axis_that_is_not_there_is_named(layer):
    with pytest.raises(ShapeError) as error:
        layer(2)(np.ones((2, 2)))
    assert str(error.value) == (
        f"{layer.__name__}: the input has no axis 2.\n"
        "  expected  an input of at least 3 axes\n"
        "  got       an input of shape (2, 2)"
    )
    with pytest.raises(ArgumentError) as error:
        layer(None)
    assert str(error.value) == (
        f"{layer.__name__}: dim must be the number of an axis.\n"
        "  expected  an integer, such as -1 for the last axis\n"
        "  got       None"
    )
