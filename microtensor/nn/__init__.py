"""What is a model? `Module` and `Parameter`; neurons, layers, networks; where weights start."""

from . import init
from .activations import (
    ELU,
    GELU,
    Identity,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from .containers import Sequential
from .dropping import Dropout, Dropout1d, Dropout2d
from .linear import Linear
from .module import Module
from .perceptron import MLP, Layer, Neuron
from .state import Buffer, Parameter

__all__ = [
    "ELU",
    "GELU",
    "MLP",
    "Buffer",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Identity",
    "Layer",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "Module",
    "Neuron",
    "Parameter",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "init",
]
