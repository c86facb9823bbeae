"""Layers against PyTorch's of the same name: keys, shapes, outputs, and every gradient."""

import numpy as np
import pytest
import torch
from torch import nn as torch_nn

import microtensor as mt
from microtensor import nn

RNG = np.random.default_rng(0)


def both(name, *args, **options):
    """Make the layer here and there, with the weights of there, in float64."""
    there = getattr(torch_nn, name)(*args, **options).double()
    here = getattr(nn, name)(*args, **options)
    if here.state_dict():
        here = getattr(nn, name)(*args, **options, dtype=np.float64)
    theirs = {k: v.numpy() for k, v in there.state_dict().items()}
    assert list(here.state_dict()) == list(theirs)
    assert {k: v.shape for k, v in here.state_dict().items()} == {
        k: v.shape for k, v in theirs.items()
    }
    here.load_state_dict(theirs)
    return here, there


def assert_agree(here, there, shape, calls=1):
    """Compare outputs, input gradients and parameter gradients, after several calls in turn."""
    for _ in range(calls):
        data = RNG.standard_normal(shape)
        x, z = mt.Value(data), torch.tensor(data, requires_grad=True)
        y, w = here(x), there(z)
        assert y.shape == tuple(w.shape)
        assert np.allclose(y.data, w.detach().numpy(), rtol=1e-9, atol=1e-12)
        weights = RNG.standard_normal(y.shape)
        if np.size(weights):
            (y * weights).sum().backward()
            (w * torch.tensor(weights)).sum().backward()
            assert np.allclose(x.grad, z.grad.numpy(), rtol=1e-9, atol=1e-12)
    for (name, p), (other, q) in zip(
        here.named_parameters(), there.named_parameters(), strict=True
    ):
        assert name == other
        if np.size(weights):
            assert np.allclose(p.grad, q.grad.numpy(), rtol=1e-9, atol=1e-11), name
    for (name, b), (other, c) in zip(here.named_buffers(), there.named_buffers(), strict=True):
        assert name == other
        assert b.dtype == (np.int64 if c.dtype == torch.int64 else np.float64)
        assert np.allclose(b.data, c.numpy(), rtol=1e-9, atol=1e-12), name


def case(name, *args, of, **options):
    label = f"{name}({', '.join([*map(str, args), *(f'{k}={v}' for k, v in options.items())])})"
    return pytest.param(name, args, options, of, id=f"{label} of {of}")


CONVOLUTIONS = [
    case("Conv1d", 4, 6, 3, of=(2, 4, 9)),
    case("Conv1d", 4, 6, 3, 2, 1, 2, 2, of=(4, 9)),
    case("Conv1d", 4, 6, 4, padding="same", of=(2, 4, 9)),
    case("Conv2d", 4, 6, 3, of=(2, 4, 7, 6)),
    case("Conv2d", 4, 6, (2, 3), (1, 2), (1, 0), (2, 1), 2, False, of=(2, 4, 7, 6)),
    case("Conv2d", 4, 6, 3, padding="valid", padding_mode="reflect", of=(4, 7, 6)),
    *(case("Conv2d", 4, 6, (4, 3), padding=p, padding_mode=mode, of=(2, 4, 7, 6))
      for mode in ("zeros", "reflect", "replicate", "circular") for p in ("same", (2, 1))),
    case("Conv1d", 2, 2, 3, padding=3, padding_mode="circular", of=(1, 2, 3)),
    case("ConvTranspose1d", 4, 6, 3, of=(2, 4, 9)),
    case("ConvTranspose1d", 4, 6, 3, 2, 1, 1, 2, of=(4, 9)),
    case("ConvTranspose2d", 4, 6, 3, of=(2, 4, 7, 6)),
    case("ConvTranspose2d", 4, 6, (2, 3), (2, 3), (1, 0), (1, 2), 2, False, 2, of=(2, 4, 5, 6)),
]  # fmt: skip

POOLING = [
    case("MaxPool1d", 3, of=(2, 4, 9)),
    case("MaxPool2d", 2, of=(2, 4, 7, 6)),
    case("MaxPool2d", (3, 2), 2, (1, 0), (1, 2), ceil_mode=True, of=(4, 7, 6)),
    case("AvgPool1d", 3, 2, 1, True, False, of=(2, 4, 9)),
    case("AvgPool2d", 2, of=(2, 4, 7, 6)),
    case("AvgPool2d", (3, 2), 2, 1, True, False, of=(4, 7, 6)),
    case("AvgPool2d", 2, divisor_override=3, of=(2, 4, 7, 6)),
    case("AdaptiveAvgPool1d", 4, of=(2, 4, 9)),
    case("AdaptiveAvgPool2d", (3, None), of=(2, 4, 7, 6)),
    case("AdaptiveAvgPool2d", 1, of=(4, 7, 6)),
    case("AdaptiveMaxPool1d", 4, of=(2, 4, 9)),
    case("AdaptiveMaxPool2d", (3, 2), of=(2, 4, 7, 6)),
]

BATCH_NORMS = [
    case("BatchNorm1d", 4, of=(5, 4)),
    case("BatchNorm1d", 4, of=(5, 4, 3)),
    case("BatchNorm1d", 4, 1e-3, None, of=(5, 4)),
    case("BatchNorm2d", 4, of=(2, 4, 3, 5)),
    case("BatchNorm2d", 4, 1e-3, None, of=(2, 4, 3, 5)),
    case("BatchNorm2d", 4, 1e-3, 0.8, False, of=(2, 4, 3, 5)),
    case("BatchNorm2d", 4, 1e-3, 0.8, True, False, of=(2, 4, 3, 5)),
    case("BatchNorm2d", 4, bias=False, of=(2, 4, 3, 5)),
    case("BatchNorm2d", 4, 1e-3, 0.3, of=(0, 4, 2, 2)),
]

UPSAMPLING = [
    case("Upsample", 5, of=(2, 3, 4)),
    case("Upsample", (5, 7), of=(2, 3, 4, 3)),
    case("Upsample", None, 2, of=(2, 3, 4, 3)),
    case("Upsample", None, (1.5, 2), "bilinear", of=(2, 3, 4, 3)),
    case("Upsample", (5, 7), None, "bilinear", True, of=(2, 3, 4, 3)),
    case("Upsample", None, 1.6, "bilinear", False, True, of=(2, 3, 4, 3)),
    case("Upsample", None, 1.6, "bilinear", False, of=(2, 3, 4, 3)),
    case("Upsample", 2, mode="linear", of=(2, 3, 5)),
    case("Upsample", None, 0.6, "linear", of=(2, 3, 7)),
    case("Upsample", None, 0.3, "linear", of=(2, 3, 7)),
    case("Upsample", 1, mode="linear", align_corners=True, of=(2, 3, 7)),
    case("Upsample", 3, mode="linear", of=(2, 3, 1)),
    case("Upsample", 3, mode="trilinear", of=(2, 3, 2, 4, 3)),
]

ACTIVATIONS = [
    case(*given, of=(4, 6))
    for given in [
        ("CELU", 1.5), ("SELU",), ("PReLU",), ("PReLU", 6, 0.1), ("Hardtanh", -0.5, 0.7),
        ("ReLU6",), ("Hardswish",), ("Hardshrink", 0.4), ("Softshrink", 0.4),
        ("Threshold", 0.2, 3.0), ("LogSigmoid",), ("Softsign",), ("Tanhshrink",), ("Mish",),
        ("Softmin", 1), ("GLU",), ("GLU", 0), ("Softplus", 2.0, 1.0), ("ELU", 0.5),
        ("GELU", "tanh"), ("GELU",), ("SiLU",), ("LeakyReLU", 0.2), ("Softmax", 1),
        ("LogSoftmax", 0), ("Sigmoid",),
    ]
]  # fmt: skip

SHAPES = [
    case("Flatten", of=(2, 3, 4)),
    case("Flatten", 0, 1, of=(2, 3, 4)),
    case("Unflatten", 1, (2, 2), of=(2, 4, 3)),
]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize(
    ("name", "args", "options", "of"), [*CONVOLUTIONS, *POOLING, *ACTIVATIONS, *UPSAMPLING, *SHAPES]
)
def test_a_layer_agrees_with_pytorchs(name, args, options, of):
    assert_agree(*both(name, *args, **options), of)


def test_hardsigmoid_agrees_up_to_pytorchs_sixth():
    """PyTorch multiplies gradients by 1/6 in single precision."""
    x, z = mt.Value(np.ones(3)), torch.ones(3, dtype=torch.float64, requires_grad=True)
    nn.Hardsigmoid()(x).sum().backward()
    torch_nn.Hardsigmoid()(z).sum().backward()
    assert np.allclose(x.grad, 1 / 6, rtol=1e-15)
    assert np.allclose(x.grad, z.grad.numpy(), rtol=1e-7)


@pytest.mark.parametrize(("name", "args", "options", "of"), BATCH_NORMS)
def test_batch_norm_agrees_with_pytorchs_in_training_and_after(name, args, options, of):
    here, there = both(name, *args, **options)
    for p, q in zip(here.parameters(), there.parameters(), strict=True):
        p.data = RNG.standard_normal(p.shape)
        q.data = torch.tensor(p.data)
    assert_agree(here, there, of, calls=3)
    assert_agree(here.eval(), there.eval(), of, calls=2)
    assert_agree(here.train(), there.train(), of)


def test_batch_norm_has_pytorchs_second_derivative():
    here, there = both("BatchNorm2d", 3)
    data, weights = RNG.standard_normal((2, 2, 3, 2, 2))
    x, z = mt.Value(data), torch.tensor(data, requires_grad=True)
    loss = (here(x) ** 3 * weights).sum()
    other = (there(z) ** 3 * torch.tensor(weights)).sum()
    (slope,) = torch.autograd.grad(other, z, create_graph=True)
    (slope**2).sum().backward()
    loss.backward(create_graph=True)
    first = x.grad
    x.grad = None
    (first**2).sum().backward()
    assert np.allclose(x.grad, z.grad.numpy(), rtol=1e-8, atol=1e-10)


def test_the_comparison_objects_to_another_option():
    here, there = both("Conv2d", 4, 6, 3, padding=1)
    here.dilation = (2, 2)
    here.padding = (2, 2)
    with pytest.raises(AssertionError):
        assert_agree(here, there, (2, 4, 7, 6))


@pytest.mark.parametrize("name", ["MaxPool1d", "MaxPool2d", "AdaptiveMaxPool2d"])
def test_the_places_of_maxima_are_pytorchs(name):
    x = RNG.standard_normal((2, 3, 6, 8) if name.endswith("2d") else (2, 3, 8))
    here = getattr(nn, name)(2, return_indices=True)(x)
    there = getattr(torch_nn, name)(2, return_indices=True)(torch.tensor(x))
    for a, b in zip(here, there, strict=True):
        assert np.array_equal(a, b.numpy())


@pytest.mark.parametrize(
    ("name", "args"),
    [("Conv1d", (6, 9, 3)), ("Conv2d", (6, 9, 3, 1, 0, 1, 3)), ("ConvTranspose2d", (6, 9, 3))],
)
def test_first_weights_are_spread_as_pytorchs_are(name, args):
    bounds = []
    for make in (getattr(nn, name), getattr(torch_nn, name)):
        layers = [make(*args) for _ in range(60)]
        for key in ("weight", "bias"):
            drawn = np.concatenate([np.asarray(m.state_dict()[key]).ravel() for m in layers])
            bounds.append(np.abs(drawn).max())
            assert abs(drawn.mean()) < 0.1 * bounds[-1]
            assert abs(drawn.std() * np.sqrt(3) / bounds[-1] - 1) < 0.1  # evenly spread
    assert np.allclose(bounds[:2], bounds[2:], rtol=0.02)


@pytest.mark.parametrize(
    ("name", "args", "options"),
    [
        ("Conv2d", (3, 6, 5), {}),
        ("Conv2d", (4, 6, 3, 2, 1, 2, 2, False, "reflect"), {}),
        ("Conv1d", (4, 6, 3), {"padding": "same"}),
        ("ConvTranspose2d", (4, 6, 3, 2, 1, 1), {}),
        ("MaxPool2d", (2,), {}),
        ("AvgPool2d", ((2, 3), 1), {}),
        ("AdaptiveAvgPool2d", ((1, None),), {}),
        ("Flatten", (), {}),
        ("Unflatten", (1, (2, 3)), {}),
        ("Dropout", (0.3,), {}),
        ("Upsample", (None, 2, "bilinear"), {}),
        ("Upsample", ((2, 3),), {}),
        ("PReLU", (3,), {}),
        ("Softshrink", (0.2,), {}),
        ("Threshold", (0.1, 20.0), {}),
        ("Softplus", (), {}),
        ("Hardtanh", (), {}),
        ("ReLU6", (), {}),
        ("GLU", (), {}),
        ("CELU", (), {}),
        ("BatchNorm1d", (7,), {}),
        ("BatchNorm2d", (7, 0.001, None, False, False), {}),
    ],
)
def test_a_layer_is_shown_as_pytorch_shows_it(name, args, options):
    there = repr(getattr(torch_nn, name)(*args, **options)).replace(", inplace=False", "")
    assert repr(getattr(nn, name)(*args, **options)) == there
