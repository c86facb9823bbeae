"""Engines that the grader is tried on: one of numbers and one of arrays that are right, and one
that is built as micrograd is, with micrograd's limits."""

import math

import numpy as np


class Sound:
    """An engine of numbers, made of parts that can be broken one by one.

    ``slopes`` has the local slopes of each rule, given the output and the numbers of the operands.
    """

    slopes = {  # noqa: RUF012  # replaced by what derives from it, never written into
        "add": lambda y, a, b: (1.0, 1.0),
        "sub": lambda y, a, b: (1.0, -1.0),
        "mul": lambda y, a, b: (b, a),
        "div": lambda y, a, b: (1 / b, -a / b**2),
        "pow": lambda y, a, b: (b * a ** (b - 1) if b else 0.0, y * math.log(a) if a > 0 else 0.0),
        "neg": lambda y, a: (-1.0,),
        "relu": lambda y, a: (float(y > 0),),
        "tanh": lambda y, a: (1 - y * y,),
        "exp": lambda y, a: (y,),
        "log": lambda y, a: (1 / a,),
        "sigmoid": lambda y, a: (y * (1 - y),),
    }

    def __init__(self, data, operands=(), rule=None):
        self.data, self.operands, self.rule, self.grad = float(data), operands, rule, 0.0

    def made(self, data, rule, *operands):
        return type(self)(data, operands, rule)

    def wrap(self, other):
        return other if isinstance(other, Sound) else type(self)(other)

    def __repr__(self):
        return f"{type(self).__name__}({self.data})"

    def __add__(self, other):
        other = self.wrap(other)
        return self.made(self.data + other.data, "add", self, other)

    def __sub__(self, other):
        other = self.wrap(other)
        return self.made(self.data - other.data, "sub", self, other)

    def __mul__(self, other):
        other = self.wrap(other)
        return self.made(self.data * other.data, "mul", self, other)

    def __truediv__(self, other):
        other = self.wrap(other)
        return self.made(self.data / other.data, "div", self, other)

    def __pow__(self, other):
        other = self.wrap(other)
        return self.made(self.data**other.data, "pow", self, other)

    def __neg__(self):
        return self.made(-self.data, "neg", self)

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other):
        return self.wrap(other) - self

    def __rtruediv__(self, other):
        return self.wrap(other) / self

    def __rpow__(self, other):
        return self.wrap(other) ** self

    def relu(self):
        return self.made(max(self.data, 0.0), "relu", self)

    def tanh(self):
        return self.made(math.tanh(self.data), "tanh", self)

    def exp(self):
        return self.made(math.exp(self.data) if self.data < 709 else math.inf, "exp", self)

    def log(self):
        return self.made(math.log(self.data), "log", self)

    def sigmoid(self):
        small = math.exp(-abs(self.data))
        return self.made((1 if self.data >= 0 else small) / (1 + small), "sigmoid", self)

    def order(self):
        """List all that this depends on, each before its operands, itself first."""
        done, seen, stack = [], set(), [(self, False)]
        while stack:
            value, is_ready = stack.pop()
            if is_ready:
                done.append(value)
            elif value not in seen:
                seen.add(value)
                stack.append((value, True))
                stack += [(operand, False) for operand in value.operands]
        return done[::-1]

    def receive(self, gradient):
        self.grad = (self.grad or 0.0) + gradient

    def hand_on(self):
        if self.operands:
            numbers = [operand.data for operand in self.operands]
            for operand, slope in zip(
                self.operands, self.slopes[self.rule](self.data, *numbers), strict=True
            ):
                operand.receive(self.grad * slope)

    def reset(self):
        if self.operands:
            self.grad = 0.0

    def backward(self):
        order = self.order()
        for value in order:
            value.reset()
        self.receive(1.0)
        for value in order:
            value.hand_on()


class Recursive:
    """Numbers on closures, as micrograd has them: parents in a set, a walk that calls itself, and
    inner gradients that stay."""

    def __init__(self, data, parents=()):
        self.data, self.grad = data, 0
        self.parents = set(parents)
        self.push = lambda: None

    @staticmethod
    def lift(thing):
        return thing if isinstance(thing, Recursive) else Recursive(thing)

    def __add__(self, other):
        other = self.lift(other)
        out = Recursive(self.data + other.data, (self, other))

        def push():
            self.grad += out.grad
            other.grad += out.grad

        out.push = push
        return out

    def __mul__(self, other):
        other = self.lift(other)
        out = Recursive(self.data * other.data, (self, other))

        def push():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.push = push
        return out

    def __pow__(self, n):
        assert isinstance(n, int | float), "numbers only"
        out = Recursive(self.data**n, (self,))

        def push():
            self.grad += n * self.data ** (n - 1) * out.grad

        out.push = push
        return out

    def relu(self):
        out = Recursive(self.data if self.data > 0 else 0, (self,))

        def push():
            self.grad += out.grad if out.data > 0 else 0

        out.push = push
        return out

    def backward(self):
        order, seen = [], set()

        def visit(value):
            if value not in seen:
                seen.add(value)
                for parent in value.parents:
                    visit(parent)
                order.append(value)

        visit(self)
        self.grad = 1
        for value in reversed(order):
            value.push()

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -other

    def __truediv__(self, other):
        return self * other**-1

    def __rsub__(self, other):
        return -self + other

    def __rtruediv__(self, other):
        return self**-1 * other

    __radd__, __rmul__ = __add__, __mul__

    def __repr__(self):
        return f"{self.data} (gradient {self.grad})"


class Arrays:
    """An engine of arrays with sums and products, as far as the chapter on arrays goes."""

    def __init__(self, data, operands=(), rules=()):
        self.data, self.operands, self.rules = np.asarray(data, dtype=float), operands, rules
        self.grad = None

    def made(self, data, operands, *rules):
        return type(self)(data, operands, rules)

    def __add__(self, other):
        return self.made(self.data + other.data, (self, other), lambda g: g, lambda g: g)

    def __mul__(self, other):
        a, b = self.data, other.data
        return self.made(a * b, (self, other), lambda g: g * b, lambda g: g * a)

    def __matmul__(self, other):
        a, b = self.data, other.data
        return self.made(a @ b, (self, other), lambda g: g @ b.T, lambda g: a.T @ g)

    def sum(self):
        return self.made(self.data.sum(), (self,), lambda g: g * np.ones_like(self.data))

    def fitted(self, gradient):
        """Undo broadcasting: add up along the axes that were stretched."""
        gradient = gradient.sum(axis=tuple(range(gradient.ndim - self.data.ndim)))
        stretched = [i for i, n in enumerate(self.data.shape) if n == 1 < gradient.shape[i]]
        return gradient.sum(axis=tuple(stretched), keepdims=True)

    def receive(self, gradient):
        self.grad = gradient if self.grad is None else self.grad + gradient

    order = Sound.order

    def backward(self):
        self.grad = np.ones_like(self.data)
        for value in self.order():
            for operand, rule in zip(value.operands, value.rules, strict=True):
                operand.receive(operand.fitted(np.asarray(rule(value.grad))))
