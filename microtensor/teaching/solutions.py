"""One right answer to each exercise, written as a learner would write it."""

# mypy: allow-untyped-defs

import math


def neuron(weights, inputs, bias):
    total = bias
    for w, x in zip(weights, inputs, strict=True):
        total += w * x
    return total


def slope(f, x):
    h = 1e-5
    return (f(x + h) - f(x - h)) / (2 * h)


def product_backward(a, b, gradient):
    return gradient * b, gradient * a


def tanh_backward(x, gradient):
    t = math.tanh(x)
    return gradient * (1 - t * t)


def chain(slopes):
    gradients = [1.0]
    for local in reversed(slopes):
        gradients.append(gradients[-1] * local)
    return gradients[::-1]


def accumulate(contributions):
    gradients = dict.fromkeys((name for name, _ in contributions), 0.0)
    for name, amount in contributions:
        gradients[name] += amount
    return gradients


def backward_order(operands, output):
    done = []
    seen = set()
    stack = [(output, False)]
    while stack:
        value, operands_are_done = stack.pop()
        if operands_are_done:
            done.append(value)
        elif value not in seen:
            seen.add(value)
            stack.append((value, True))
            for operand in operands.get(value, []):
                stack.append((operand, False))
    return done[::-1]


def backward(slopes, order):
    gradients = dict.fromkeys(order, 0.0)
    gradients[order[0]] = 1.0
    for value in order:
        for operand, local in slopes.get(value, []):
            gradients[operand] += gradients[value] * local
    return gradients


def gradient_step(parameters, gradients, lr):
    return [p - lr * g for p, g in zip(parameters, gradients, strict=True)]


def learn(inputs, targets, lr, steps):
    w, b = 0.0, 0.0
    n = len(inputs)
    for _ in range(steps):
        errors = [w * x + b - t for x, t in zip(inputs, targets, strict=True)]
        w_grad = sum(2 * e * x for e, x in zip(errors, inputs, strict=True)) / n
        b_grad = sum(2 * e for e in errors) / n
        w, b = w - lr * w_grad, b - lr * b_grad
    return w, b
