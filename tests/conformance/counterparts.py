"""Which of PyTorch's modules has which counterpart here? One table, by the names of its database.

A counterpart takes what PyTorch's module is made with, and gives a module, or a loss.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import modules
from modules import Sample
from operators import Outcome, torch
from own_samples import OWN, own_samples

from microtensor import losses, nn

# Modules of one name, made with the same arguments.
SAME = """
    AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveMaxPool1d AdaptiveMaxPool2d AvgPool1d AvgPool2d
    BatchNorm1d BatchNorm2d CELU Conv1d Conv2d ConvTranspose1d ConvTranspose2d ELU Embedding GELU
    GLU GroupNorm GRU GRUCell Hardshrink Hardswish Hardtanh LayerNorm LeakyReLU Linear LogSigmoid
    LogSoftmax LSTM LSTMCell MaxPool1d MaxPool2d Mish MultiheadAttention PReLU ReLU ReLU6 RMSNorm
    RNN RNNCell SELU Sigmoid SiLU Softmax Softmin Softplus Softshrink Softsign Tanh Tanhshrink
    Threshold TransformerEncoderLayer
"""

# A loss is a module in PyTorch and a function here; its options have the same names.
LOSSES = {
    "BCELoss": losses.binary_cross_entropy,
    "BCEWithLogitsLoss": losses.binary_cross_entropy_with_logits,
    "CosineEmbeddingLoss": losses.cosine_embedding,
    "CrossEntropyLoss": losses.cross_entropy,
    "GaussianNLLLoss": losses.gaussian_nll,
    "HuberLoss": losses.huber,
    "KLDivLoss": losses.kl_div,
    "L1Loss": losses.l1,
    "MSELoss": losses.mse,
    "MultiMarginLoss": losses.multi_margin,
    "NLLLoss": losses.nll,
    "SmoothL1Loss": losses.smooth_l1,
}


def with_options(loss: Callable, name: str) -> Callable:
    """Give what makes a loss of the arguments that PyTorch's module takes, by their names."""
    signature = inspect.signature(getattr(torch.nn, name))

    def make(*args: Any, **kwargs: Any) -> Callable:
        options = signature.bind(*args, **kwargs).arguments
        return lambda *given: loss(*given, **options)

    return make


def encoder(encoder_layer: Any, num_layers: int, *, dtype: Any) -> nn.TransformerEncoder:
    """Make an encoder of a layer like PyTorch's, which is a part of the arguments."""
    attention, network = encoder_layer.self_attn, encoder_layer.linear1
    layer = nn.TransformerEncoderLayer(
        attention.embed_dim,
        attention.num_heads,
        network.out_features,
        encoder_layer.dropout.p,
        modules.FUNCTIONS.get(encoder_layer.activation, encoder_layer.activation),
        encoder_layer.norm1.eps,
        attention.batch_first,
        encoder_layer.norm_first,
        network.bias is not None,
        dtype=dtype,
    )
    return nn.TransformerEncoder(layer, num_layers)


COUNTERPARTS: dict[str, Callable] = {f"nn.{name}": getattr(nn, name) for name in SAME.split()} | {
    f"nn.{name}": with_options(loss, name) for name, loss in LOSSES.items()
}
COUNTERPARTS["nn.TransformerEncoder"] = encoder

NAMES = [*COUNTERPARTS, *(f"nn.{name}" for name in OWN)]

database = functools.cache(modules.database)


def samples_of(name: str) -> Iterator[tuple[Sample, Callable]]:
    """Give a module's samples, PyTorch's or our own, each with what makes ours."""
    if name not in COUNTERPARTS:
        return own_samples(name.removeprefix("nn."))
    return ((sample, COUNTERPARTS[name]) for sample in modules.samples(database()[name]))


@functools.cache
def outcomes_of(name: str) -> dict[str, list[Outcome]]:
    """Compare one module on all samples, once in a run."""
    return {name: [modules.compare_sample(sample, ours) for sample, ours in samples_of(name)]}
