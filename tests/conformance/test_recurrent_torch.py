"""Recurrent layers and cells against PyTorch's, under the same weights: outputs and gradients."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value, nn

torch = pytest.importorskip("torch")

T, B, I, H = 5, 3, 4, 2
STATES = {"RNN": 1, "GRU": 1, "LSTM": 2}

OPTIONS = [
    {},
    {"bias": False},
    {"num_layers": 2},
    {"bidirectional": True},
    {"num_layers": 3, "bidirectional": True, "batch_first": True},
    {"batch_first": True, "bias": False},
]
LAYERS = [(name, options) for name in STATES for options in OPTIONS] + [
    ("RNN", {"nonlinearity": "relu", "num_layers": 2, "bidirectional": True}),
    ("LSTM", {"proj_size": 1}),
    ("LSTM", {"proj_size": 1, "num_layers": 2, "bidirectional": True, "batch_first": True}),
]
CELLS = [(name, {"bias": bias}) for name in STATES for bias in (True, False)] + [
    ("RNN", {"nonlinearity": "relu"})
]
LENGTHS = [None, [5, 3, 2], [1, 5, 4], [2, 2, 1]]


def draw(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def pair(name, options):
    torch.manual_seed(0)
    theirs = getattr(torch.nn, name)(I, H, **options).double()
    ours = getattr(nn, name)(I, H, **options, dtype=np.float64)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def flat(y):
    """List what a module gives: one array, an output with a state, or a state that is a pair."""
    return [part for each in y for part in flat(each)] if isinstance(y, tuple) else [y]


def agree(found, expected):
    found = np.asarray(found.data if isinstance(found, Value) else found)
    expected = expected.detach().numpy()
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def agree_with_gradients(ours, theirs, mine, reference, inputs, tensors):
    """Compare outputs; then weigh each at random, and compare the gradients of everything."""
    mine, reference = flat(mine), flat(reference)
    for found, expected in zip(mine, reference, strict=True):
        agree(found, expected)
    weights = [draw(n, *y.shape) for n, y in enumerate(mine)]
    sum((y * w).sum() for y, w in zip(mine, weights, strict=True)).backward()
    sum((z * torch.tensor(w)).sum() for z, w in zip(reference, weights, strict=True)).backward()
    for x, t in zip(inputs, tensors, strict=True):
        agree(x.grad, t.grad)
    gradients = {key: p.grad for key, p in theirs.named_parameters()}
    assert [key for key, _ in ours.named_parameters()] == list(gradients)
    for key, p in ours.named_parameters():
        agree(p.grad, gradients[key])


def first_states(name, options, *shape):
    """Draw a hidden state, which may be projected, and a cell if there is one."""
    widths = [options.get("proj_size", H), H][: STATES[name]]
    return [draw(n, *shape, width) for n, width in enumerate(widths)]


def leaves(*arrays):
    return [Value(a) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]


def one_or_pair(states):
    return states[0] if len(states) == 1 else tuple(states)


@pytest.mark.parametrize("given", [False, True], ids=["from zeros", "from a state"])
@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize(("name", "options"), LAYERS)
def test_layers_agree(name, options, batched, given):
    ours, theirs = pair(name, options)
    first = options.get("batch_first", False)
    shape = ((B, T) if first else (T, B)) if batched else (T,)
    count = options.get("num_layers", 1) * (1 + options.get("bidirectional", False))
    starts = first_states(name, options, count, *((B,) if batched else ())) if given else []
    inputs, tensors = leaves(draw(9, *shape, I), *starts)
    mine = ours(inputs[0], *([one_or_pair(inputs[1:])] if given else []))
    reference = theirs(tensors[0], *([one_or_pair(tensors[1:])] if given else []))
    agree_with_gradients(ours, theirs, mine, reference, inputs, tensors)


@pytest.mark.parametrize("lengths", LENGTHS[1:], ids=str)
@pytest.mark.parametrize("given", [False, True], ids=["from zeros", "from a state"])
@pytest.mark.parametrize(("name", "options"), LAYERS)
def test_lengths_agree_with_packed_sequences(name, options, given, lengths):
    from torch.nn.utils import rnn

    ours, theirs = pair(name, options)
    first = options.get("batch_first", False)
    count = options.get("num_layers", 1) * (1 + options.get("bidirectional", False))
    starts = first_states(name, options, count, B) if given else []
    inputs, tensors = leaves(draw(9, *((B, T) if first else (T, B)), I), *starts)
    mine = ours(inputs[0], *([one_or_pair(inputs[1:])] if given else []), lengths=np.array(lengths))
    packed = rnn.pack_padded_sequence(
        tensors[0], torch.tensor(lengths), batch_first=first, enforce_sorted=False
    )
    output, states = theirs(packed, *([one_or_pair(tensors[1:])] if given else []))
    output, _ = rnn.pad_packed_sequence(output, batch_first=first, total_length=T)
    agree_with_gradients(ours, theirs, mine, (output, states), inputs, tensors)


@pytest.mark.parametrize("given", [False, True], ids=["from zeros", "from a state"])
@pytest.mark.parametrize("batch", [(B,), ()], ids=["batch", "one"])
@pytest.mark.parametrize(("name", "options"), CELLS)
def test_cells_agree(name, options, batch, given):
    ours, theirs = pair(f"{name}Cell", options)
    starts = [draw(n, *batch, H) for n in range(STATES[name])] if given else []
    inputs, tensors = leaves(draw(9, *batch, I), *starts)
    mine = ours(inputs[0], *([one_or_pair(inputs[1:])] if given else []))
    reference = theirs(tensors[0], *([one_or_pair(tensors[1:])] if given else []))
    agree_with_gradients(ours, theirs, mine, reference, inputs, tensors)


@pytest.mark.parametrize(
    ("name", "options"), [*((name, {}) for name in STATES), ("LSTM", {"proj_size": 1})]
)
def test_second_derivatives_agree(name, options):
    ours, theirs = pair(name, options)
    (x,), (t,) = leaves(draw(9, T, B, I))
    v = draw(8, T, B, I)
    (found,) = mt.hvp(lambda x: (ours(x)[0] ** 2).sum(), (x.data,), (v,))
    (g,) = torch.autograd.grad((theirs(t)[0] ** 2).sum(), t, create_graph=True)
    (expected,) = torch.autograd.grad((g * torch.tensor(v)).sum(), t)
    agree(found, expected)


@pytest.mark.parametrize("name", [*STATES, *(f"{name}Cell" for name in STATES)])
def test_first_weights_have_the_spread_of_pytorchs(name):
    ours, theirs = getattr(nn, name)(3, 400, rng=0), getattr(torch.nn, name)(3, 400)
    for (key, p), (other, q) in zip(
        ours.named_parameters(), theirs.named_parameters(), strict=True
    ):
        assert (key, p.shape) == (other, tuple(q.shape))
        assert abs(np.abs(p.data).max() * np.sqrt(400) - 1) < 0.01
        q = q.detach().numpy()
        assert abs(np.abs(q).max() * np.sqrt(400) - 1) < 0.01
        assert abs(p.data.std() / q.std() - 1) < 0.15


@pytest.mark.parametrize("name", STATES)
def test_the_same_arguments_stand_in_the_same_places(name):
    extra = ("relu",) if name == "RNN" else ()
    places = (3, 2, 2, *extra, False, True, 0.25, True, *((1,) if name == "LSTM" else ()))
    ours, theirs = getattr(nn, name)(*places), getattr(torch.nn, name)(*places)
    names = ["input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout"]
    for attribute in [*names, "bidirectional", *(["nonlinearity"] if extra else [])]:
        assert getattr(ours, attribute) == getattr(theirs, attribute)
    assert list(ours.state_dict()) == list(theirs.state_dict())


def test_a_wrong_order_of_gates_is_noticed():
    ours, theirs = pair("LSTM", {})
    swapped = ours.weight_ih_l0.data.copy()
    swapped[2 * H :] = np.roll(swapped[2 * H :], H, axis=0)
    ours.weight_ih_l0.data = swapped
    (x,), (t,) = leaves(draw(9, T, B, I))
    with pytest.raises(AssertionError):
        agree(ours(x)[0], theirs(t)[0])
