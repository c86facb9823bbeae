"""What people write into a step: compiled, all of it does what it does without."""

import functools
import sys

import numpy as np
import pytest
from compiled import BACKENDS, Training, differences, first_difference, outcome, state_of

import microtensor as mt
from microtensor import Value, losses, nn, optim
from microtensor.compiler.watching import is_of_a_library

F64 = np.float64
STEPS = 10


def batches(seed=0, count=STEPS, dtype=F64):
    rng = np.random.default_rng(seed)
    return [
        (rng.standard_normal((5, 3)).astype(dtype), rng.standard_normal((5, 2)).astype(dtype))
        for _ in range(count)
    ]


def model(dtype=F64, seed=0, widths=(4, 2)):
    return nn.MLP(3, list(widths), activation="tanh", rng=seed, dtype=dtype)


# Updates that are written by hand


def by_hand(net, loss):
    for p in net.parameters():
        p.grad = None
    loss.backward()
    for p in net.parameters():
        p.data = p.data - 0.1 * p.grad


def by_hand_in_place(net, loss):
    net.zero_grad()
    loss.backward()
    for p in net.parameters():
        p.data -= 0.1 * p.grad


def by_hand_without_recording(net, loss):
    net.zero_grad()
    loss.backward()
    with mt.no_grad():
        for p in net.parameters():
            p.data -= 0.1 * p.grad


def by_hand_with_zeros(net, loss):
    for p in net.parameters():
        p.grad = np.zeros(p.shape)
    loss.backward()
    for p in net.parameters():
        p.data -= 0.1 * p.grad


def by_hand_and_forgotten(net, loss):
    loss.backward()
    for p in net.parameters():
        if p.grad is not None:
            p.data -= 0.1 * p.grad
            p.grad = None


def by_hand_with_gradients_of_its_own(net, loss):
    net.zero_grad()
    loss.backward()
    for p in net.parameters():
        p.grad = np.clip(p.grad, -0.1, 0.1) + 0.01 * p.data
    for p in net.parameters():
        p.data = p.data - p.grad


def accumulating(net, loss):
    loss.backward()


def backward_twice(net, loss):
    net.zero_grad()
    loss.backward()
    (loss * 2).backward()


UPDATES = [
    by_hand,
    by_hand_in_place,
    by_hand_without_recording,
    by_hand_with_zeros,
    by_hand_and_forgotten,
    by_hand_with_gradients_of_its_own,
    accumulating,
    backward_twice,
]


@pytest.mark.parametrize("update", UPDATES)
def test_an_update_by_hand_is_what_it_is_without(update):
    def make():
        net = model()

        def step(x, y):
            loss = losses.mse(net(x), y)
            update(net, loss)
            return loss

        return Training(step, state_of(net))

    assert first_difference(make, batches()) == ""


def test_gradients_of_two_calls_are_summed_until_the_step():
    def make():
        net = model()
        optimizer = optim.Adam(net.parameters(), lr=0.1)

        def step(x, y, moves):
            losses.mse(net(x), y).backward()
            if moves:
                optimizer.step()
                optimizer.zero_grad()

        return Training(step, state_of(net, optimizer))

    calls = [(*batch, i % 3 == 2) for i, batch in enumerate(batches())]
    assert first_difference(make, calls) == ""


def test_backward_and_step_may_be_compiled_apart():
    def make():
        net = model()
        optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)

        def step(x, y):
            if x is None:
                return optimizer.step()
            net.zero_grad()
            return losses.mse(net(x), y).backward()

        return Training(step, state_of(net, optimizer))

    calls = [call for batch in batches(count=4) for call in (batch, (None, None))]
    assert first_difference(make, calls) == ""


def test_an_update_alone_reads_the_gradients_that_are_there():
    for backend in BACKENDS:
        p, q = (nn.Parameter(np.arange(3.0)) for _ in range(2))

        def update(p=p):
            if p.grad is not None:
                p.data -= 0.5 * p.grad

        compiled = mt.compile(update, backend=backend)
        for g in (np.ones(3), None, np.arange(3.0), np.full(3, 2.0)):
            p.grad = q.grad = g
            compiled()
            update(q)
            np.testing.assert_array_equal(p.data, q.data)


def test_what_a_step_gave_is_not_changed_by_the_next():
    net = model()
    step = mt.compile(lambda x: net(x))
    (x, _), (other, _) = batches(count=2)
    first = step(x)
    kept = first.data.copy()
    step(other)
    np.testing.assert_array_equal(first.data, kept)


# Several models, optimizers and parts


def test_two_optimizers_take_turns():
    def make():
        generator, judge = model(widths=[4, 3]), model(seed=1, widths=[4, 1])
        optimizers = [
            optim.Adam(generator.parameters(), lr=0.05),
            optim.SGD(judge.parameters(), lr=0.1, momentum=0.5),
        ]
        schedule = optim.ExponentialLR(optimizers[0], 0.9)
        loss = losses.binary_cross_entropy_with_logits

        def step(noise, real):
            optimizers[1].zero_grad()
            made = generator(noise)
            judged = loss(judge(real), np.ones((5, 1))) + loss(
                judge(made.detach()), np.zeros((5, 1))
            )
            judged.backward()
            optimizers[1].step()
            optimizers[0].zero_grad()
            fooled = loss(judge(made), np.ones((5, 1)))
            fooled.backward()
            optimizers[0].step()
            schedule.step()
            return judged, fooled

        return Training(step, state_of(generator, judge, *optimizers, schedule))

    calls = [(x, y) for (x, _), (y, _) in zip(batches(), batches(1), strict=True)]
    assert first_difference(make, calls) == ""


def test_shared_parameters_are_summed():
    def make():
        net = nn.Sequential(shared := nn.Linear(3, 3, rng=0, dtype=F64), nn.Tanh(), shared)
        optimizer = optim.Adam(net.parameters(), lr=0.05)

        def step(x):
            optimizer.zero_grad()
            loss = np.mean((net(x) - x) ** 2)
            loss.backward()
            optimizer.step()
            return loss

        return Training(step, state_of(net, optimizer))

    assert first_difference(make, [batch[:1] for batch in batches()]) == ""


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_a_step_with_a_closure(name):
    def make():
        net = model()
        optimizer = getattr(optim, name)(net.parameters(), lr=0.05)

        def step(x, y):
            def closure():
                optimizer.zero_grad()
                loss = losses.mse(net(x), y)
                loss.backward()
                return loss

            return optimizer.step(closure)

        return Training(step, state_of(net, optimizer))

    assert first_difference(make, batches()) == ""


def test_a_model_and_an_optimizer_as_arguments():
    def make():
        nets = [model(), model(seed=1)]
        optimizers = [optim.Adam(net.parameters(), lr=0.05) for net in nets]

        def step(x, y, i, compiled=None):
            return inner(nets[i], optimizers[i], {"x": x, "y": [y]}, scale=0.5)

        def inner(net, optimizer, batch, *, scale):
            optimizer.zero_grad()
            loss = losses.mse(net(batch["x"]), batch["y"][0]) * scale
            loss.backward()
            optimizer.step()
            return {"loss": loss, "all": [loss * 2, (scale, "text", None)]}

        return Training(inner, state_of(*nets, *optimizers)), nets, optimizers, step

    def run(compiled):
        training, nets, optimizers, _ = make()
        step = compiled(training.step)
        found = []
        for i, (x, y) in enumerate(batches()):
            which = i % 3 // 2
            given = (nets[which], optimizers[which], {"x": x, "y": [y]})
            found.append((step(*given, scale=0.5 + i), training.state()))
        return found

    expected = run(lambda step: step)
    for backend in BACKENDS:
        assert differences(run(functools.partial(mt.compile, backend=backend)), expected) == []


# Modes, widths and dtypes: another program each


def test_training_and_use_are_two_programs_whoever_switches():
    for backend in BACKENDS:
        net = nn.Sequential(
            nn.Linear(3, 4, rng=0, dtype=F64), nn.BatchNorm1d(4, dtype=F64), nn.Dropout(0.5)
        )
        twin = nn.Sequential(
            nn.Linear(3, 4, rng=0, dtype=F64), nn.BatchNorm1d(4, dtype=F64), nn.Dropout(0.5)
        )
        for decorate in (lambda f: f, mt.no_grad()):
            step = mt.compile(decorate(lambda x, net=net: net(x)), backend=backend)
            expected = decorate(lambda x, twin=twin: twin(x))
            for i, (x, _) in enumerate(batches(count=6)):
                for m in (net, twin):
                    m.train(i % 3 != 1)
                mt.seed(i)
                found = step(x)
                mt.seed(i)
                assert differences(found, expected(x)) == []
                assert differences(net.state_dict(), twin.state_dict()) == []
            assert len(step.programs) == 2


def test_each_shape_dtype_and_constant_has_a_program():
    def function(x, times, how="sum"):
        y = np.tanh(x) * times
        return np.sum(y) if how == "sum" else np.mean(y)

    step = mt.compile(function)
    calls = [
        (np.ones(3), 2),
        (np.ones(4), 2),
        (np.ones(3, np.float32), 2),
        (np.ones(3), 3),
        (np.ones(3), 2.0),
        (np.ones(3), True),
        (np.ones(3), 2, "mean"),
        (0.5, 2),
        (Value(np.ones(3)), 2),
        (Value(np.ones(3), requires_grad=False), 2),
    ]
    for given in calls:
        for scale in (1, 2):
            scaled = (given[0] * scale if not isinstance(given[0], Value) else given[0], *given[1:])
            assert differences(step(*scaled), function(*scaled)) == []
    assert len(step.programs) == len(calls)


def test_the_programs_that_are_kept_are_few():
    step = mt.compile(lambda x, n: x * n)
    given = [*range(100), 3, 99]
    with pytest.warns(mt.errors.CompileWarning):
        found = [step(np.ones(2), n)[0] for n in given]
    assert found == given
    assert len(step.programs) <= 32


# What a function rests on beside its arguments


SCALE = 1.0
TABLE = [1.0, 2.0]
ARRAY = np.arange(3.0)


class Settings:
    power = 2

    def __init__(self):
        self.offset = 0.5
        self.unread = 0


def test_globals_closures_and_attributes_that_change_are_seen(monkeypatch):
    settings, offset = Settings(), 1.0

    def function(x):
        return (x * SCALE + offset + settings.offset) ** settings.power + TABLE[1] + ARRAY

    step = mt.compile(function)
    here = globals()
    x = np.linspace(0, 1, 3)

    def check(programs):
        assert differences(step(x), function(x)) == []
        assert differences(step(2 * x), function(2 * x)) == []
        assert len(step.programs) == programs

    check(1)
    settings.unread += 1
    check(1)
    monkeypatch.setitem(here, "SCALE", 3.0)
    check(2)
    offset = 2.0
    check(3)
    settings.offset = 0.25
    check(4)
    monkeypatch.setattr(Settings, "power", 3)
    check(5)
    TABLE[1] = 7.0
    check(6)
    TABLE.append(8.0)
    check(7)
    monkeypatch.setitem(here, "ARRAY", np.ones(3))
    check(8)
    ARRAY[1] = 5.0  # in place: the program reads the array itself
    check(8)


def test_code_that_is_in_no_module_is_looked_at_as_any_other():
    names = {"nn": nn}
    text = """
class Settings:
    offset = 1.0
class Shifted(nn.Module):
    def forward(self, x):
        return x + self.shift
settings, layer, scale = Settings(), Shifted(), 2.0
layer.shift = 0.0
def function(x):
    return layer(x) * scale + settings.offset
"""
    exec(compile(text, "<text>", "exec"), names)
    function, settings = names["function"], names["settings"]
    step = mt.compile(function)
    assert (function.__module__, step(1.0)) == (None, 3.0)
    names["scale"] = 3.0
    assert step(1.0) == function(1.0) == 4.0
    settings.offset = 2.0
    assert step(1.0) == function(1.0) == 5.0
    names["layer"].shift = 1.0
    assert step(1.0) == function(1.0) == 8.0
    names["Settings"].offset = 9.0
    del settings.offset
    assert step(1.0) == function(1.0) == 15.0


class Scaled(nn.Module):
    scale = 1.0

    def forward(self, x):
        return self.scale * x


class Base:
    offset = 1.0


class Derived(Base):
    pass


def test_an_attribute_that_a_class_gave_is_seen_when_the_object_has_its_own(monkeypatch):
    layer, settings = Scaled(), Derived()
    step = mt.compile(lambda x: layer(x) + settings.offset + Derived.offset)
    assert step(1.0) == 3.0
    layer.scale = 2.0
    assert step(1.0) == 4.0
    monkeypatch.setattr(Base, "offset", 2.0)
    assert step(1.0) == 6.0
    monkeypatch.setattr(Derived, "offset", 3.0)
    assert step(1.0) == 8.0
    settings.offset = 4.0
    assert step(1.0) == 9.0
    del layer.scale
    assert step(1.0) == 8.0


def test_what_is_run_is_the_users_wherever_it_lies(monkeypatch):
    """A page's cells, or ``python -m`` of an installed program, are in a library's folder."""
    monkeypatch.setattr(sys.modules["__main__"], "__file__", np.__file__, raising=False)
    is_of_a_library.cache_clear()
    names = {"__name__": "__main__", "SCALE": 2.0}
    exec("def scaled(x):\n    return SCALE * x", names)  # our own line
    step = mt.compile(names["scaled"])
    assert step(np.ones(2)).tolist() == [2, 2]
    names["SCALE"] = 3.0
    assert step(np.ones(2)).tolist() == [3, 3]
    is_of_a_library.cache_clear()


def test_a_method_is_compiled_with_what_its_object_has():
    class Trainer:
        def __init__(self):
            self.net, self.rate, self.done = model(), 0.1, 0

        def step(self, x, y):
            self.net.zero_grad()
            loss = losses.mse(self.net(x), y)
            loss.backward()
            for p in self.net.parameters():
                p.data -= self.rate * p.grad
            return loss

    one, two = Trainer(), Trainer()
    step = mt.compile(one.step)
    for i, batch in enumerate(batches(count=6)):
        one.rate = two.rate = 0.1 if i < 3 else 0.01
        one.done = i  # nothing reads it
        assert differences(step(*batch), two.step(*batch)) == []
        assert differences(one.net.state_dict(), two.net.state_dict()) == []
    assert len(step.programs) <= 3


def test_a_part_that_is_replaced_or_frozen_is_seen():
    def run(compiled):
        net = nn.Sequential(
            nn.Linear(3, 3, rng=0, dtype=F64), nn.Tanh(), nn.Linear(3, 2, rng=1, dtype=F64)
        )
        optimizer = optim.SGD(net.parameters(), lr=0.1)

        def step(x, y):
            net.zero_grad()
            loss = losses.mse(net(x), y)
            loss.backward()
            optimizer.step()
            return loss

        step, found = compiled(step), []
        for i, batch in enumerate(batches()):
            if i == 3:
                net[0].freeze()
            if i == 5:
                net[1] = nn.ReLU()
            if i == 7:
                net[2].bias.data = np.ones(2)
            if i == 8:
                net[2].weight = nn.Parameter(np.ones((2, 3)))
                optimizer = optim.SGD([net[2].weight], lr=0.1)
            found.append((step(*batch), net.state_dict()))
        return found

    expected = run(lambda step: step)
    for backend in BACKENDS:
        assert differences(run(functools.partial(mt.compile, backend=backend)), expected) == []


# Derivatives of derivatives, and functions of functions


def test_a_gradient_penalty_trains_as_it_does_without():
    def make():
        net = model(widths=[4, 1])
        optimizer = optim.Adam(net.parameters(), lr=0.05)

        def step(x):
            optimizer.zero_grad()
            slope = mt.grad(lambda x: np.sum(net(x)))(x)
            loss = np.mean((np.sum(slope**2, axis=1) - 1) ** 2) + np.mean(net(x) ** 2)
            loss.backward()
            optimizer.step()
            return loss, slope

        return Training(step, state_of(net, optimizer))

    assert first_difference(make, [batch[:1] for batch in batches()]) == ""


def test_a_gradient_whose_graph_is_kept_can_be_differentiated():
    def make():
        net = model(widths=[4, 1])

        def step(x):
            net.zero_grad()
            np.sum(net(x) ** 2).backward(create_graph=True)
            size = sum(np.sum(p.grad**2) for p in net.parameters())
            net.zero_grad()
            size.backward()
            return size

        return Training(step, state_of(net))

    assert first_difference(make, [batch[:1] for batch in batches(count=4)]) == ""


def f(x):
    return np.sum(np.tanh(x) ** 3) + np.prod(x)


def vector(x):
    return np.tanh(x) * x[::-1]


DERIVATIVES = {
    "grad": mt.grad(f),
    "grad of grad": mt.grad(lambda x: np.sum(mt.grad(f)(x) ** 2)),
    "value_and_grad": mt.value_and_grad(f),
    "jacobian": mt.jacobian(vector),
    "hessian": mt.hessian(f),
    "hvp": lambda x: mt.hvp(f, (x,), (x * 2,)),
    "jvp": lambda x: mt.jvp(vector, (x,), (x + 1,)),
    "vjp": lambda x: mt.vjp(vector, x)[1](x * 0.5),
    "vjp and value": lambda x: mt.vjp(vector, x)[0],
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives_inside_of_a_compiled_function(name):
    calls = [(np.random.default_rng(i).standard_normal(4),) for i in range(4)]
    assert first_difference(lambda: Training(DERIVATIVES[name]), calls) == ""
    values = [lambda given=given: (Value(given[0]),) for given in calls]
    # A Value that is given has its results connected; they are Values then, as they are without.
    assert first_difference(lambda: Training(DERIVATIVES[name]), values) == ""


def test_a_step_that_is_computed_in_pieces_and_again():
    def make():
        net = model()
        again = mt.checkpoint(net)

        def step(x, y):
            net.zero_grad()
            loss = losses.mse(again(x), y)
            loss.backward()
            return loss

        return Training(step, state_of(net))

    assert first_difference(make, batches(count=3)) == ""


def test_a_compiled_function_inside_of_another_is_part_of_it():
    inner = mt.compile(lambda x: np.tanh(x) * 2)
    outer = mt.compile(lambda x: mt.grad(lambda x: np.sum(inner(x)))(x))
    plain = mt.grad(lambda x: np.sum(np.tanh(x) * 2))
    for i in range(3):
        assert differences(outer(np.ones(3) * i), plain(np.ones(3) * i)) == []
    assert inner.programs == []


# Values as arguments, and made inside


def test_values_among_the_arguments_get_their_gradients():
    def step(x, w):
        loss = np.sum((x @ w) ** 2)
        loss.backward()
        return loss

    def given(i):
        def fresh():
            rng = np.random.default_rng(i)
            x, w = Value(rng.standard_normal((4, 3))), Value(rng.standard_normal((3, 2)))
            if i % 2:
                w.grad = np.ones((3, 2))
            return x, w

        return fresh

    assert first_difference(lambda: Training(step), [given(i) for i in range(6)]) == ""


def test_values_among_the_arguments_can_be_moved():
    def step(parameters, x):
        w, b = parameters["w"], parameters["b"]
        loss = np.mean((x * w + b - 1) ** 2)
        for p in (w, b):
            p.grad = None
        loss.backward()
        for p in (w, b):
            p.data -= 0.1 * p.grad
        return loss, [w.data, b.data]

    for backend in BACKENDS:
        compiled = mt.compile(step, backend=backend)
        ours, theirs = ({"w": Value([1.0, 2.0]), "b": Value(0.5)} for _ in range(2))
        for i in range(5):
            x = np.linspace(0, 1, 2) * i
            assert differences(compiled(ours, x), step(theirs, x)) == []
            for name in ours:
                assert differences([ours[name].data, ours[name].grad],
                                   [theirs[name].data, theirs[name].grad]) == []  # fmt: skip


def test_the_same_value_twice_is_one_leaf():
    def step(a, b):
        np.sum(a * b + b).backward()

    def same():
        a = Value([1.0, 2.0])
        return a, a

    def others():
        return Value([1.0, 2.0]), Value([1.0, 2.0])

    assert first_difference(lambda: Training(step), [others, same, same, others]) == ""


def test_values_that_are_made_inside():
    def step(x):
        start, factor = Value(np.zeros(3)), nn.Parameter([1.0, 2.0, 3.0])
        start.data = start.data + x
        y = np.sum(start * factor + Value(2.0))
        y.backward()
        return y, start, start.grad, factor.grad

    calls = [(np.ones(3) * i,) for i in range(3)]
    assert first_difference(lambda: Training(step), calls) == ""


def test_parameters_and_constants_can_be_returned():
    net = nn.Linear(3, 2, rng=0, dtype=F64)

    def function(x):
        return net.weight, x, net.bias.data, np.zeros(2), 3, "text", x.shape, net(x).detach()

    step = mt.compile(function)
    x = np.ones(3)
    for _ in range(2):
        found, expected = step(x), function(x)
        assert differences(found, expected) == []
        assert found[0] is net.weight
        found[3][:] = 7.0  # nobody else's


def test_a_buffer_is_read_after_it_was_written():
    def make():
        class Counts(nn.Module):
            def __init__(self):
                self.total = nn.Buffer(np.zeros(3))

            def forward(self, x):
                self.total.data = self.total.data + x.sum(axis=0)
                y = x * self.total
                self.total.data = self.total.data * 0.5
                return y + self.total

        net = Counts()
        return Training(lambda x: net(net(x)), state_of(net))

    assert first_difference(make, [batch[:1] for batch in batches(count=4)]) == ""


def test_dropout_draws_from_generators_of_all_kinds():
    def make():
        own = np.random.default_rng(7)
        net = nn.Sequential(
            nn.Dropout(0.5), nn.Dropout(0.3, rng=own), nn.Dropout(0.2, rng=np.random.RandomState(3))
        )
        return Training(lambda x: net(x), state_of(own))

    assert first_difference(make, [batch[:1] for batch in batches(count=4)]) == ""


def test_small_floats_stay_small():
    def make():
        net = model(np.float32)
        optimizer = optim.AdamW(net.parameters(), lr=0.01)

        def step(x, y, scale):
            optimizer.zero_grad()
            loss = losses.mse(net(x) * scale, y) * 0.5
            loss.backward()
            optimizer.step()
            return loss

        return Training(step, state_of(net, optimizer))

    calls = [(*batch, 1.0 + i) for i, batch in enumerate(batches(dtype=np.float32))]
    assert first_difference(make, calls) == ""


def test_a_step_under_no_grad_records_nothing_and_still_counts():
    def make():
        net = nn.BatchNorm1d(3, dtype=F64)

        @mt.no_grad()
        def step(x):
            return net(x), net(x) * 2

        return Training(step, state_of(net))

    assert first_difference(make, [batch[:1] for batch in batches(count=4)]) == ""


def test_a_call_inside_of_no_grad_is_another_program():
    net = model()
    step = mt.compile(lambda x: net(x))
    x = np.ones((1, 3))
    with mt.no_grad():
        assert differences(step(x), net(x)) == []
    assert differences(step(x), net(x)) == []
    assert len(step.programs) == 2


def test_detecting_anomalies_runs_what_was_written():
    step = mt.compile(lambda x: np.log(x))
    assert step(np.ones(1)) == 0
    for _ in range(2):
        with mt.detect_anomaly(), pytest.raises(mt.errors.AnomalyError):
            step(Value(np.zeros(1)))
    assert step(np.ones(1)) == 0


def test_an_error_in_the_function_changes_nothing():
    net = model()
    optimizer = optim.Adam(net.parameters(), lr=0.1)
    state = state_of(net, optimizer)
    before = state()

    def step(x, y):
        optimizer.zero_grad()
        losses.mse(net(x), y).backward()
        optimizer.step()
        raise KeyError("late")

    with pytest.raises(KeyError):
        mt.compile(step)(*batches()[0])
    assert differences(state(), before, exact=True) == []


def test_the_numbers_of_two_calls_in_a_row_are_the_same_as_of_one():
    def outcomes(step):
        return [outcome(step, dict, batch, 0) for batch in batches(count=2)]

    net = model()
    assert (
        differences(outcomes(mt.compile(lambda x, y: net(x))), outcomes(lambda x, y: net(x))) == []
    )
