"""Convolutions and pooling as layers: against their formulas, and what is said of a wrong input."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import microtensor as mt
from microtensor import nn
from microtensor.errors import ArgumentError, ShapeError

RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((2, 4, 7, 6))
SEQUENCES = RNG.standard_normal((2, 4, 9))


def np_conv2d(x, weight, bias, stride=1):
    windows = sliding_window_view(x, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("nchwkl,ockl->nohw", windows, weight) + bias[:, None, None]


def test_a_convolution_is_its_formula():
    layer = nn.Conv2d(4, 3, (3, 2), stride=2, rng=0, dtype=np.float64)
    w, b = layer.weight.data, layer.bias.data
    assert np.allclose(layer(IMAGES).data, np_conv2d(IMAGES, w, b, stride=2))
    line = nn.Conv1d(4, 3, 3, bias=False, rng=0, dtype=np.float64)
    w = line.weight.data[:, :, None, :]
    assert np.allclose(
        line(SEQUENCES).data, np_conv2d(SEQUENCES[:, :, None], w, np.zeros(3))[:, :, 0]
    )


def test_an_image_alone_is_a_batch_of_one():
    for layer, x in [(nn.Conv2d(4, 3, 3, rng=0), IMAGES), (nn.ConvTranspose1d(4, 3, 3), SEQUENCES)]:
        assert np.array_equal(layer(x[0]).data, layer(x[:1]).data[0])


@pytest.mark.parametrize("padding", ["same", 1, (2, 1)])
@pytest.mark.parametrize(
    ("mode", "name"), [("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")]
)
def test_borders_are_padded_as_numpy_pads(padding, mode, name):
    layer = nn.Conv2d(4, 3, 3, padding=padding, padding_mode=mode, rng=0, dtype=np.float64)
    p, q = {"same": (1, 1), 1: (1, 1)}.get(padding, padding)
    padded = np.pad(IMAGES, [(0, 0), (0, 0), (p, p), (q, q)], mode=name)
    plain = nn.Conv2d(4, 3, 3, rng=0, dtype=np.float64)
    assert np.allclose(layer(IMAGES).data, plain(padded).data)
    assert mt.check_gradients(layer, IMAGES[:1, :, :4, :4])


@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1}, {"groups": 2, "dilation": 2}])
def test_a_transposed_convolution_is_the_adjoint_of_one(options):
    """<conv(x), y> = <x, transposed(y)> for the same weights."""
    there = nn.Conv2d(4, 6, 3, bias=False, rng=0, dtype=np.float64, **options)
    back = nn.ConvTranspose2d(6, 4, 3, bias=False, dtype=np.float64, **options)
    assert back.weight.shape == there.weight.shape
    back.load_state_dict(there.state_dict())
    x = RNG.standard_normal((2, 4, 7, 7))
    y = RNG.standard_normal(there(x).shape)
    assert back(y).shape == x.shape
    assert np.isclose(np.sum(there(x).data * y), np.sum(x * back(y).data))
    back.weight.data = back.weight.data[::-1]
    assert not np.isclose(np.sum(there(x).data * y), np.sum(x * back(y).data))


def test_parameters_are_float32_and_inputs_are_made_so():
    for layer, x in [
        (nn.Conv2d(4, 3, 3), IMAGES),
        (nn.Conv1d(4, 3, 3), SEQUENCES),
        (nn.ConvTranspose2d(4, 3, 3), IMAGES),
        (nn.Conv2d(4, 3, 3), (IMAGES * 10).astype(int)),
        (nn.Conv1d(1, 3, 2), [[1, 2, 3]]),
    ]:
        assert {p.dtype for p in layer.parameters()} == {np.dtype(np.float32)}
        assert layer(x).dtype == np.float32


def test_a_convolutional_network_passes_the_check_of_a_model():
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1, rng=0, dtype=np.float64), nn.Tanh(), nn.AvgPool2d(2),
        nn.ConvTranspose2d(2, 2, 2, rng=1, dtype=np.float64), nn.MaxPool2d(2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 1, rng=2, dtype=np.float64),
    )  # fmt: skip
    x = np.random.default_rng(3).standard_normal((3, 1, 6, 6))
    assert mt.check_model(net, lambda y, t: np.mean((y - t) ** 2), x, np.ones((3, 1)))
    assert list(net.state_dict()) == [
        "0.weight", "0.bias", "3.weight", "3.bias", "7.weight", "7.bias",
    ]  # fmt: skip


POOLS = [
    (nn.MaxPool2d((1, 2)), IMAGES, IMAGES.reshape(2, 4, 7, 3, 2).max(-1)),
    (nn.AvgPool2d((1, 2)), IMAGES, IMAGES.reshape(2, 4, 7, 3, 2).mean(-1)),
    (nn.MaxPool1d(3), SEQUENCES, SEQUENCES.reshape(2, 4, 3, 3).max(-1)),
    (nn.AvgPool1d(3), SEQUENCES, SEQUENCES.reshape(2, 4, 3, 3).mean(-1)),
    (nn.MaxPool1d(3, 1), SEQUENCES, sliding_window_view(SEQUENCES, 3, axis=2).max(-1)),
    (nn.AdaptiveAvgPool1d(3), SEQUENCES, SEQUENCES.reshape(2, 4, 3, 3).mean(-1)),
    (nn.AdaptiveMaxPool1d(3), SEQUENCES, SEQUENCES.reshape(2, 4, 3, 3).max(-1)),
    (nn.AdaptiveAvgPool2d(1), IMAGES, IMAGES.mean((2, 3), keepdims=True)),
    (nn.Upsample(scale_factor=(1, 2)), IMAGES, IMAGES.repeat(2, axis=3)),
    (nn.AdaptiveMaxPool2d((None, 1)), IMAGES, IMAGES.max(3, keepdims=True)),
]


@pytest.mark.parametrize(("layer", "x", "expected"), POOLS, ids=[repr(p[0]) for p in POOLS])
def test_pooling_is_the_largest_or_the_mean_of_each_window(layer, x, expected):
    assert np.allclose(layer(x), expected, rtol=1e-14)
    if not isinstance(layer, nn.Upsample):  # which needs a batch
        assert np.allclose(layer(mt.Value(x))[0].data, layer(x[0]))
    assert layer(x.astype(np.float32)).dtype == np.float32


# What is said of a wrong input


WRONG_INPUTS = [
    (nn.Conv2d(3, 8, 3), (2, 4, 5, 5),
     "Sequential.0: the input has the wrong number of channels.\n"
     "  expected  3 channels, in axis 1\n"
     "  got       4, in an input of shape (2, 4, 5, 5)"),
    (nn.Conv2d(3, 8, 3), (2, 5, 5, 3),
     "Sequential.0: the input has the wrong number of channels.\n"
     "  expected  3 channels, in axis 1\n"
     "  got       5, in an input of shape (2, 5, 5, 3)\n"
     "  The last axis has 3: np.moveaxis(x, -1, 1) puts it there."),
    (nn.Conv2d(3, 8, 3), (5, 5),
     "Sequential.0: the input has the wrong number of axes.\n"
     "  expected  an input of shape (N, 3, H, W), or (3, H, W) if there is no batch\n"
     "  got       an input of shape (5, 5)"),
    (nn.Conv1d(1, 8, 3), (5, 2, 3, 4),
     "Sequential.0: the input has the wrong number of axes.\n"
     "  expected  an input of shape (N, 1, L), or (1, L) if there is no batch\n"
     "  got       an input of shape (5, 2, 3, 4)\n"
     "  A single channel is an axis of length 1: x[:, None] gives a batch its own."),
    (nn.ConvTranspose1d(4, 8, 3), (9,),
     "Sequential.0: the input has the wrong number of axes.\n"
     "  expected  an input of shape (N, 4, L), or (4, L) if there is no batch\n"
     "  got       an input of shape (9,)"),
    (nn.Conv2d(1, 8, 3, padding=4, padding_mode="circular"), (1, 1, 3, 3),
     "Sequential.0: there is too little at the borders to pad with.\n"
     "  expected  an input larger than the padding in each of the last 2 axes\n"
     "  got       an input of shape (1, 1, 3, 3), with padding (4, 4)\n"
     '  padding_mode="zeros" or "replicate" can pad any input.'),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "shape", "message"), WRONG_INPUTS)
def test_a_wrong_input_is_an_error_with_the_place(layer, shape, message):
    with pytest.raises(ShapeError) as error:
        nn.Sequential(layer)(np.zeros(shape))
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("layer", "shape", "where"),
    [
        (nn.Conv2d(1, 1, 5), (1, 3, 3),
         "conv2d: the windows are larger than what they slide over."),
        (nn.MaxPool2d(5), (1, 3, 3),
         "max_pool2d: the windows are larger than what they slide over."),
        (nn.AvgPool1d(2), (3,),
         "avg_pool1d: the input must have 3 axes, or 2 if there is no batch."),
        (nn.AdaptiveAvgPool2d(2), (3,),
         "adaptive_avg_pool2d: the input must have 4 axes, or 3 if there is no batch."),
    ],
)  # fmt: skip
def test_an_error_of_a_function_tells_the_module(layer, shape, where):
    with pytest.raises(ShapeError) as error:
        nn.Sequential(nn.Identity(), layer)(np.zeros(shape))
    assert str(error.value).splitlines()[0] == where
    assert error.value.__notes__ == ["in module Sequential.1"]


BAD_OPTIONS = [
    (lambda: nn.Upsample(),
     "Upsample: either a size or a factor is needed.\n"
     "  expected  size= or scale_factor=\n  got       neither"),
    (lambda: nn.Upsample(2, mode="bicubic"),
     "Upsample: there is no such mode here.\n"
     "  expected  one of 'nearest', 'linear', 'bilinear', 'trilinear'\n"
     "  got       mode='bicubic'"),
    (lambda: nn.Conv2d(3, 8, 3, padding="some"),
     "Conv2d: there is no such padding.\n"
     "  expected  padding='same', padding='valid', or integers\n  got       'some'"),
    (lambda: nn.Conv1d(3, 8, 3, 2, "same"),
     "Conv1d: padding='same' is for windows one apart.\n"
     "  expected  stride=1\n  got       stride=(2,)\n"
     "  Say how many zeros you want: padding=1, for instance."),
    (lambda: nn.Conv2d(3, 8, 3, groups=2),
     "Conv2d: groups must divide the channels.\n"
     "  expected  a divisor of in_channels=3 and out_channels=8\n  got       groups=2"),
    (lambda: nn.Conv2d(3, 8, 3, padding_mode="edge"),
     "Conv2d: there is no such padding_mode.\n"
     "  expected  one of 'zeros', 'reflect', 'replicate', 'circular'\n  got       'edge'"),
    (lambda: nn.ConvTranspose2d(3, 8, 3, padding_mode="reflect"),
     "ConvTranspose2d: there is no such padding_mode.\n"
     "  expected  one of 'zeros'\n  got       'reflect'"),
    (lambda: nn.ConvTranspose2d(3, 8, 3, padding="same"),
     "ConvTranspose2d: padding must be one integer, or one for each axis that windows slide "
     "along.\n  expected  an integer of at least 0, or 2 of them\n  got       'same'"),
    (lambda: nn.Conv2d(3, 8, (3, 3, 3)),
     "Conv2d: kernel_size must be one integer, or one for each axis that windows slide along.\n"
     "  expected  an integer of at least 1, or 2 of them\n  got       (3, 3, 3)"),
    (lambda: nn.MaxPool1d(2, dilation=0),
     "MaxPool1d: dilation must be one integer, or one for each axis that windows slide along.\n"
     "  expected  an integer of at least 1\n  got       0"),
    (lambda: nn.Conv2d(0, 8, 3),
     "Conv2d: in_channels must be a positive integer.\n  expected  1 or more\n  got       0"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "message"), BAD_OPTIONS)
def test_a_wrong_option_is_an_error_when_the_layer_is_made(make, message):
    with pytest.raises(ArgumentError) as error:
        make()
    assert str(error.value) == message


def test_a_convolution_turned_around_gives_each_size_that_is_convolved_to_its_input():
    options = {"stride": (2, 3), "padding": 1, "dilation": (1, 2)}
    there = nn.Conv2d(4, 6, 3, **options)
    back = nn.ConvTranspose2d(6, 4, 3, rng=0, **options)
    small = np.zeros((2, 6, 5, 4), np.float32)
    found = []
    for height in range(3, 20):
        for width in range(5, 20):
            if there(np.zeros((1, 4, height, width))).shape[2:] == (5, 4):
                found.append((height, width))
                assert back(small, output_size=(height, width)).shape == (2, 4, height, width)
    assert found == [(h, w) for h in (9, 10) for w in (12, 13, 14)]
    assert np.array_equal(back(small[0] + 1, output_size=[9, 12]).data, back(small[0] + 1).data)


def test_a_size_that_no_output_has_is_refused():
    back = nn.ConvTranspose2d(6, 4, 3, stride=2, padding=1)
    for size in ((8, 9), (9, 11), (20, 9)):
        with pytest.raises(ShapeError) as error:
            back(np.zeros((2, 6, 5, 5)), output_size=size)
        assert str(error.value) == (
            "ConvTranspose2d: there is no output of this size.\n"
            "  expected  output_size from (9, 9) to (10, 10), for an input of (5, 5)\n"
            f"  got       output_size={size}"
        )
