"""An LSTM that projects its hidden state is its equations, in each layer, direction and length."""

import copy

import numpy as np
import pytest
import samples_recurrences as equations

import microtensor as mt
from microtensor import Value, nn, ops
from microtensor.errors import ArgumentError, GradientCheckError, ShapeError
from microtensor.graph import ancestors
from microtensor.primitives import registry

T, B, I, H, P = 5, 3, 4, 3, 2
RNG = np.random.default_rng(0)
X = RNG.standard_normal((T, B, I))
LENGTHS = np.array([5, 2, 3])
FUSED = ops.projected_lstm_states


def make(inputs=I, hidden=H, projected=P, **options):
    return nn.LSTM(inputs, hidden, proj_size=projected, rng=0, dtype=np.float64, **options)


def starts(count, *batch):
    rng = np.random.default_rng(7)
    return rng.standard_normal((count, *batch, P)), rng.standard_normal((count, *batch, H))


def same(found, expected, tolerance=1e-12):
    """Compare an output with its states, or arrays."""
    if isinstance(found, tuple | list):
        for a, b in zip(found, expected, strict=True):
            same(a, b, tolerance)
        return
    a, b = (x.data if isinstance(x, Value) else x for x in (found, expected))
    assert np.shape(a) == np.shape(b)
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


# Equations


def by_hand(net, x, h0, c0):
    """One layer of one direction, by the equations of the paper."""
    weights = [p.data for p in net.parameters()]
    y = equations.trajectory(equations.projecting(weights[-1]), 4, x, (h0, c0), weights, None)
    return y[1:, :, :P], (y[-1:, :, :P], y[-1:, :, P:])


def test_a_layer_is_its_equations():
    net, (h0, c0) = make(), starts(1, B)
    same(net(X, (h0, c0)), by_hand(net, X, h0[0], c0[0]))


def test_another_projection_would_be_noticed():
    net, (h0, c0) = make(), starts(1, B)
    expected = by_hand(net, X, h0[0], c0[0])
    net.weight_hr_l0.data = net.weight_hr_l0.data[::-1]
    with pytest.raises(AssertionError):
        same(net(X, (h0, c0)), expected)


def test_to_project_by_the_identity_is_to_let_some_cells_be_heard_by_nobody():
    net, plain = make(), nn.LSTM(I, H, dtype=np.float64)
    net.weight_hr_l0.data = np.eye(P, H)
    state = net.state_dict()
    state["weight_hh_l0"] = np.pad(state["weight_hh_l0"], ((0, 0), (0, H - P)))
    del state["weight_hr_l0"]
    plain.load_state_dict(state)
    output, (h, c) = plain(X)
    same(net(X), (output.data[..., :P], (h.data[..., :P], c)))


@pytest.mark.parametrize("given", [False, True], ids=["from zeros", "from a state"])
def test_two_layers_are_one_on_top_of_another(given):
    net, low, high = make(num_layers=2), make(), make(P)
    for part, end in ((low, "_l0"), (high, "_l1")):
        mine = {k: x for k, x in net.state_dict().items() if k.endswith(end)}
        part.load_state_dict({k.replace(end, "_l0"): x for k, x in mine.items()})
    h0, c0 = starts(2, B)
    output, last = net(X, (h0, c0) if given else None)
    middle, low_last = low(X, (h0[:1], c0[:1]) if given else None)
    top, high_last = high(middle, (h0[1:], c0[1:]) if given else None)
    same(output, top)
    ends = zip(low_last, high_last, strict=True)
    same(last, [np.concatenate([one.data, other.data]) for one, other in ends])


def test_both_directions_are_two_runs():
    net, forwards, backwards = make(bidirectional=True), make(), make()
    state = net.state_dict()
    forwards.load_state_dict({k: x for k, x in state.items() if "reverse" not in k})
    backwards.load_state_dict(
        {k.removesuffix("_reverse"): x for k, x in state.items() if "reverse" in k}
    )
    output, last = net(X)
    there, there_last = forwards(X)
    back, back_last = backwards(X[::-1])
    same(output, np.concatenate([there.data, back.data[::-1]], axis=-1))
    ends = zip(there_last, back_last, strict=True)
    same(last, [np.concatenate([one.data, other.data]) for one, other in ends])


def test_the_batch_may_come_first_and_one_sequence_is_a_batch_of_one():
    net, first = make(bidirectional=True), make(bidirectional=True, batch_first=True)
    h0, c0 = starts(2, B)
    output, last = net(X, (h0, c0))
    same(first(X.swapaxes(0, 1), (h0, c0)), (output.data.swapaxes(0, 1), last))
    expected = output.data[:, 1], tuple(s.data[:, 1] for s in last)
    for one in (net, first):
        same(one(X[:, 1], (h0[:, 1], c0[:, 1])), expected)


def test_a_sequence_may_go_on_from_its_state():
    net = make(num_layers=2)
    output, last = net(X)
    before, state = net(X[:2])
    after, state = net(X[2:], state)
    same((output, last), (np.concatenate([before.data, after.data]), state))


def test_dropout_stands_between_layers_while_training():
    net, without = make(num_layers=2, dropout=0.5), make(num_layers=2)
    without.load_state_dict(net.state_dict())
    first, second = net(X)[0].data, net(X)[0].data
    assert not np.allclose(first, second)
    same(net.eval()(X), without(X))


# Lengths


@pytest.mark.parametrize("given", [False, True], ids=["from zeros", "from a state"])
def test_lengths_give_what_each_sequence_alone_gives(given):
    net = make(num_layers=2, bidirectional=True)
    alone = copy.deepcopy(net)
    h0, c0 = starts(4, B)
    x = X.copy()
    for n, length in enumerate(LENGTHS):
        x[length:, n] = np.nan  # what stands behind an end is not looked at
    x = Value(x)
    output, last = net(x, (h0, c0) if given else None, lengths=LENGTHS)
    ((output**2).sum() + sum((s**3).sum() for s in last)).backward()
    for n, length in enumerate(LENGTHS):
        one = Value(X[:length, n])
        mine, ends = alone(one, (h0[:, n], c0[:, n]) if given else None)
        same(output.data[:length, n], mine)
        assert not output.data[length:, n].any()
        same([s.data[:, n] for s in last], ends)
        ((mine**2).sum() + sum((s**3).sum() for s in ends)).backward()
        same(x.grad[:length, n], one.grad)
        assert not x.grad[length:, n].any()
    for p, q in zip(net.parameters(), alone.parameters(), strict=True):
        same(p.grad, q.grad)


# Derivatives

ENDS = np.array([[True, True], [True, False], [True, False]])
LATE = ENDS[::-1]
masks = pytest.mark.parametrize("mask", [None, ENDS, LATE], ids=["whole", "ends", "late"])


def arguments(steps=3):
    """Operands of the fused function, small."""
    rng = np.random.default_rng(1)
    shapes = [(steps, 2, 2), (2, P), (2, H), (4 * H, 2), (4 * H, P), (4 * H,), (4 * H,), (P, H)]
    return [rng.standard_normal(s) for s in shapes]


@masks
def test_gradients_agree_with_differences_to_second_order(mask):
    assert mt.check_gradients(lambda *a: FUSED(*a, mask=mask), *arguments(), order=2)


@pytest.mark.parametrize("place", [0, 7], ids=["x", "w_hr"])
def test_a_wrong_rule_for_all_operands_is_noticed(place, monkeypatch):
    right = registry[FUSED].together

    def wrong(*args, **options):
        found = list(right(*args, **options))
        found[place] = found[place] * 1.01
        return found

    monkeypatch.setattr(registry[FUSED], "together", wrong)
    with pytest.raises(GradientCheckError):
        mt.check_gradients(FUSED, *arguments())


@masks
def test_one_call_is_what_it_stands_for_and_so_are_its_gradients(mask):
    fused, spelled = ([Value(a) for a in arguments()] for _ in range(2))
    y, z = FUSED(*fused, mask=mask), registry[FUSED].stands_for(*spelled, mask=mask)
    assert len(ancestors(y)) < len(ancestors(z))
    same(y, z)
    u = np.random.default_rng(2).standard_normal(y.shape)
    y.backward(u)
    z.backward(u)
    same([a.grad for a in fused], [a.grad for a in spelled])


def test_a_layer_may_have_more_cells_than_gates():
    net, (h0, c0) = make(hidden=6, projected=5), (np.zeros((B, 5)), np.zeros((B, 6)))
    assert mt.check_gradients(FUSED, X, h0, c0, *(p.data for p in net.parameters()))


def test_a_layer_passes_the_check_of_models():
    def loss(output, target):
        return ((output[0] - target) ** 2).mean() + (output[1][1] ** 2).mean()

    net = make(1, 2, 1, bidirectional=True)
    assert mt.check_model(net, loss, X[:2, :, :1], np.ones((2, B, 2)))


def test_light_inputs_take_all_digits_of_heavier_weights():
    """At 0, where two cells nearly cancel in what flows to x."""
    x = Value(np.zeros((1, 1, 1), np.float32))
    w_ih, w_hh = np.array([[1 + 2.0**-40], [-1.0]] * 4), np.zeros((8, 1))
    h0, c0 = np.zeros((1, 1), np.float32), np.zeros((1, 2), np.float32)
    FUSED(x, h0, c0, w_ih, w_hh, None, None, np.ones((1, 2)))[..., :1].sum().backward()
    assert x.grad.dtype == np.float32
    assert x.grad.item() == 2.0**-42


def test_a_heavier_projection_keeps_its_digits():
    operands = [a.astype(np.float32) for a in arguments()]
    w_hr = Value(operands[-1].astype(np.float64))
    y = FUSED(*operands[:-1], w_hr)
    y.sum().backward()
    assert y.dtype == w_hr.grad.dtype == np.float64
    wide = Value(w_hr.data)
    FUSED(*(a.astype(np.float64) for a in operands[:-1]), wide).sum().backward()
    same(w_hr.grad, wide.grad)


@pytest.mark.parametrize("frozen", ["weight_hr_l0", "weight_hh_l0", "bias_ih_l0"])
def test_frozen_weights_get_no_gradient_and_the_others_the_same(frozen):
    net, free = make(), make()
    getattr(net, frozen).requires_grad = False
    for one in (net, free):
        one(X)[0].sum().backward()
    for (key, p), q in zip(net.named_parameters(), free.parameters(), strict=True):
        if key == frozen:
            assert p.grad is None
        else:
            same(p.grad, q.grad)


def test_nothing_is_kept_of_a_call_that_is_not_recorded():
    with mt.no_grad():
        output, (h, c) = make()(X)
    assert all(y.fn is None and not y.requires_grad for y in (output, h, c))
    same((output, (h, c)), make()(X))


def test_a_batch_of_none_gives_none():
    net = make(bidirectional=True)
    x = Value(np.zeros((T, 0, I)))
    output, (h, c) = net(x, lengths=np.zeros(0, int))
    output.sum().backward()
    assert (output.shape, h.shape, c.shape) == ((T, 0, 2 * P), (2, 0, P), (2, 0, H))
    assert x.grad.shape == (T, 0, I)
    assert not any(p.grad.any() for p in net.parameters())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_inputs_saturate_without_warning(dtype):
    x = Value((1e4 * X).astype(dtype))
    output, _ = nn.LSTM(I, H, proj_size=P, rng=0, dtype=dtype)(x)
    output.sum().backward()
    assert output.dtype == x.grad.dtype == dtype
    assert np.isfinite(output.data).all()
    assert np.isfinite(x.grad).all()


# What it is made of


def test_its_parameters_have_pytorchs_names_and_shapes():
    net = nn.LSTM(4, 30, 2, bidirectional=True, proj_size=20, rng=0)
    ends = ["_l0", "_l0_reverse", "_l1", "_l1_reverse"]
    kinds = ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"]
    shapes = {k: x.shape for k, x in net.state_dict().items()}
    assert list(shapes) == [kind + end for end in ends for kind in kinds]
    for end, width in zip(ends, [4, 4, 40, 40], strict=True):
        found = [shapes[kind + end] for kind in kinds]
        assert found == [(120, width), (120, 20), (120,), (120,), (20, 30)]
    for p in net.parameters():
        assert p.dtype == np.float32
        assert 0.9 / np.sqrt(30) < np.abs(p.data).max() <= 1 / np.sqrt(30)


def test_it_shows_its_projection():
    assert repr(nn.LSTM(4, 3, 2, proj_size=2)) == "LSTM(4, 3, proj_size=2, num_layers=2)"
    assert repr(nn.LSTM(4, 3, proj_size=0)) == "LSTM(4, 3)"


def test_a_layer_is_one_call_of_the_graph_and_its_picture_has_the_steps():
    output, _ = make(1, 2, 1)(X[:2, :1, :1])
    assert [n.fn for n in ancestors(output)].count(FUSED) == 1
    picture = mt.draw(output).source
    assert "projected_lstm_states" not in picture
    assert picture.count(">tanh<") >= 4  # of two steps


# Errors


def no_width(got, hidden=2):
    return (
        "LSTM: proj_size is the width that the hidden state is projected to.\n"
        f"  expected  an integer of 0 (no projection) or more, and less than hidden_size={hidden}\n"
        f"  got       proj_size={got}"
    )


NET = make()
ERRORS = [
    (lambda: nn.LSTM(4, 2, proj_size=2), ArgumentError, no_width("2")),
    (lambda: nn.LSTM(4, 2, proj_size=-1), ArgumentError, no_width("-1")),
    (lambda: nn.LSTM(4, 1, proj_size=0.5), ArgumentError, no_width("0.5", 1)),
    (
        lambda: nn.LSTM(4, "2", proj_size=1),
        ArgumentError,
        "LSTM: hidden_size must be a positive integer.\n  expected  1 or more\n  got       '2'",
    ),
    (
        lambda: NET(X, np.ones((1, B, P))),
        ArgumentError,
        "LSTM: a state is a pair, the hidden state and the cell.\n"
        "  expected  hx=(h_0, c_0), of shapes (1, 3, 2) and (1, 3, 3)\n"
        "  got       a ndarray of shape (1, 3, 2)",
    ),
    (
        lambda: NET(X, (np.ones((1, B, H)), np.ones((1, B, H)))),
        ShapeError,
        "LSTM: the state h_0 has the wrong shape.\n"
        "  expected  shape (1, 3, 2)\n"
        "  got       shape (1, 3, 3)",
    ),
    (
        lambda: NET(X[:, 0], (np.ones((1, P)), np.ones((1, P)))),
        ShapeError,
        "LSTM: the state c_0 has the wrong shape.\n"
        "  expected  shape (1, 3)\n"
        "  got       shape (1, 2)",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS, ids=[e[2][:40] for e in ERRORS])
def test_wrong_use_says_what_to_do(call, error, message):
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value) == message
