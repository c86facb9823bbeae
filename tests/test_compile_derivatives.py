"""Derivatives of any order are compiled, alone, inside of each other, and of models."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import nn, optim
from microtensor.nesting import leaves

RNG = np.random.default_rng(0)
POINTS = RNG.standard_normal((4, 3))


def wave(x):
    return (np.tanh(x) ** 3).sum() + x[0] * x[1]


def norm_of_slope(x):
    return (mt.grad(wave)(x) ** 2).sum()


FUNCTIONS = {
    "gradient": mt.grad(wave),
    "value and gradient": mt.value_and_grad(wave),
    "Jacobian": mt.jacobian(lambda x: np.tanh(x) * x.sum()),
    "Hessian": mt.hessian(wave),
    "gradient of a gradient's norm": mt.grad(norm_of_slope),
    "Hessian of a gradient's norm": mt.hessian(norm_of_slope),
    "Jacobian of a gradient": mt.jacobian(mt.grad(wave)),
    "Hessian times itself": lambda x: mt.hvp(wave, (x,), (x,)),
    "forward mode": lambda x: mt.jvp(lambda x: np.tanh(x) ** 3, (x,), (2 * x,)),
    "pulled back": lambda x: mt.vjp(lambda x: np.exp(x) * x.sum(), x)[1](x),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_derivative_is_compiled(name):
    f = FUNCTIONS[name]
    compiled = mt.compile(f)
    for x in POINTS:
        for got, expected in zip(leaves(compiled(x)), leaves(f(x)), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)
    assert len(compiled.programs) == 1


def trained(step_of, compiled):
    net = nn.MLP(2, [4, 1], activation="tanh", rng=0, dtype=float)
    moves = optim.Adam(net.parameters(), lr=0.01)

    def step(x):
        moves.zero_grad()
        loss = step_of(net, x)
        loss.backward()
        moves.step()
        return loss

    step = mt.compile(step) if compiled else step
    rng = np.random.default_rng(1)
    losses = [float(step(rng.standard_normal((3, 2)))) for _ in range(5)]
    return [np.array(losses), *net.state_dict().values()]


def gradient_penalty(net, x):
    g = mt.grad(lambda z: net(z).sum())(x)
    return (((g * g).sum(axis=1) ** 0.5 - 1) ** 2).mean()


def residual_of_poisson(net, x):
    total = 0.0
    for point in x:
        total = total + (np.trace(mt.hessian(lambda z: net(z[None])[0, 0])(point)) - 1) ** 2
    return total


@pytest.mark.parametrize("step_of", [gradient_penalty, residual_of_poisson])
def test_a_loss_of_derivatives_trains_a_compiled_model(step_of):
    for got, expected in zip(trained(step_of, True), trained(step_of, False), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


def test_an_integer_to_differentiate_by_is_refused_as_without():
    with pytest.raises(mt.errors.DTypeError) as error:
        mt.compile(lambda x: mt.grad(wave)(x))(np.arange(3))
    assert "an argument to differentiate by must hold floats." in str(error.value)
