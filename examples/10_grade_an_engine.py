"""An engine of one's own, with a mistake that everybody makes once, and a grader that names it.

`mt.teaching.check` tries 90 behaviours on anyone's engine, such as one written while reading
micrograd. This one knows sums and products.

    python examples/10_grade_an_engine.py [FOLDER]
"""

import sys
from pathlib import Path

import microtensor as mt


class Number:
    """A number that knows what it was computed from, and the local slope of each operand."""

    def __init__(self, data, operands=()):
        self.data, self.operands, self.grad = float(data), operands, 0.0

    def __add__(self, other):
        other = other if isinstance(other, Number) else type(self)(other)
        return type(self)(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        other = other if isinstance(other, Number) else type(self)(other)
        return type(self)(self.data * other.data, ((self, other.data), (other, self.data)))

    def __sub__(self, other):
        return self + other * -1

    def order(self):
        """List all that this depends on, each before its operands, without calling itself."""
        done, seen, stack = [], set(), [(self, False)]
        while stack:
            value, is_ready = stack.pop()
            if is_ready:
                done.append(value)
            elif value not in seen:
                seen.add(value)
                stack += [(value, True), *((operand, False) for operand, _ in value.operands)]
        return done[::-1]

    def receive(self, gradient):
        self.grad = gradient  # here is the mistake

    def backward(self):
        order = self.order()
        for value in order:
            value.grad = 0.0 if value.operands else value.grad
        self.receive(1.0)
        for value in order:
            for operand, slope in value.operands:
                operand.receive(value.grad * slope)


report = mt.teaching.check(Number, "Reuse", "Order", "Again")
print(f"{len(report.failures)} of {len(report.graded)} behaviours are wrong; the first of them:\n")
print(report.failures[0])


class Mended(Number):
    def receive(self, gradient):
        self.grad += gradient


print("\nThat line mended:\n")
mended = mt.teaching.check(Mended, "Reuse", "Order")
print(mended)
assert not report
assert mended

# Why it is a sum, in a picture: two ways lead from a to y, and each brings a contribution.
a = mt.Value(3.0, name="a")
y = a * a
y.backward()
folder = Path(next((arg for arg in sys.argv[1:] if not arg.startswith("--")), "."))
drawing = mt.draw(y, names={"y": y}, title="a * a: both uses are added")
print("\npicture in", drawing.save(folder / "both_uses.svg"))
