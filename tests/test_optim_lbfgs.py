"""L-BFGS: minima it reaches, the search it does, and the state it goes on from."""

import math

import numpy as np
import pytest
import scipy.optimize

from microtensor import nn, optim
from microtensor.errors import ArgumentError, GradientError, ParameterError
from microtensor.optim.line_search import C1, C2, Point, strong_wolfe

HESSIAN = np.diag([1.0, 3.0, 10.0, 40.0])
START = [1.3, 0.7, 0.8, 1.9]


def closure_of(optimizer, loss_of, counted=None):
    def closure():
        optimizer.zero_grad()
        loss = loss_of(*optimizer.parameters)
        loss.backward()
        if counted is not None:
            counted.append(float(loss))
        return loss

    return closure


def rosenbrock(p):
    return (100 * (p[1:] - p[:-1] ** 2) ** 2 + (1 - p[:-1]) ** 2).sum()


def quadratic(p):
    return p @ HESSIAN @ p / 2 - p.sum()


def inverse_times(g, pairs):
    """Build the inverse Hessian of BFGS as a matrix, and multiply: no two-loop recursion."""
    s, y = pairs[-1]
    n = len(g)
    H = np.eye(n) * (s @ y) / (y @ y)
    for s, y in pairs:
        V = np.eye(n) - np.outer(y, s) / (y @ s)
        H = V.T @ H @ V + np.outer(s, s) / (y @ s)
    return H @ g


@pytest.mark.parametrize("history_size", [1, 2, 100])
def test_steps_are_those_of_the_bfgs_matrix(history_size):
    p = nn.Parameter(START)
    optimizer = optim.LBFGS([p], lr=0.3, max_iter=1, history_size=history_size)
    closure = closure_of(optimizer, rosenbrock)
    pairs, x, g_before, s = [], np.array(START), None, None
    for step in range(6):
        g = scipy.optimize.rosen_der(x)
        if step:
            pairs = [*pairs, (s, g - g_before)][-history_size:]
            s = -0.3 * inverse_times(g, pairs)
        else:
            s = -0.3 * min(1, 1 / np.sum(np.abs(g))) * g
        assert all(s @ y > 1e-10 for s, y in pairs)  # or it would not be kept
        x, g_before = x + s, g
        optimizer.step(closure)
        assert np.allclose(p.data, x, rtol=1e-12)


def test_the_check_of_steps_objects_to_a_history_of_another_length():
    g, pairs = np.ones(4), [(HESSIAN[i], HESSIAN[i] @ HESSIAN + HESSIAN[0]) for i in range(3)]
    assert not np.allclose(inverse_times(g, pairs), inverse_times(g, pairs[1:]))


@pytest.mark.parametrize("options", [{}, {"line_search_fn": "strong_wolfe"}])
def test_the_minimum_of_a_quadratic_is_reached(options):
    p = nn.Parameter(START)
    optimizer = optim.LBFGS([p], max_iter=40, tolerance_change=0, **options)
    optimizer.step(closure_of(optimizer, quadratic))
    assert np.allclose(p.data, np.linalg.solve(HESSIAN, np.ones(4)), atol=1e-6)


def test_rosenbrocks_minimum_is_reached_in_about_as_many_calls_as_scipys():
    p = nn.Parameter(START)
    optimizer = optim.LBFGS(
        [p], max_iter=100, tolerance_change=0, tolerance_grad=1e-5, line_search_fn="strong_wolfe"
    )
    calls = []
    optimizer.step(closure_of(optimizer, rosenbrock, calls))
    theirs = scipy.optimize.minimize(
        scipy.optimize.rosen, START, jac=scipy.optimize.rosen_der, method="L-BFGS-B"
    )
    assert np.allclose(p.data, 1, atol=1e-4)
    assert len(calls) <= 2 * theirs.nfev


def test_parameters_of_all_shapes_and_kinds_move_as_one_vector():
    apart = [
        nn.Parameter([[START[0]], [START[1]]]),
        nn.Parameter(START[2]),
        nn.Parameter(START[3:]),
    ]
    together = nn.Parameter(START)
    one, two = (optim.LBFGS(x, lr=0.1) for x in (apart, [together]))
    join = lambda a, b, c: rosenbrock(np.concatenate([a.reshape(2), b.reshape(1), c]))
    for _ in range(3):
        one.step(closure_of(one, join))
        two.step(closure_of(two, rosenbrock))
    assert np.array_equal(np.concatenate([np.ravel(p.data) for p in apart]), together.data)
    assert isinstance(apart[1].data, float)


def test_float32_stays_float32():
    p = nn.Parameter(START, dtype=np.float32)
    optimizer = optim.LBFGS([p], line_search_fn="strong_wolfe")
    for _ in range(5):
        optimizer.step(closure_of(optimizer, rosenbrock))
    assert p.dtype == np.float32
    assert optimizer.state_dict()["state.0.old_dirs"].dtype == np.float32
    assert np.allclose(p.data, 1, atol=0.05)


def test_a_parameter_without_a_gradient_stays_and_the_first_loss_is_given():
    p, still = nn.Parameter([3.0]), nn.Parameter([5.0])
    optimizer = optim.LBFGS([p, still], lr=0.5)
    loss = optimizer.step(closure_of(optimizer, lambda p, _: (p * p).sum()))
    assert loss.item() == 9.0
    assert still.data.tolist() == [5.0]
    assert abs(p.data[0]) < 1e-3


@pytest.mark.parametrize(
    ("options", "calls"),
    [
        ({"max_iter": 5}, 5),
        ({"max_iter": 30, "max_eval": 7}, 7),
        ({"max_iter": 30, "max_eval": 7, "line_search_fn": "strong_wolfe"}, 8),
        ({"tolerance_grad": 1e9}, 1),
        ({"tolerance_change": 1e9}, 1),
    ],
)
def test_a_step_ends_when_it_should(options, calls):
    optimizer = optim.LBFGS([nn.Parameter(START)], lr=1e-3, **options)
    losses = []
    optimizer.step(closure_of(optimizer, rosenbrock, losses))
    assert len(losses) == calls
    assert optimizer.state_dict()["state.0.func_evals"] == calls


# The line search


def line(f, slope):
    return lambda t: Point(t, f(t) if math.isfinite(f(t)) else math.inf, None, slope(t))


LINES = [  # Moré, Thuente, *Line search algorithms with guaranteed sufficient decrease* (1994)
    (lambda t: -t / (t * t + 2), lambda t: (t * t - 2) / (t * t + 2) ** 2),
    (lambda t: (t + 0.004) ** 5 - 2 * (t + 0.004) ** 4,
     lambda t: 5 * (t + 0.004) ** 4 - 8 * (t + 0.004) ** 3),
    (lambda t: (t - 3) ** 2, lambda t: 2 * (t - 3)),
    (lambda t: -math.sqrt(2 - t) - t if t <= 2 else math.nan,
     lambda t: 0.5 / math.sqrt(2 - t) - 1 if t < 2 else math.nan),
]  # fmt: skip


@pytest.mark.parametrize("first", [1e-3, 0.1, 1.0, 10.0, 100.0])
@pytest.mark.parametrize("case", range(len(LINES)))
def test_a_good_step_is_found_wherever_the_search_begins(case, first):
    at = line(*LINES[case])
    start = at(0.0)
    found, tried = strong_wolfe(at, start, first, 1.0, 40)
    assert found.f <= start.f + C1 * found.t * start.slope
    assert abs(found.slope) <= C2 * abs(start.slope)
    assert 1 <= tried <= 41


def test_the_best_of_a_search_that_was_too_short_is_given():
    at = line(*LINES[2])
    found, tried = strong_wolfe(at, at(0.0), 1e-3, 1.0, 1)
    assert tried == 2
    assert found.f < at(0.0).f


def test_a_loss_that_is_no_number_is_too_large():
    p = nn.Parameter([0.5])
    optimizer = optim.LBFGS([p], lr=10, line_search_fn="strong_wolfe")
    with np.errstate(invalid="ignore"):
        for _ in range(3):
            optimizer.step(closure_of(optimizer, lambda p: (p - np.log(p)).sum()))
    assert np.allclose(p.data, 1, atol=1e-5)


# State, and what is refused


@pytest.mark.parametrize("options", [{}, {"line_search_fn": "strong_wolfe"}, {"history_size": 2}])
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_it_goes_on_from_a_state_as_if_never_stopped(options, steps):
    make = lambda: optim.LBFGS(
        [nn.Parameter(START[:2]), nn.Parameter(START[2:])], 0.1, 3, **options
    )
    join = lambda a, b: rosenbrock(np.concatenate([a, b]))
    one = make()
    for _ in range(steps):
        one.step(closure_of(one, join))
    two = optim.LBFGS([nn.Parameter(p.data) for p in one.parameters])
    two.load_state_dict(one.state_dict())
    for optimizer in (one, two):
        for _ in range(3):
            optimizer.step(closure_of(optimizer, join))
    pairs = zip(one.parameters, two.parameters, strict=True)
    assert all(np.array_equal(p.data, q.data) for p, q in pairs)
    states = one.state_dict(), two.state_dict()
    assert states[0].keys() == states[1].keys()
    assert all(np.array_equal(states[0][key], states[1][key]) for key in states[0])


@pytest.mark.parametrize(
    ("name", "x"),
    [("d", None), ("d", [1.0]), ("ro", [1.0] * 9), ("n_iter", [1]), ("t", "far"), ("n_iter", None)],
)
def test_a_state_that_does_not_fit_changes_nothing(name, x):
    one, two = (optim.LBFGS([nn.Parameter(START)], 0.1) for _ in range(2))
    one.step(closure_of(one, rosenbrock))
    state = {**one.state_dict(), f"state.0.{name}": x}
    with pytest.raises(ParameterError) as error:
        two.load_state_dict({key: x for key, x in state.items() if x is not None})
    first = "old_dirs" if name == "ro" else name  # the histories must be of one length
    assert str(error.value) == (
        "LBFGS.load_state_dict: the state does not fit; nothing was changed.\n"
        "  expected  what state_dict() gives for these 1 parameters\n"
        f"  got       another state; the first difference is at state.0.{first}"
    )
    assert two.state == {}


def test_the_loss_must_be_computable_again():
    with pytest.raises(ArgumentError) as error:
        optim.LBFGS([nn.Parameter([1.0])]).step()
    assert str(error.value) == (
        "LBFGS.step: it computes the loss several times, and needs to be told how.\n"
        "  expected  a function that calls zero_grad() and backward(), and gives the loss\n"
        "  got       none\n"
        "  optimizer.step(closure)"
    )


def test_a_closure_without_backward_is_an_error():
    with pytest.raises(GradientError, match=r"LBFGS\.step: no parameter has a gradient"):
        optim.LBFGS([nn.Parameter([1.0])]).step(lambda: 1.0)


def test_there_is_one_group():
    groups = [{"params": [nn.Parameter([1.0])]} for _ in range(2)]
    with pytest.raises(ArgumentError) as error:
        optim.LBFGS(groups)
    assert str(error.value) == (
        "LBFGS: it moves all parameters as one vector.\n"
        "  expected  one group of parameters\n"
        "  got       a second one"
    )


@pytest.mark.parametrize(
    ("option", "x", "claim", "expected"),
    [
        ("max_iter", 0, "must be a positive integer", "1, 2, 3 ..."),
        ("max_iter", 2.5, "must be a positive integer", "1, 2, 3 ..."),
        ("max_iter", "many", "must be a positive integer", "1, 2, 3 ..."),
        ("history_size", True, "must be a positive integer", "1, 2, 3 ..."),
        ("tolerance_grad", -1, "must not be negative", "a number of at least 0"),
        ("line_search_fn", "wolfe", "must name a line search", "None or 'strong_wolfe'"),
    ],
)
def test_options_are_in_their_range(option, x, claim, expected):
    with pytest.raises(ArgumentError) as error:
        optim.LBFGS([nn.Parameter([1.0])], **{option: x})
    assert str(error.value) == (
        f"LBFGS: {option} {claim}.\n  expected  {expected}\n  got       {x!r}"
    )
