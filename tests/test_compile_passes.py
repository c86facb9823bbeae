"""A pass leaves out what need not be computed, and the numbers are the same to the last bit."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses, nn, optim
from microtensor.compiler import passes
from microtensor.compiler.bounds import bounds_joined
from microtensor.compiler.interpreting import interpreter
from microtensor.compiler.lowering import lowered
from microtensor.compiler.programs import Variable
from microtensor.compiler.releasing import guards_first, unread_left_out

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((6, 4)), RNG.integers(0, 3, 6)


def step():
    net = nn.Sequential(
        nn.Linear(4, 5, rng=0, dtype=float), nn.Sigmoid(), nn.Linear(5, 3, rng=1, dtype=float)
    )
    moves = optim.AdamW(net.parameters(), lr=0.1)

    def train(x, y):
        moves.zero_grad()
        loss = losses.cross_entropy(net(x), y)
        loss.backward(leaves_only=True)
        moves.step()
        return loss

    return train


def attention(x):
    weights = mt.softmax(x @ x.T / 2.0)
    return np.sum(mt.relu(weights @ x) * 1.0) + np.mean(mt.log_softmax(x.T.T))


PROGRAMS = {
    "a training step": (step(), (X, Y)),
    "a gradient": (mt.value_and_grad(attention), (X,)),
    "a Hessian": (mt.hessian(lambda x: np.sum(np.tanh(x) ** 3)), (X[0],)),
}
PASSES = [
    lowered,
    passes.constants_folded,
    passes.identities_removed,
    passes.repeats_removed,
    passes.signs_of_outputs,
    passes.unused_removed,
    guards_first,
    unread_left_out,
    passes.optimised,
]


def program(name):
    f, args = PROGRAMS[name]
    return mt.trace(f)(*args)


def computed(program, args):
    """Compute a program on what lies in its places, and list all that it gives and writes."""
    given = [place.read(args) for place, _ in program.inputs]
    results, written = interpreter(program)(*given)
    return [np.asarray(x) for x in (*results, *written)]


def same(a, b):
    return len(a) == len(b) and all(
        x.dtype == y.dtype and np.array_equal(x, y) for x, y in zip(a, b, strict=True)
    )


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("improve", PASSES, ids=lambda f: f.__name__)
def test_a_pass_keeps_what_a_program_means(improve, name):
    args = PROGRAMS[name][1]
    before = computed(program(name), args)
    assert same(computed(improve(program(name)), args), before)


def wrong_identity(program):
    """Take a division for an identity, as a pass that does not look at the divisor would."""
    new, kept = {}, []
    for ins in (i.replaced(new) for i in program.instructions):
        if ins.fn is np.true_divide and isinstance(ins.operands[0], Variable):
            new[ins.output] = ins.operands[0]
        else:
            kept.append(ins)
    return program.with_instructions(kept, new)


def test_a_pass_that_changes_the_meaning_is_seen():
    args = PROGRAMS["a gradient"][1]
    before = computed(program("a gradient"), args)
    assert not same(computed(wrong_identity(program("a gradient")), args), before)


def names(program):
    return [ins.name for ins in program.instructions]


def test_what_nobody_reads_is_left_out():
    found = mt.trace(lambda x: (np.exp(x), np.tanh(x))[1])(X)
    assert names(passes.unused_removed(found)) == ["tanh"]


def test_what_is_drawn_is_drawn_though_nobody_reads_it():
    layer = nn.Dropout(0.5, rng=1)
    found = mt.trace(lambda x: (layer(x).sum(), x * 2))(X)
    found.results = found.results[1:]
    assert names(passes.unused_removed(found)) == ["dropout", "multiply"]


def test_what_was_computed_is_not_computed_again():
    found = mt.trace(lambda x: np.exp(x) + np.exp(x) * np.exp(x))(X)
    assert names(passes.repeats_removed(found)) == ["exp", "multiply", "add"]


def test_what_is_drawn_twice_is_drawn_twice():
    layer = nn.Dropout(0.5, rng=1)
    found = mt.trace(lambda x: layer(x) + layer(x))(X)
    assert names(passes.repeats_removed(found)) == ["dropout", "dropout", "add"]


def test_numbers_of_another_type_are_another_operand():
    found = mt.trace(lambda x: (x * 2, x * 2.0, x * np.float32(2)))(np.arange(3))
    assert names(passes.repeats_removed(found)) == ["multiply"] * 3


def test_what_depends_on_nothing_is_computed_beforehand():
    found = mt.trace(lambda x: x + np.sqrt(mt.Value(2.0)) * mt.Value([1.0, 2.0]))(np.ones(2))
    assert names(found) == ["sqrt", "multiply", "add"]
    assert names(passes.constants_folded(found)) == ["add"]


@pytest.mark.parametrize(
    "same_numbers",
    [
        lambda x: x * 1.0,
        lambda x: 1 * x,
        lambda x: x / 1,
        lambda x: x**1,
        lambda x: np.transpose(np.transpose(x)),
        lambda x: np.reshape(x, (6, 4)),
        lambda x: x.astype(float),
    ],
)
def test_what_changes_nothing_is_left_out(same_numbers):
    found = passes.optimised(mt.trace(lambda x: np.tanh(same_numbers(x)))(X))
    assert names(found) == ["tanh"]


@pytest.mark.parametrize(
    "other_numbers",
    [
        lambda x: x * 0.0,  # x may be infinite
        lambda x: x + 0.0,  # -0.0 becomes 0.0
        lambda x: x - x,
        lambda x: np.transpose(x),
        lambda x: x.astype(np.float32),
        lambda x: x.astype(np.float32).astype(float),
        lambda x: x * np.ones((1, 6, 4)),
    ],
)
def test_what_changes_something_stays(other_numbers):
    found = passes.optimised(mt.trace(other_numbers)(X))
    assert len(found.instructions) >= 1


def test_labels_are_looked_at_once():
    found = mt.trace(lambda x, y: losses.cross_entropy(x, y))(np.ones((6, 3)), Y)
    assert len(found.guards) == 2
    joined = bounds_joined(passes.optimised(found))
    assert len(joined.guards) == 1
    compute = interpreter(joined)
    is_labels = [x.dtype.kind == "i" for _, x in joined.inputs]
    for labels, is_right in ((Y, True), ([0, 1, -1, 0, 0, 0], False), ([0, 1, 3, 0, 0, 0], False)):
        given = [np.array(labels) if i else np.ones((6, 3)) for i in is_labels]
        assert (compute(*given) is not None) is is_right


def test_a_rectifier_keeps_its_output_alone():
    found = mt.trace(mt.value_and_grad(lambda x: np.sum(mt.relu(np.exp(x)))))(X)
    better = passes.optimised(found)
    maximum = next(ins for ins in better.instructions if ins.name == "maximum")
    greater = next(ins for ins in better.instructions if ins.name == "greater")
    assert greater.operands[0] is maximum.output
    x = np.array([[np.nan, -0.0, 0.0, 5e-324, -np.inf, np.inf]])
    f = mt.grad(lambda x: np.sum(mt.relu(x) * np.arange(6.0)))
    assert np.array_equal(mt.compile(f)(x), f(x))


def test_what_guards_ask_comes_first_but_for_draws():
    first, last = nn.Linear(4, 5, rng=0, dtype=float), nn.Linear(5, 3, rng=1, dtype=float)
    drop = nn.Dropout(0.5, rng=2)

    def loss(x, y):
        return losses.cross_entropy(last(drop(first(x))), y)

    program = bounds_joined(passes.optimised(mt.trace(loss)(X, Y)))
    moved = guards_first(program)
    ((asked, _),) = moved.guards
    assert asked not in program.instructions[0].outputs
    assert asked in moved.instructions[0].outputs
    assert set(moved.instructions) == set(program.instructions)
    order = [ins for ins in program.instructions if ins is not moved.instructions[0]]
    assert moved.instructions[1:] == order

    program.guards = [(order[-1].output, True)]  # it depends on what is drawn
    assert guards_first(program).instructions == program.instructions


def test_rules_are_not_given_an_output_that_they_do_not_read():
    def given(f):
        x = np.linspace(-1, 1, 24).reshape(2, 3, 4)
        program = unread_left_out(passes.optimised(mt.trace(mt.grad(f))(x)))
        return [ins.operands[1] for ins in program.instructions if ins.is_rule]

    assert given(lambda x: np.sum(mt.layer_norm(x, 4) ** 2)) == [None]
    (y,) = given(lambda x: np.sum(mt.scaled_dot_product_attention(x, x, x) ** 2))
    assert isinstance(y, Variable)
