"""Schedules: each against its closed form."""

import math

import numpy as np
import pytest

from microtensor import nn, optim


def make(lr=0.8, kind=optim.SGD, **options):
    return kind([nn.Parameter([1.0])], lr=lr, **options)


def rates(schedule, steps=12):
    """List the rates of so many epochs."""
    found = []
    for _ in range(steps):
        found.append(schedule.get_last_lr()[0])
        schedule.step()
    return found


def cosine(t, T=5, low=0.0):
    return low + (0.8 - low) * (1 + math.cos(math.pi * t / T)) / 2


CLOSED = [
    (lambda o: optim.StepLR(o, 3, 0.5), lambda t: 0.8 * 0.5 ** (t // 3)),
    (lambda o: optim.MultiStepLR(o, [5, 2, 5], 0.5), lambda t: 0.8 / 2 ** ((t > 1) + 2 * (t > 4))),
    (lambda o: optim.ExponentialLR(o, 0.9), lambda t: 0.8 * 0.9**t),
    (lambda o: optim.ExponentialLR(o, 0.0), lambda t: 0.8 * (t == 0)),
    (lambda o: optim.CosineAnnealingLR(o, 5), cosine),
    (lambda o: optim.CosineAnnealingLR(o, 5, 0.1), lambda t: cosine(t, low=0.1)),
    (lambda o: optim.CosineAnnealingLR(o, 1), lambda t: cosine(t, T=1)),
    (lambda o: optim.LinearLR(o, 0.1, 0.7, 4), lambda t: 0.8 * (0.1 + 0.6 * min(t, 4) / 4)),
    (lambda o: optim.LinearLR(o, 1.0, 0.0, 4), lambda t: 0.8 * (1 - min(t, 4) / 4)),
    (lambda o: optim.ConstantLR(o, 0.3, 4), lambda t: 0.8 * (0.3 if t < 4 else 1)),
    (lambda o: optim.LambdaLR(o, lambda t: 1 / (1 + t)), lambda t: 0.8 / (1 + t)),
    (
        lambda o: optim.SequentialLR(
            o, [optim.LinearLR(o, 0.5, 1, 3), optim.StepLR(o, 2, 0.1)], [4]
        ),
        lambda t: 0.8 * (0.5 + 0.5 * min(t, 3) / 3) if t < 4 else 0.8 * 0.1 ** ((t - 4) // 2),
    ),
    (
        lambda o: optim.ChainedScheduler(
            [optim.ConstantLR(o, 0.5, 3), optim.ExponentialLR(o, 0.9)]
        ),
        lambda t: 0.8 * 0.9**t * (0.5 if t < 3 else 1),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("schedule", "closed"), CLOSED)
def test_a_schedule_follows_its_closed_form(schedule, closed):
    found = rates(schedule(make()))
    assert np.allclose(found, [closed(t) for t in range(12)], rtol=1e-12, atol=1e-16)
