"""Engines that are each broken in one way, with what the grader should say about it.

``BROKEN`` has for each: the chapters to grade, the first behaviour that should fail, words that its
explanation must have, and all others that fail with it.
"""

import math

from sound_engines import Arrays, Sound


def slopes(**others):
    return {**Sound.slopes, **others}


class Overwrites(Sound):
    def receive(self, gradient):
        self.grad = gradient


class FollowsEveryWay(Sound):
    def backward(self):
        for value in self.order():
            value.reset()
        self.receive(1.0)
        self.go(1.0)

    def go(self, gradient):
        numbers = [operand.data for operand in self.operands]
        local = self.slopes[self.rule](self.data, *numbers) if numbers else ()
        for operand, slope in zip(self.operands, local, strict=True):
            operand.receive(gradient * slope)
            operand.go(gradient * slope)


class GoesWhenMet(Sound):
    def order(self):
        met, stack = {}, [self]
        while stack:
            value = stack.pop()
            if value not in met:
                met[value] = True
                stack += reversed(value.operands)
        return list(met)


class GoesByLevels(Sound):
    def order(self):
        met = {self: True}
        queue = [self]
        for value in queue:
            for operand in value.operands:
                if operand not in met:
                    met[operand] = True
                    queue.append(operand)
        return queue


class KeepsInnerGradients(Sound):
    def reset(self):
        pass

    def backward(self):
        self.grad = 0.0 if self.operands else self.grad
        super().backward()


class StartsWithItsOwn(Sound):
    def backward(self):
        kept = self.grad if self.operands else 0.0
        order = self.order()
        for value in order:
            value.reset()
        self.receive(1.0 + kept)
        for value in order:
            value.hand_on()


class ForgetsLeaves(Sound):
    def reset(self):
        self.grad = 0.0


class CallsItself(Sound):
    def order(self):
        done, seen = [], set()

        def visit(value):
            if value not in seen:
                seen.add(value)
                for operand in value.operands:
                    visit(operand)
                done.append(value)

        visit(self)
        return done[::-1]


class HoldsOperandsInASet(Sound):
    def hand_on(self):
        numbers = [operand.data for operand in self.operands]
        local = self.slopes[self.rule](self.data, *numbers) if numbers else ()
        once = dict(zip(self.operands, local, strict=True))
        for operand, slope in once.items():
            operand.receive(self.grad * slope)


class DoesNotTurnAround(Sound):
    __rsub__ = Sound.__sub__


class LosesASign(Sound):
    slopes = slopes(sub=lambda y, a, b: (1.0, 1.0))


class KeepsTheExponent(Sound):
    slopes = slopes(pow=lambda y, a, b: (b * y, y * math.log(a) if a > 0 else 0.0))


class SquaresTheInput(Sound):
    slopes = slopes(tanh=lambda y, a: (1 - a * a,))


class LetsNegativesThrough(Sound):
    slopes = slopes(relu=lambda y, a: (1.0 if a else 0.0,))


class LetsZeroThrough(Sound):
    slopes = slopes(relu=lambda y, a: (float(a >= 0),))


class LeavesTheChainOut(Sound):
    def hand_on(self):
        numbers = [operand.data for operand in self.operands]
        local = self.slopes[self.rule](self.data, *numbers) if numbers else ()
        for operand, slope in zip(self.operands, local, strict=True):
            operand.receive(slope)


class AddsInPlace(Sound):
    def __iadd__(self, other):
        self.data += self.wrap(other).data
        return self


class GoesByNumber(Sound):
    def __eq__(self, other):
        return self.data == other.data

    def __hash__(self):
        return hash(self.data)


class LosesItsHash(Sound):
    """It compares numbers, and knows values by their ``id`` where it walks the graph."""

    def __eq__(self, other):
        return self.data == other.data

    def order(self):
        done, seen, stack = [], set(), [(self, False)]
        while stack:
            value, is_ready = stack.pop()
            if is_ready:
                done.append(value)
            elif id(value) not in seen:
                seen.add(id(value))
                stack.append((value, True))
                stack += [(operand, False) for operand in value.operands]
        return done[::-1]


class RoundsDown(Sound):
    """It keeps whole numbers whole, and divides them with ``//``."""

    def __init__(self, data, operands=(), rule=None):
        super().__init__(data, operands, rule)
        self.data = data

    def __truediv__(self, other):
        other = self.wrap(other)
        whole = isinstance(self.data, int) and isinstance(other.data, int)
        y = self.data // other.data if whole else self.data / other.data
        return self.made(y, "div", self, other)


class MovesNumbers(Sound):
    def hand_on(self):
        super().hand_on()
        if not self.operands:
            self.data -= 0.01 * self.grad


class Overflows(Sound):
    def sigmoid(self):
        return self.made(1 / (1 + math.exp(-self.data)), "sigmoid", self)


class TakesNoConstants(Sound):
    def wrap(self, other):
        return other


class NeverEnds(Sound):
    def backward(self):
        while True:
            pass


class StartsAtOne(Sound):
    def __init__(self, data, operands=(), rule=None):
        super().__init__(data, operands, rule)
        self.grad = 1.0


class KeepsWholeNumbers(Sound):
    def __init__(self, data, operands=(), rule=None):
        super().__init__(int(data), operands, rule)


class PrintsAnAddress(Sound):
    __repr__ = object.__repr__


class RaisesOnLargeNumbers(Sound):
    def exp(self):
        return self.made(math.exp(self.data), "exp", self)


class SwapsFactors(Arrays):
    def __mul__(self, other):
        a, b = self.data, other.data
        return self.made(a * b, (self, other), lambda g: g * a, lambda g: g * b)


class DoesNotTranspose(Arrays):
    def __matmul__(self, other):
        a, b = self.data, other.data
        return self.made(a @ b, (self, other), lambda g: g @ b, lambda g: a @ g)


class SkewedNumbers(Sound):
    """Nothing in particular is wrong with it: all its numbers are a little off."""

    def made(self, data, rule, *operands):
        return super().made(data * 1.01 + 0.01, rule, *operands)


class SkewedGradients(Sound):
    def receive(self, gradient):
        super().receive(gradient * 1.01 + 0.001)


class LeavesBroadcasting(Arrays):
    def fitted(self, gradient):
        return gradient


class SharesMemory(Arrays):
    def receive(self, gradient):
        if self.grad is None:
            self.grad = gradient
        else:
            self.grad += gradient

    def fitted(self, gradient):
        fitted = super().fitted(gradient)
        return gradient if fitted.shape == gradient.shape else fitted


class CutsTheGraph(Sound):
    """It takes ``create_graph=True``, and gives numbers in a new value each."""

    def __init__(self, data, operands=(), rule=None):
        super().__init__(data, operands, rule)
        self.grad = None

    def receive(self, gradient):
        old = self.grad.data if isinstance(self.grad, Sound) else self.grad
        self.grad = (old or 0.0) + gradient

    def backward(self, create_graph=False):
        super().backward()
        if create_graph:
            for value in self.order():
                value.grad = type(self)(value.grad)


BUT_SIZE = (
    "Values", "Slopes", "Constants", "Powers", "Functions", "Reuse", "Order", "Again", "Edges",
)  # fmt: skip

BROKEN = [
    (Overwrites, BUT_SIZE, "a * a counts both uses", "assign the gradient where you should add", {
        "a + a counts both uses",
        "a - a has the slope 0",
        "two ways that part and meet are added",
        "a value used early and late is right",
        "a += makes a new value",
        "doubling 40 times takes 40 steps back",
        "a value waits for all its uses, the short way first",
        "a value waits for all its uses, the long way first",
        "going level by level is not enough",
        "shortcuts around ten blocks are right",
        "gradients of two graphs add up in the leaves",
        "a second backward gives the leaves the sum",
        "a second backward does not count inner values twice",
        "two outputs can share a part of their graphs",
        "backward from an inner value, then from the output",
        "a new forward pass sees new numbers",
    }),
    (FollowsEveryWay, BUT_SIZE, "doubling 40 times takes 40 steps back",
     "follows every way", set()),
    (GoesWhenMet, BUT_SIZE, "a value waits for all its uses, the short way first",
     "b handed its gradient on before c had added to it",
     {"shortcuts around ten blocks are right"}),
    (GoesByLevels, ("Order",), "a value waits for all its uses, the short way first",
     "reverse topological order", {
        "going level by level is not enough",
        "shortcuts around ten blocks are right",
    }),
    (KeepsInnerGradients, BUT_SIZE, "a second backward does not count inner values twice",
     "c still held the gradient of the first call", {
        "two outputs can share a part of their graphs",
        "backward from an inner value, then from the output",
    }),
    (StartsWithItsOwn, BUT_SIZE, "a second backward gives the leaves the sum",
     "not with self.grad += 1", {"a second backward does not count inner values twice"}),
    (ForgetsLeaves, BUT_SIZE, "gradients of two graphs add up in the leaves",
     "backward forgot what the leaf held", {
        "a second backward gives the leaves the sum",
        "a second backward does not count inner values twice",
        "two outputs can share a part of their graphs",
        "backward from an inner value, then from the output",
    }),
    (CallsItself, ("Reuse", "Order", "Size"), "a sum of 10,000 terms has no depth limit",
     "calls itself once for every value", {"a sum of 100,000 terms has none either"}),
    (HoldsOperandsInASet, BUT_SIZE, "a * a counts both uses", "keep them in a tuple", {
        "a + a counts both uses",
        "a - a has the slope 0",
        "a value used early and late is right",
        "a += makes a new value",
        "doubling 40 times takes 40 steps back",
        "a new forward pass sees new numbers",
    }),
    (DoesNotTurnAround, BUT_SIZE, "2 - a takes a plain number on the left",
     "__rsub__ has to turn its operands around", set()),
    (LosesASign, BUT_SIZE, "a - b hands on its slopes", "lost its sign", {
        "2 - a takes a plain number on the left",
        "a - a has the slope 0",
    }),
    (KeepsTheExponent, ("Slopes", "Powers"), "a ** 3 hands on its slopes",
     "The exponent goes down by one", {
        "backward goes through a whole expression",
        "negative exponents follow the same rule",
        "fractional exponents follow the same rule",
        "negative numbers can be raised to whole powers",
        "a ** b has slopes in both",
    }),
    (SquaresTheInput, BUT_SIZE, "tanh has the slope 1 - tanh(a)**2", "You square the input", {
        "tanh of 1,000 is 1, and flat",
        "tanh of -1,000 is -1, and flat",
    }),
    (LetsNegativesThrough, BUT_SIZE, "relu stops negative numbers, with the slope 0",
     "The gradient passed although the number did not", set()),
    (LetsZeroThrough, BUT_SIZE, "relu at 0 has the slope 0", "The convention is a > 0", set()),
    (LeavesTheChainOut, ("Slopes",), "slopes along a way are multiplied",
     "leaves out the gradient of the output", {"backward goes through a whole expression"}),
    (AddsInPlace, BUT_SIZE, "a += makes a new value", "Delete __iadd__", set()),
    (GoesByNumber, BUT_SIZE, "values can be put in a set, each for itself",
     "your __eq__ and __hash__ go by the number", {"values with equal numbers stay apart"}),
    (LosesItsHash, BUT_SIZE, "values can be put in a set, each for itself", "loses its __hash__",
     set()),
    (RoundsDown, BUT_SIZE, "whole numbers divide like real ones", "was rounded down", set()),
    (MovesNumbers, ("Slopes",), "backward changes no number", "nothing else", set()),
    (Overflows, BUT_SIZE, "sigmoid of -1,000 is 0, and flat", "math.exp raises above 709", set()),
    (TakesNoConstants, ("Constants",), "a + 2 takes a plain number on the right",
     "a plain number that was not wrapped", {
        "2 + a takes a plain number on the left",
        "a - 2 takes a plain number on the right",
        "2 - a takes a plain number on the left",
        "a * 2 takes a plain number on the right",
        "2 * a takes a plain number on the left",
        "a / 2 takes a plain number on the right",
        "2 / a takes a plain number on the left",
        "sum() adds up a list of values",
    }),
    (NeverEnds, ("Order",), "a value waits for all its uses, the short way first",
     "did not come to an end", {
        "a value waits for all its uses, the long way first",
        "going level by level is not enough",
        "shortcuts around ten blocks are right",
    }),
    (StartsAtOne, ("Values",), "a new value has no gradient yet", "It starts at 1",
     {"whole numbers divide like real ones"}),
    (KeepsWholeNumbers, ("Values", "Reuse"), "a value holds its number", "as it is", {
        "a / b computes its number",
        "whole numbers divide like real ones",
        "printing a value shows its number",
        "computing changes no operand",
    }),
    (PrintsAnAddress, BUT_SIZE, "printing a value shows its number", "Without __repr__", set()),
    (RaisesOnLargeNumbers, BUT_SIZE, "exp of 1,000 is inf, and no error",
     "math.exp raises above 709", set()),
    (SwapsFactors, ("Arrays",), "a product of arrays goes entry by entry",
     "product of two numbers", {
        "a column times a matrix gets its own shape back",
        "a number times an array gets one number",
    }),
    (DoesNotTranspose, ("Arrays",), "a matrix product has its two slopes", "G @ B.T", set()),
    (LeavesBroadcasting, ("Arrays",), "a row added to a matrix gets its own shape back",
     "Add the gradient up along the stretched axes", {
        "a column times a matrix gets its own shape back",
        "a number times an array gets one number",
    }),
    (SharesMemory, ("Arrays",), "gradients share no memory", "hands the same array to both", set()),
    (CutsTheGraph, ("Second derivatives",), "the second derivative of a ** 3 is 6a",
     "a rule that takes .data cuts it", {
        "the slope of a slope in another value",
        "the third derivative of a ** 4 is 24a",
        "the second derivative of tanh is -2t(1 - t**2)",
    }),
]  # fmt: skip
