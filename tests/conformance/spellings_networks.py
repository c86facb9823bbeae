"""PyTorch's activations, normalisations and linear layers, in our words."""

from __future__ import annotations

import numpy as np

import microtensor as mt
from microtensor import ops


def softmax(fn):
    """A number counts as a row of one."""

    def spelled(x, dim=-1, dtype=None):
        return fn(np.reshape(x, (1,)), 0)[0] if np.ndim(x) == 0 else fn(x, dim)

    return spelled


def normalised(x, axis, eps):
    """Give x with mean 0 and variance 1 over some axes, and what it took."""
    mean, var = np.mean(x, axis=axis, keepdims=True), np.var(x, axis=axis, keepdims=True)
    return (x - mean) / np.sqrt(var + eps), mean, 1 / np.sqrt(var + eps)


def scaled(y, weight, bias):
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def by_channel(v, x):
    return None if v is None else np.reshape(v, (-1,) + (1,) * (np.ndim(x) - 2))


def native_layer_norm(x, shape, weight, bias, eps):
    y, mean, rstd = normalised(x, tuple(range(-len(shape), 0)), eps)
    return scaled(y, weight, bias), mean, rstd


def batch_norm(x, mean, var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    if training or mean is None:
        y = normalised(x, (0, *range(2, x.ndim)), eps)[0]
    else:
        y = (x - by_channel(mean, x)) / np.sqrt(by_channel(var, x) + eps)
    return scaled(y, by_channel(weight, x), by_channel(bias, x))


def instance_norm(
    x, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True,
    momentum=0.1, eps=1e-5,
):  # fmt: skip
    y = normalised(x, tuple(range(2, x.ndim)), eps)[0]
    return scaled(y, by_channel(weight, x), by_channel(bias, x))


def normalize(x, p=2.0, dim=1, eps=1e-12):
    """A number counts as a row of one."""
    if np.ndim(x) == 0:
        return mt.normalize(np.reshape(x, (1,)), p, 0, eps)[0]
    return mt.normalize(x, p, dim, eps)


def linear(x, weight, bias=None):
    return x @ weight.T if bias is None else ops.linear(x, weight, bias)


def bilinear(a, b, weight, bias=None):
    y = np.einsum("...i,oij,...j->...o", a, weight, b)
    return y if bias is None else y + bias


def native_group_norm(x, weight, bias, n, channels, places, groups, eps):
    rows = np.reshape(x, (n, groups, channels * places // groups))
    y, mean, rstd = normalised(rows, -1, eps)
    y = scaled(np.reshape(y, x.shape), by_channel(weight, x), by_channel(bias, x))
    return y, np.reshape(mean, (n, groups)), np.reshape(rstd, (n, groups))


SPELLINGS = {
    "nn.functional.softmin": softmax(mt.softmin),
    "native_group_norm": native_group_norm,
    "nn.functional.relu": mt.relu,
    "nn.functional.relu6": mt.relu6,
    "nn.functional.hardtanh": mt.hardtanh,
    "nn.functional.hardsigmoid": mt.hardsigmoid,
    "nn.functional.hardswish": mt.hardswish,
    "nn.functional.hardshrink": mt.hardshrink,
    "nn.functional.softshrink": mt.softshrink,
    "nn.functional.logsigmoid": mt.logsigmoid,
    "nn.functional.celu": mt.celu,
    "nn.functional.selu": mt.selu,
    "nn.functional.mish": mt.mish,
    "nn.functional.softplus": mt.softplus,
    "nn.functional.prelu": mt.prelu,
    "nn.functional.glu": mt.glu,
    "nn.functional.softsign": mt.softsign,
    "nn.functional.tanhshrink": mt.tanhshrink,
    "nn.functional.threshold": mt.threshold,
    "nn.functional.leaky_relu": mt.leaky_relu,
    "nn.functional.elu": mt.elu,
    "nn.functional.gelu": mt.gelu,
    "nn.functional.silu": mt.silu,
    "softmax": softmax(mt.softmax),
    "log_softmax": softmax(mt.log_softmax),
    "nn.functional.linear": linear,
    "nn.functional.bilinear": bilinear,
    "nn.functional.layer_norm": mt.layer_norm,
    "native_layer_norm": native_layer_norm,
    "nn.functional.rms_norm": mt.rms_norm,
    "nn.functional.group_norm": mt.group_norm,
    "nn.functional.batch_norm": batch_norm,
    "nn.functional.instance_norm": instance_norm,
    "nn.functional.normalize": normalize,
}
