"""Clipping: what it gives, what it leaves alone, and what it refuses."""

import math

import numpy as np
import pytest

from microtensor import nn, optim
from microtensor.errors import ArgumentError, GradientError, ParameterError


def parameters(*gradients, dtype=np.float64):
    found = []
    for g in gradients:
        p = nn.Parameter(np.zeros(np.shape(g)), dtype=dtype)
        p.grad = np.asarray(g, dtype)[()]
        found.append(p)
    return found


def flat(given):
    return np.concatenate([np.ravel(p.grad) for p in given])


@pytest.mark.parametrize("norm_type", [0.5, 1, 2, 2.0, 3, math.inf])
@pytest.mark.parametrize("max_norm", [0.1, 1e9])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_are_shortened_together_to_the_norm(norm_type, max_norm, dtype):
    rng = np.random.default_rng(0)
    given = parameters(rng.standard_normal((3, 4)), rng.standard_normal(5), 2.0, dtype=dtype)
    before = flat(given)
    size = np.sum(np.abs(before.astype(float)) ** norm_type) ** (1 / norm_type)
    if norm_type == math.inf:
        size = np.max(np.abs(before))
    eps = 8 * np.finfo(dtype).eps
    assert np.isclose(optim.clip_grad_norm(given, max_norm, norm_type), size, rtol=eps)
    shorter = before * min(1, max_norm / (size + 1e-6))
    assert np.allclose(flat(given), shorter, rtol=eps, atol=0)
    assert {np.asarray(p.grad).dtype for p in given} == {np.dtype(dtype)}


def test_the_check_of_norms_objects_to_norms_taken_apart():
    given = parameters([3.0], [4.0])
    apart = sum(optim.clip_grad_norm([p], 1e9) for p in given)
    assert optim.clip_grad_norm(given, 1e9) == 5.0 != apart


def test_a_gradient_that_is_short_enough_stays_the_same_array():
    (p,) = parameters([3.0, 4.0])
    g = p.grad
    assert optim.clip_grad_norm([p], 6.0) == 5.0
    assert p.grad is g


def test_clipping_leaves_the_old_array_as_it_was():
    (p,) = parameters([3.0, 4.0])
    g = p.grad
    optim.clip_grad_norm(p, 1.0)
    assert g.tolist() == [3.0, 4.0]
    assert np.allclose(p.grad, [0.6, 0.8], atol=1e-6)
    optim.clip_grad_value(p, 0.7)
    assert np.allclose(p.grad, [0.6, 0.7], atol=1e-6)


def test_a_norm_that_overflows_in_float32_is_found():
    (p,) = parameters([3e30, 4e30], dtype=np.float32)
    assert np.isclose(optim.clip_grad_norm([p], 1.0), 5e30)
    assert np.allclose(p.grad, [0.6, 0.8])


def test_parameters_without_a_gradient_are_left_out():
    p, q = parameters([3.0, 4.0], [0.0])
    q.grad = None
    assert optim.clip_grad_norm(iter([p, q]), 1.0) == 5.0
    optim.clip_grad_value([p, q], 1.0)
    assert q.grad is None


def test_a_gradient_of_zero_stays():
    (p,) = parameters([0.0, 0.0])
    assert optim.clip_grad_norm([p], 1.0) == 0.0
    assert p.grad.tolist() == [0.0, 0.0]


def test_values_are_clipped_on_both_sides():
    (p,) = parameters([-3.0, -0.5, 0.25, 4.0], dtype=np.float32)
    optim.clip_grad_value([p], 1)
    assert p.grad.tolist() == [-1.0, -0.5, 0.25, 1.0]
    assert p.grad.dtype == np.float32


def test_gradients_that_are_values_count_by_their_numbers():
    p = nn.Parameter([3.0, 4.0])
    (p * p).sum().backward(create_graph=True)
    assert optim.clip_grad_norm([p], 1.0) == 10.0
    assert np.allclose(p.grad, [0.6, 0.8], atol=1e-6)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_norm_that_is_no_number_is_an_error_and_changes_nothing(wrong):
    p, q = parameters([3.0, 4.0], [wrong, 1.0, wrong])
    q.name = "w"
    with pytest.raises(GradientError) as error:
        optim.clip_grad_norm([p, q], 1.0)
    assert str(error.value) == (
        f"clip_grad_norm: the gradients have a norm of {wrong}.\n"
        "  expected  finite gradients\n"
        "  got       nan or infinity in 2 of 3 numbers for w\n"
        "  mt.detect_anomaly() finds the operation that made the first one.\n"
        "  error_if_nonfinite=False goes on, with gradients of nan."
    )
    assert p.grad.tolist() == [3.0, 4.0]


def test_a_norm_that_is_no_number_can_be_let_through():
    p, q = parameters([3.0, 4.0], [math.nan])
    assert math.isnan(optim.clip_grad_norm([p, q], 1.0, error_if_nonfinite=False))
    assert np.all(np.isnan(p.grad))


@pytest.mark.parametrize("clip", [optim.clip_grad_norm, optim.clip_grad_value])
def test_no_gradient_at_all_is_an_error(clip):
    with pytest.raises(GradientError) as error:
        clip(nn.Linear(2, 1).parameters(), 1.0)
    assert str(error.value) == (
        f"{clip.__name__}: no parameter has a gradient.\n"
        "  expected  loss.backward() before it, and zero_grad() after the optimizer's step\n"
        "  got       grad is None for all of the 2"
    )


@pytest.mark.parametrize(
    ("clip", "options", "option"),
    [
        (optim.clip_grad_norm, {"max_norm": 0}, "max_norm"),
        (optim.clip_grad_norm, {"max_norm": math.nan}, "max_norm"),
        (optim.clip_grad_norm, {"max_norm": 1, "norm_type": -1}, "norm_type"),
        (optim.clip_grad_norm, {"max_norm": 1, "norm_type": "inf"}, "norm_type"),
        (optim.clip_grad_value, {"clip_value": -1}, "clip_value"),
    ],
)
def test_bounds_are_above_zero(clip, options, option):
    with pytest.raises(ArgumentError) as error:
        clip(parameters([1.0]), **options)
    assert str(error.value) == (
        f"{clip.__name__}: {option} must be above 0.\n"
        "  expected  a number above 0\n"
        f"  got       {options[option]!r}"
    )


def test_a_model_is_no_list_of_parameters():
    with pytest.raises(ParameterError) as error:
        optim.clip_grad_norm(nn.Linear(2, 1), 1.0)
    assert str(error.value) == (
        "clip_grad_norm: the parameters must be a list of them.\n"
        "  expected  such as net.parameters()\n"
        "  got       a Linear"
    )
