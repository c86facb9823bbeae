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
from .holders import ModuleDict, ModuleList, ParameterList
from .linear import Linear
from .module import Module
from .perceptron import MLP, Layer, Neuron
from .reshaping import Flatten, Unflatten
from .state import Buffer, Parameter

__all__ = [
    "ELU",
    "GELU",
    "MLP",
    "Buffer",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Flatten",
    "Identity",
    "Layer",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "Module",
    "ModuleDict",
    "ModuleList",
    "Neuron",
    "Parameter",
    "ParameterList",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "Unflatten",
    "init",
]
