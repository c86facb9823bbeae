"""The moving average of weights: its numbers, its use, its state."""

import numpy as np
import pytest

from microtensor import nn, optim
from microtensor.errors import ArgumentError, ParameterError


def model():
    return nn.MLP(2, [3, 1], rng=0)


def changed(net, rng, ema, steps):
    """Change the weights some times, and average them by hand."""
    by_hand = None
    for _ in range(steps):
        for p in net.parameters():
            p.data = rng.standard_normal(p.shape)
        ema.update()
        now = [p.data.astype(float) for p in net.parameters()]
        by_hand = now if by_hand is None else [
            0.9 * a + 0.1 * x for a, x in zip(by_hand, now, strict=True)
        ]  # fmt: skip
    return by_hand


def test_the_average_is_exponential_and_begins_with_the_first_weights():
    net = model()
    ema = optim.EMA(net, 0.9)
    assert all(
        np.array_equal(a, p.data) for a, p in zip(ema.average, net.parameters(), strict=True)
    )
    by_hand = changed(net, np.random.default_rng(0), ema, 4)
    close = [np.allclose(a, x, rtol=1e-5) for a, x in zip(ema.average, by_hand, strict=True)]
    assert close == [True] * 4
    assert ema.n_averaged == 4
    assert {a.dtype for a in ema.average} == {np.dtype(np.float32)}


def test_the_average_is_used_inside_and_the_weights_are_there_again():
    net = model()
    ema = optim.EMA(net, 0.9)
    changed(net, np.random.default_rng(0), ema, 3)
    before = [p.data for p in net.parameters()]
    with ema.applied():
        inside = [p.data for p in net.parameters()]
        assert all(np.array_equal(a, x) for a, x in zip(ema.average, inside, strict=True))
        with ema.applied():
            pass
    assert all(p.data is x for p, x in zip(net.parameters(), before, strict=True))


def test_the_weights_are_there_again_after_an_error():
    p = nn.Parameter([1.0])
    ema = optim.EMA([p], 0.9)
    ema.update()
    p.data = [3.0]
    with pytest.raises(KeyError), ema.applied():
        raise KeyError
    assert p.data.tolist() == [3.0]
    ema.update()


def test_weights_do_not_change_inside():
    p = nn.Parameter([1.0], name="w")
    ema = optim.EMA([p])
    with pytest.raises(ArgumentError) as error, ema.applied():
        p.data = [2.0]
    assert str(error.value) == (
        "EMA.applied: w was changed inside, and is again as before.\n"
        "  expected  steps of the optimizer outside of it"
    )
    assert p.data.tolist() == [1.0]
    with pytest.raises(ArgumentError) as error, ema.applied():
        ema.update()
    assert str(error.value) == (
        "EMA.update: the weights are the average now.\n"
        "  expected  update() after a step of the optimizer, outside of applied()"
    )


def test_averaging_goes_on_from_a_state_as_if_never_stopped():
    net, again = model(), model()
    one, two = optim.EMA(net, 0.9), optim.EMA(again, 0.5)
    changed(net, np.random.default_rng(0), one, 3)
    state = one.state_dict()
    assert list(state)[:3] == ["decay", "n_averaged", "average.layers.0.weight"]
    two.load_state_dict(state)
    changed(net, np.random.default_rng(1), one, 2)
    changed(again, np.random.default_rng(1), two, 2)
    assert all(np.array_equal(a, b) for a, b in zip(one.average, two.average, strict=True))
    assert (two.decay, two.n_averaged) == (0.9, 5)


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({"average.1": None}, "average.1"),
        ({"average.0": [1.0]}, "average.0"),
        ({"decay": [1.0]}, "decay"),
        ({"average.2": [1.0]}, "average.2"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(changes, first):
    ema = optim.EMA([nn.Parameter([1.0, 2.0]), nn.Parameter(3.0)], 0.9)
    state = {**ema.state_dict(), "average.0": [5.0, 5.0], **changes}
    with pytest.raises(ParameterError) as error:
        ema.load_state_dict({key: x for key, x in state.items() if x is not None})
    assert str(error.value) == (
        "EMA.load_state_dict: the state does not fit; nothing was changed.\n"
        "  expected  what state_dict() gives for these 2 parameters\n"
        f"  got       another state; the first difference is at {first}"
    )
    assert [a.tolist() for a in ema.average] == [[1.0, 2.0], 3.0]


@pytest.mark.parametrize("decay", [1.0, -0.1, "slow"])
def test_decay_is_below_one(decay):
    with pytest.raises(ArgumentError) as error:
        optim.EMA([nn.Parameter([1.0])], decay)
    assert str(error.value) == (
        "EMA: decay must be a number from 0 to below 1.\n"
        "  expected  such as 0.99\n"
        f"  got       {decay!r}"
    )


def test_a_model_without_parameters_has_no_average():
    with pytest.raises(ParameterError) as error:
        optim.EMA(nn.Tanh())
    assert "EMA: there is nothing to train." in str(error.value)
    assert repr(optim.EMA(model(), 0.5)) == "EMA(4 parameters, decay=0.5)"
