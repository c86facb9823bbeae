"""Recurrent layers are their equations, in each layer, direction and length; misuse is named."""

import numpy as np
import pytest
import samples_recurrences as equations

import microtensor as mt
from microtensor import Value, nn, ops
from microtensor.errors import ArgumentError, GradientCheckError, ShapeError
from microtensor.graph import ancestors
from microtensor.lending import aligned
from microtensor.primitives import registry

T, B, I, H = 5, 3, 4, 2
RNG = np.random.default_rng(0)
X = RNG.standard_normal((T, B, I))
LENGTHS = np.array([5, 2, 3])
LAYERS = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}
CELLS = {"RNN": nn.RNNCell, "GRU": nn.GRUCell, "LSTM": nn.LSTMCell}
STATES = {"RNN": 1, "GRU": 1, "LSTM": 2}
FUSED = {"RNN": ops.rnn_states, "GRU": ops.gru_states, "LSTM": ops.lstm_states}

each = pytest.mark.parametrize("name", LAYERS)


def make(name, **options):
    return LAYERS[name](I, H, rng=0, dtype=np.float64, **options)


def flat(y):
    return [part for each in y for part in flat(each)] if isinstance(y, tuple) else [y]


def state_of(arrays):
    return arrays[0] if len(arrays) == 1 else tuple(arrays)


def same(found, expected, tolerance=1e-12):
    for a, b in zip(flat(found), flat(expected), strict=True):
        a, b = (x.data if isinstance(x, Value) else x for x in (a, b))
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


# Equations


def by_hand(name, net, x):
    """One layer of one direction, from zeros, by the equations of the papers."""
    step = {"RNN": equations.elman("tanh"), "GRU": equations.gru, "LSTM": equations.lstm}[name]
    weights = [p.data for p in net.parameters()]
    starts = [np.zeros((x.shape[1], H))] * STATES[name]
    y = equations.trajectory(step, net.gates, x, starts, weights, None)
    y = [y] if STATES[name] == 1 else list(y)
    return y[0][1:], state_of([s[-1:] for s in y])


@each
def test_a_layer_is_its_equations(name):
    net = make(name)
    same(net(X), by_hand(name, net, X))


@each
def test_equations_with_one_gate_in_the_place_of_another_would_be_noticed(name):
    net = make(name)
    expected = by_hand(name, net, X)
    net.weight_ih_l0.data = np.roll(net.weight_ih_l0.data, H, axis=0) + (name == "RNN")
    with pytest.raises(AssertionError):
        same(net(X), expected)


@each
def test_a_layer_is_its_cell_looped(name):
    net, cell = make(name), CELLS[name](I, H, dtype=np.float64)
    cell.load_state_dict({k.removesuffix("_l0"): x for k, x in net.state_dict().items()})
    state, outputs = None, []
    for x in X:
        state = cell(x, state)
        outputs.append(flat(state)[0] if STATES[name] == 2 else state)
    last = tuple(np.expand_dims(s, 0) for s in flat(state))
    same(net(X), (np.stack(outputs), state_of(last)))


@each
def test_both_directions_are_two_runs(name):
    net, forwards, backwards = (make(name, bidirectional=n == 0) for n in range(3))
    state = net.state_dict()
    forwards.load_state_dict({k: x for k, x in state.items() if "reverse" not in k})
    backwards.load_state_dict(
        {k.removesuffix("_reverse"): x for k, x in state.items() if "reverse" in k}
    )
    output, last = net(X)
    there, there_last = forwards(X)
    back, back_last = backwards(X[::-1])
    same(output, np.concatenate([there.data, back.data[::-1]], axis=-1))
    for both, one, other in zip(flat(last), flat(there_last), flat(back_last), strict=True):
        same(both, np.concatenate([one.data, other.data]))


@each
def test_two_layers_are_one_on_top_of_another(name):
    net, low = make(name, num_layers=2), make(name)
    high = LAYERS[name](H, H, dtype=np.float64)
    for part, end in ((low, "_l0"), (high, "_l1")):
        mine = {k: x for k, x in net.state_dict().items() if k.endswith(end)}
        part.load_state_dict({k.replace(end, "_l0"): x for k, x in mine.items()})
    output, last = net(X)
    middle, low_last = low(X)
    top, high_last = high(middle)
    same(output, top)
    for both, one, other in zip(flat(last), flat(low_last), flat(high_last), strict=True):
        same(both, np.concatenate([one.data, other.data]))


@each
def test_the_batch_may_come_first(name):
    net, first = make(name), make(name, batch_first=True)
    output, last = net(X)
    same(first(np.swapaxes(X, 0, 1)), (np.swapaxes(output.data, 0, 1), last))


@each
def test_one_sequence_is_a_batch_of_one(name):
    for first in (False, True):
        net = make(name, bidirectional=True, batch_first=first)
        output, last = net(X[:, 0])
        whole, states = net(X[:, :1].swapaxes(0, 1) if first else X[:, :1])
        same(output, np.reshape(whole.data, (T, 2 * H)))
        same(last, state_of([s.data[:, 0] for s in flat(states)]))


@each
def test_a_sequence_may_go_on_from_its_state(name):
    net = make(name, num_layers=2)
    output, last = net(X)
    before, state = net(X[:2])
    after, state = net(X[2:], state)
    same((output, last), (np.concatenate([before.data, after.data]), state))


# Lengths


@each
@pytest.mark.parametrize("given", [False, True])
def test_lengths_give_what_each_sequence_alone_gives(name, given):
    net = make(name, num_layers=2, bidirectional=True)
    starts = [RNG.standard_normal((4, B, H)) for _ in range(STATES[name])]
    x = Value(X)
    output, last = net(x, state_of(starts) if given else None, lengths=LENGTHS)
    (output**2).sum().backward()
    for n, length in enumerate(LENGTHS):
        one = Value(X[:length, n])
        alone, ends = net(one, state_of([s[:, n] for s in starts]) if given else None)
        same(output.data[:length, n], alone)
        assert not output.data[length:, n].any()
        same(tuple(s.data[:, n] for s in flat(last)), tuple(flat(ends)))
        (alone**2).sum().backward()
        same(x.grad[:length, n], one.grad)
        assert not x.grad[length:, n].any()


@each
def test_what_stands_behind_an_end_is_not_looked_at(name):
    net = make(name, bidirectional=True)
    x = X.copy()
    expected = net(x, lengths=LENGTHS)
    for n, length in enumerate(LENGTHS):
        x[length:, n] = np.nan
    output, last = net(x, lengths=LENGTHS)
    same((output, last), expected)
    output.sum().backward()
    assert all(np.isfinite(p.grad).all() for p in net.parameters())


@each
def test_whole_lengths_change_nothing_and_may_be_a_list_or_values(name):
    net = make(name)
    same(net(X, lengths=[T] * B), net(X))
    same(net(X, lengths=Value(LENGTHS)), net(X, lengths=LENGTHS.tolist()))


# Derivatives


def arguments(name, steps=3):
    """Operands of the fused function, small."""
    rng, gates = np.random.default_rng(1), make(name).gates
    shapes = [(steps, 2, 2), *[(2, 2)] * STATES[name], (2 * gates, 2), (2 * gates, 2)]
    return [rng.standard_normal(s) for s in [*shapes, (2 * gates,), (2 * gates,)]]


ENDS = np.array([[True, True], [True, False], [True, False]])


@each
@pytest.mark.parametrize("mask", [None, ENDS], ids=["whole", "ends"])
def test_gradients_agree_with_differences_to_second_order(name, mask):
    assert mt.check_gradients(lambda *a: FUSED[name](*a, mask=mask), *arguments(name), order=2)


@each
def test_a_wrong_rule_for_all_operands_is_noticed(name, monkeypatch):
    right = registry[FUSED[name]].together

    def wrong(*args, **options):
        found = right(*args, **options)
        return [found[0] * 1.01, *found[1:]]

    monkeypatch.setattr(registry[FUSED[name]], "together", wrong)
    with pytest.raises(GradientCheckError):
        mt.check_gradients(FUSED[name], *arguments(name))


@each
@pytest.mark.parametrize("mask", [None, ENDS], ids=["whole", "ends"])
def test_one_call_is_what_it_stands_for_and_so_are_its_gradients(name, mask):
    known = registry[FUSED[name]]
    fused, spelled = ([Value(a) for a in arguments(name)] for _ in range(2))
    y, z = FUSED[name](*fused, mask=mask), known.stands_for(*spelled, mask=mask)
    assert len(ancestors(y)) < len(ancestors(z))
    same(y, z)
    u = np.random.default_rng(2).standard_normal(y.shape)
    y.backward(u)
    z.backward(u)
    same(tuple(a.grad for a in fused), tuple(a.grad for a in spelled))


@each
def test_a_layer_may_have_more_units_than_gates(name):
    net = LAYERS[name](I, 6, rng=0, dtype=np.float64)
    starts = [np.zeros((B, 6))] * STATES[name]
    assert mt.check_gradients(FUSED[name], X, *starts, *(p.data for p in net.parameters()))


@pytest.mark.parametrize(("name", "slope"), [("RNN", 1), ("GRU", 1 / 2), ("LSTM", 1 / 4)])
def test_light_inputs_take_all_digits_of_heavier_weights(name, slope):
    """At 0, where two units nearly cancel in what flows to x."""
    x, gates = Value(np.zeros((1, 1, 1), np.float32)), make(name).gates
    starts = [np.zeros((1, 2))] * STATES[name]
    w_ih, w_hh = np.array([[1 + 2.0**-40], [-1.0]] * gates), np.zeros((2 * gates, 2))
    y = FUSED[name](x, *starts, w_ih, w_hh)
    (y if name != "LSTM" else y[0]).sum().backward()
    assert x.grad.dtype == np.float32
    assert x.grad.item() == slope * 2.0**-40


@each
def test_a_layer_passes_the_check_of_models(name):
    def loss(output, target):
        return ((output[0] - target) ** 2).mean()

    net = LAYERS[name](1, 1, bidirectional=True, rng=0, dtype=np.float64)
    assert mt.check_model(net, loss, X[:2, :, :1], np.ones((2, B, 2)))


@each
def test_frozen_weights_get_no_gradient_and_the_others_the_same(name):
    net, free = make(name), make(name)
    net.weight_hh_l0.requires_grad = False
    for one in (net, free):
        one(X)[0].sum().backward()
    assert net.weight_hh_l0.grad is None
    for key in ("weight_ih_l0", "bias_ih_l0", "bias_hh_l0"):
        same(getattr(net, key).grad, getattr(free, key).grad)


@each
def test_nothing_is_kept_of_a_call_that_is_not_recorded(name):
    with mt.no_grad():
        output, last = make(name)(X)
    assert all(y.fn is None and not y.requires_grad for y in flat((output, last)))
    same((output, last), make(name)(X))


@each
def test_a_batch_of_none_gives_none(name):
    net = make(name, bidirectional=True)
    x = Value(np.zeros((T, 0, I)))
    output, last = net(x, lengths=np.zeros(0, int))
    output.sum().backward()
    assert output.shape == (T, 0, 2 * H)
    assert {y.shape for y in flat(last)} == {(2, 0, H)}
    assert x.grad.shape == (T, 0, I)
    assert not any(p.grad.any() for p in net.parameters())


def test_arrays_of_the_loop_begin_where_a_line_of_the_cache_does():
    for shape, dtype in (((3, 5), np.float32), ((7,), np.float64), ((1, 2), np.float32)):
        made = [aligned(shape, dtype) for _ in range(5)]
        assert all(a.ctypes.data % 64 == 0 and a.flags.c_contiguous for a in made)
        assert {(a.shape, a.dtype) for a in made} == {(shape, np.dtype(dtype))}


@each
def test_extreme_inputs_saturate_without_warning(name):
    for dtype in (np.float32, np.float64):
        net = LAYERS[name](I, H, rng=0, dtype=dtype)
        x = Value((1e4 * X).astype(dtype))
        output, _ = net(x)
        output.sum().backward()
        assert output.dtype == x.grad.dtype == dtype
        assert np.isfinite(output.data).all()
        assert np.isfinite(x.grad).all()


# Dropout


@each
def test_dropout_stands_between_layers_while_training(name):
    make_one = lambda p, layers=2: make(name, num_layers=layers, dropout=p)
    with_chance, without = make_one(0.5), make_one(0.0)
    without.load_state_dict(with_chance.state_dict())
    first, second = with_chance(X)[0].data, with_chance(X)[0].data
    assert not np.allclose(first, second)
    same(with_chance.eval()(X), without(X))
    nothing = make_one(1.0)
    nothing.load_state_dict(without.state_dict())
    _, last = nothing(X)
    same(flat(last)[0].data[0], flat(without(X)[1])[0].data[0])  # below, all is as it was
    assert not np.allclose(nothing(X)[0].data, without(X)[0].data)
    same(nothing(X)[0], nothing(X + 1)[0])  # nothing arrives above


def test_a_seed_repeats_weights_and_dropout():
    nets = [nn.GRU(I, H, 2, dropout=0.5, rng=3) for _ in range(2)]
    same(nets[0](X), nets[1](X), tolerance=0)


def test_dropout_of_one_layer_is_warned_of():
    with pytest.warns(UserWarning, match=r"^LSTM: dropout") as warned:
        nn.LSTM(I, H, dropout=0.5)
    (warning,) = warned
    assert str(warning.message) == (
        "LSTM: dropout=0.5 drops nothing, since it stands between layers and there is one. "
        "Put an nn.Dropout behind it to drop entries of its output."
    )
    assert warning.filename == __file__


# What it is made of


def test_parameters_are_float32_and_the_state_is_cast_with_the_input():
    for name, layer in LAYERS.items():
        net = layer(I, H, rng=0)
        state = state_of([np.ones((1, B, H))] * STATES[name])
        assert {y.dtype for y in flat(net(X, state))} == {np.dtype(np.float32)}
        cell = CELLS[name](I, H, rng=0)
        state = state_of([np.ones((B, H))] * STATES[name])
        assert {y.dtype for y in flat(cell(X[0], state))} == {np.dtype(np.float32)}
        assert {p.dtype for p in [*net.parameters(), *cell.parameters()]} == {np.dtype(np.float32)}


def test_integers_and_lists_are_taken_as_floats():
    net = nn.GRU(2, H, rng=0)
    x = [[[1, 2]], [[3, 4]]]
    same(net(x), net(np.array(x, float)), tolerance=1e-6)
    same(net(np.array(x)), net(np.array(x, float)), tolerance=1e-6)


def test_modules_show_what_they_were_made_with():
    shown = [
        nn.RNN(4, 2, 2, "relu", batch_first=True),
        nn.LSTM(4, 2, bidirectional=True, bias=False),
        nn.GRU(4, 2, 2, dropout=0.5),
        nn.RNNCell(4, 2, False, "relu"),
        nn.LSTMCell(4, 2),
    ]
    assert [repr(m) for m in shown] == [
        "RNN(4, 2, num_layers=2, batch_first=True, nonlinearity='relu')",
        "LSTM(4, 2, bias=False, bidirectional=True)",
        "GRU(4, 2, num_layers=2, dropout=0.5)",
        "RNNCell(4, 2, bias=False, nonlinearity='relu')",
        "LSTMCell(4, 2)",
    ]


def test_a_layer_is_one_call_of_the_graph_and_its_picture_has_the_steps():
    net = nn.LSTM(1, 1, rng=0)
    output, _ = net(X[:2, :1, :1])
    assert [n.fn for n in ancestors(output)].count(ops.lstm_states) == 1
    picture = mt.draw(output).source
    assert "lstm_states" not in picture
    assert picture.count(">tanh<") >= 4  # of two steps


# Errors

NET, CELL = nn.LSTM(I, H, rng=0), nn.LSTMCell(I, H, rng=0)
ERRORS = [
    (
        lambda: NET(np.ones((T, B, 3))),
        ShapeError,
        "LSTM: the input has the wrong width.\n"
        "  expected  4 numbers in the last axis, the input_size\n"
        "  got       3, in an input of shape (5, 3, 3)",
    ),
    (
        lambda: nn.Sequential(nn.Linear(2, 3, rng=0), nn.GRU(4, 2, rng=0))(np.ones((5, 2))),
        ShapeError,
        "Sequential.1: the input has the wrong width.\n"
        "  expected  4 numbers in the last axis, the input_size\n"
        "  got       3, in an input of shape (5, 3)",
    ),
    (
        lambda: NET(np.ones(4)),
        ShapeError,
        "LSTM: the input must be a batch of sequences, or one sequence.\n"
        "  expected  an input of shape (T, B, I), or (T, I), with I = 4\n"
        "  got       an input of shape (4,)",
    ),
    (
        lambda: nn.GRU(4, 2, batch_first=True)(np.ones((3, 0, 4))),
        ShapeError,
        "GRU: a sequence must have at least one step.\n"
        "  expected  an input of shape (B, T, I) with T of 1 or more\n"
        "  got       an input of shape (3, 0, 4)",
    ),
    (
        lambda: NET(X, np.ones((1, B, H))),
        ArgumentError,
        "LSTM: a state is a pair, the hidden state and the cell.\n"
        "  expected  hx=(h_0, c_0), each of shape (1, 3, 2)\n"
        "  got       a ndarray of shape (1, 3, 2)",
    ),
    (
        lambda: CELL(X[0], (np.ones((B, H)),)),
        ArgumentError,
        "LSTMCell: a state is a pair, the hidden state and the cell.\n"
        "  expected  hx=(h, c), each of shape (3, 2)\n"
        "  got       a tuple of 1",
    ),
    (
        lambda: NET(X, (np.ones((1, B, H)), np.ones((B, H)))),
        ShapeError,
        "LSTM: the state c_0 has the wrong shape.\n"
        "  expected  shape (1, 3, 2)\n"
        "  got       shape (3, 2)",
    ),
    (
        lambda: nn.GRU(I, H, 2, bidirectional=True)(X[:, 0], np.ones((1, H))),
        ShapeError,
        "GRU: the state h_0 has the wrong shape.\n"
        "  expected  shape (4, 2)\n"
        "  got       shape (1, 2)",
    ),
    (
        lambda: CELL(X),
        ShapeError,
        "LSTMCell: the input must be one step of a batch of sequences, or of one.\n"
        "  expected  an input of shape (B, I), or (I,), with I = 4\n"
        "  got       an input of shape (5, 3, 4)\n"
        "  Give it x[t], one step after the other; nn.LSTM takes whole sequences.",
    ),
    (
        lambda: NET(X, lengths=[5, 3]),
        ShapeError,
        "LSTM: there must be one length per sequence of a batch.\n"
        "  expected  lengths of shape (3,)\n"
        "  got       lengths of shape (2,)",
    ),
    (
        lambda: NET(X[:, 0], lengths=[5]),
        ShapeError,
        "LSTM: there must be one length per sequence of a batch.\n"
        "  expected  no lengths, since the input is one sequence\n"
        "  got       lengths of shape (1,)\n"
        "  Cut the sequence instead: x[:length].",
    ),
    (
        lambda: NET(X, lengths=[5, 0, 6]),
        ArgumentError,
        "LSTM: lengths must be numbers of steps.\n"
        "  expected  integers from 1 to 5, the length of the input\n"
        "  got       numbers from 0 to 6",
    ),
    (
        lambda: NET(X, lengths=np.array([5.0, 2.0, 2.0])),
        ArgumentError,
        "LSTM: lengths must be numbers of steps.\n"
        "  expected  integers from 1 to 5, the length of the input\n"
        "  got       dtype float32",
    ),
    (
        lambda: nn.RNN(4, 2, nonlinearity="sigmoid"),
        ArgumentError,
        "RNN: unknown nonlinearity.\n"
        "  expected  nonlinearity='tanh' or nonlinearity='relu'\n"
        "  got       'sigmoid'",
    ),
    (
        lambda: nn.GRU(4, 2, 2, dropout=1.5),
        ArgumentError,
        "GRU: dropout is the probability of dropping an entry.\n"
        "  expected  a number from 0 to 1\n"
        "  got       1.5",
    ),
    (
        lambda: nn.GRUCell(4, 0),
        ArgumentError,
        "GRUCell: hidden_size must be a positive integer.\n  expected  1 or more\n  got       0",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS, ids=[e[2][:40] for e in ERRORS])
def test_wrong_use_says_what_to_do(call, error, message):
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value) == message
