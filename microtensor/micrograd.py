"""The drop-in: micrograd's own interface, on this library's engine.

`Value`, `Neuron`, `Layer` and `MLP` behave and print as those of Andrej Karpathy's micrograd 0.1
do: numbers only, gradients that start at 0, ``_prev`` and ``_op`` for drawing. So its code runs
here unchanged::

    import sys, microtensor.micrograd
    sys.modules["micrograd.engine"] = sys.modules["micrograd.nn"] = microtensor.micrograd

What differs is what was wrong or slow: a graph may be a million steps deep, ``backward()`` may be
called twice, and the rest of this library (pictures, explanations) reads these Values too.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Callable
from typing import Any

import numpy as np

from . import graph
from . import value as core
from .graph import Node, next_number, state
from .ops.rectifiers import relu

_new = object.__new__
_SIGNS = {
    np.add: "+",
    np.subtract: "-",
    np.multiply: "*",
    np.true_divide: "/",
    np.negative: "-",
    np.tanh: "tanh",
    np.exp: "exp",
    np.log: "log",
    relu: "ReLU",
}


def _made(data: Any, fn: Callable, args: tuple) -> Value:
    """Record one call, as `calls.record` does, with micrograd's zero for a gradient."""
    value = _new(Value)
    value._data = data
    value.grad = 0
    value._cotangent = None
    value.fn = fn
    value.args = args
    value.kwargs = None
    value.number = next_number()
    value.scope = None
    value.name = None
    value._requires_grad = True
    return value


def _operator(fn: Callable, compute: Callable) -> Callable:
    """Make an operator on numbers; where Python raises, NumPy gives inf or nan."""

    def operate(self: Value, other: Any) -> Value:
        try:
            data = compute(self._data, other._data if isinstance(other, Node) else other)
        except ArithmeticError:
            data = fn(np.float64(self), np.float64(other))
        if data.__class__ is not float and data.__class__ is not int:
            data = _number(data)
        return _made(data, fn, (self, other))

    return operate


def _reflected(fn: Callable, compute: Callable) -> Callable:
    """Make an operator for a number on the left."""

    def operate(self: Value, other: Any) -> Value:
        try:
            data = compute(other._data if isinstance(other, Node) else other, self._data)
        except ArithmeticError:
            data = fn(np.float64(other), np.float64(self))
        if data.__class__ is not float and data.__class__ is not int:
            data = _number(data)
        return _made(data, fn, (other, self))

    return operate


def _number(data: Any) -> float:
    """Give a NumPy scalar as Python's float; micrograd's Values hold nothing larger."""
    if np.ndim(data) or np.iscomplexobj(data):
        raise TypeError(f"micrograd's Value holds one real number, got {data!r}")
    return float(data)


def _constant(number: Any) -> Value:
    """Wrap a constant that was there before the call that used it, so is older than all."""
    value = Value(number)
    value.number = 0
    return value


def _function(fn: Callable) -> Callable:
    return lambda self: _made(float(fn(float(self._data))), fn, (self,))


class Value(core.Value):
    """A number and its gradient, as micrograd's.

    Examples
    --------
    >>> a, b = Value(-4.0), Value(3.0)
    >>> c = (a * b + b**3).relu()
    >>> c.backward()
    >>> c, a, b
    (Value(data=15.0, grad=1), Value(data=-4.0, grad=3.0), Value(data=3.0, grad=23.0))
    """

    __slots__ = ()

    def __init__(self, data: Any, _children: tuple = (), _op: str = "") -> None:
        super().__init__(0.0)
        self._data = data if data.__class__ in (int, float) else _number(data)
        self.grad = 0

    @property
    def data(self) -> Any:
        if graph.tracers and state.tracer is not None:
            return state.tracer.held(self)
        return self._data

    @data.setter
    def data(self, number: Any) -> None:
        if graph.tracers and state.tracer is not None:
            state.tracer.assign(self, number)
            number = number._data if isinstance(number, Node) else number
        self._data = number if number.__class__ in (int, float) else _number(number)
        self.number = next_number()

    @property
    def _prev(self) -> set[Value]:
        """The operands; constants are wrapped as micrograd wraps them, once."""
        if self.fn is np.power and not isinstance(self.args[1], Node):
            return {self.args[0]}  # an exponent stands in the sign, as in **2
        if any(not isinstance(a, Node) for a in self.args):
            self.args = tuple(a if isinstance(a, Node) else _constant(a) for a in self.args)
        return set(self.args)

    @property
    def _op(self) -> str:
        if self.fn is np.power:
            exponent = self.args[1]
            return f"**{exponent._data if isinstance(exponent, Node) else exponent}"
        return _SIGNS.get(self.fn, "" if self.fn is None else self.fn.__name__)

    def backward(self, *args: Any, **options: Any) -> None:
        """Set the gradient of this number with respect to all it depends on."""
        super().backward(*args, **options)
        if not args and not options and state.tracer is None:
            self.grad = 1  # micrograd's own, an integer

    def __repr__(self) -> str:
        return f"Value(data={self._data}, grad={self.grad})"

    __add__ = _operator(np.add, operator.add)
    __sub__ = _operator(np.subtract, operator.sub)
    __mul__ = _operator(np.multiply, operator.mul)
    __truediv__ = _operator(np.true_divide, operator.truediv)
    __pow__ = _operator(np.power, operator.pow)
    __radd__ = _reflected(np.add, operator.add)
    __rsub__ = _reflected(np.subtract, operator.sub)
    __rmul__ = _reflected(np.multiply, operator.mul)
    __rtruediv__ = _reflected(np.true_divide, operator.truediv)
    __rpow__ = _reflected(np.power, operator.pow)

    def __neg__(self) -> Value:
        return _made(-self._data, np.negative, (self,))

    def relu(self) -> Value:
        return _made(0 if self._data < 0 else self._data, relu, (self,))

    tanh = _function(np.tanh)
    exp = _function(np.exp)
    log = _function(np.log)


class Module:
    """What micrograd's parts share: their parameters, and setting those gradients to 0."""

    def zero_grad(self) -> None:
        for p in self.parameters():
            if graph.tracers and state.tracer is not None:  # a program begins with none
                state.tracer.forget(p)
                p.grad = None
            else:
                p.grad = 0

    def parameters(self) -> list[Value]:
        return []


class Neuron(Module):
    """A weighted sum of ``nin`` numbers and a bias, with ReLU unless ``nonlin=False``.

    Weights are drawn uniformly from -1 to 1 by Python's ``random``, as micrograd draws them, so
    that ``random.seed`` gives the same network.

    >>> Neuron(2)
    ReLUNeuron(2)
    """

    def __init__(self, nin: int, nonlin: bool = True) -> None:
        self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0)
        self.nonlin = nonlin

    def __call__(self, x: Any) -> Value:
        act = self.b
        for wi, xi in zip(self.w, x, strict=False):  # micrograd's zip: extra inputs are left out
            act = act + wi * xi
        return act.relu() if self.nonlin else act

    def parameters(self) -> list[Value]:
        return [*self.w, self.b]

    def __repr__(self) -> str:
        return f"{'ReLU' if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """``nout`` neurons on the same inputs; a single one gives its number, not a list.

    >>> Layer(2, 2)
    Layer of [ReLUNeuron(2), ReLUNeuron(2)]
    """

    def __init__(self, nin: int, nout: int, **kwargs: Any) -> None:
        self.neurons = [Neuron(nin, **kwargs) for _ in range(nout)]

    def __call__(self, x: Any) -> Any:
        out = [n(x) for n in self.neurons]
        return out[0] if len(out) == 1 else out

    def parameters(self) -> list[Value]:
        return [p for n in self.neurons for p in n.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


class MLP(Module):
    """Layers one after another, with ReLU between them and a linear last one.

    >>> MLP(2, [1])
    MLP of [Layer of [LinearNeuron(2)]]
    """

    def __init__(self, nin: int, nouts: list[int]) -> None:
        sizes = [nin, *nouts]
        last = len(nouts) - 1
        self.layers = [Layer(sizes[i], sizes[i + 1], nonlin=i != last) for i in range(len(nouts))]

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"
