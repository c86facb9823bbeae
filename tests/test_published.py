"""Worked examples of lectures and articles, in this library's words.

Draelos' small ones, CS231n, Olah, Karpathy; the numbers are in `published/lectures.json`.
"""

import numpy as np
import pytest
from worked_examples import Examples, compare, off_in_one_place

import microtensor as mt
from microtensor import Value, data

EXAMPLES = Examples("lectures.json")
program = EXAMPLES.program


# Draelos: a neuron, and sigmoid against softmax


@program
def draelos2019_risk(weights, fred, features):
    return {"risk": sum(Value(w) * x for w, x in zip(weights, fred, strict=True))}


@program
def draelos2019_risk__arrays(weights, fred, features):
    return {"risk": Value(weights) @ np.array(fred)}


@program
def draelos2019_sigmoid_softmax(z):
    values = [Value(score) for score in z]
    total = sum(v.exp() for v in values)
    softmax = [v.exp() / total for v in values]
    return {
        "sigmoid": [v.sigmoid() for v in values],
        "softmax": softmax,
        "softmax_sum": sum(softmax),
    }


@program
def draelos2019_sigmoid_softmax__arrays(z):
    softmax = mt.softmax(Value(z))
    return {"sigmoid": mt.sigmoid(Value(z)), "softmax": softmax, "softmax_sum": softmax.sum()}


# CS231n


@program
def cs231n_mul(f, x, y):
    x, y = Value(x), Value(y)
    f = x * y
    f.backward()
    return {"f": f, "grad": [x.grad, y.grad]}


@program
def cs231n_f_xyz(f, x, y, z):
    x, y, z = Value(x), Value(y), Value(z)
    q = x + y
    f = q * z
    f.backward()
    return {"q": q, "f": f, "dx": x.grad, "dy": y.grad, "dz": z.grad, "dq": q.grad}


@program
def cs231n_sigmoid_neuron(f, w, x):
    w, x = [Value(v) for v in w], [Value(v) for v in x]
    dot = w[0] * x[0] + w[1] * x[1] + w[2]
    f = 1 / (1 + (-dot).exp())
    f.backward()
    return {"dot": dot, "f": f, "dw": [v.grad for v in w], "dx": [v.grad for v in x]}


@program
def cs231n_sigmoid_neuron__arrays(f, w, x):
    w, x = Value(w), Value(x)
    dot = w[:2] @ x + w[2]
    f = mt.sigmoid(dot)
    f.backward()
    return {"dot": dot, "f": f, "dw": w.grad, "dx": x.grad}


@program
def cs231n_sigmoid_gates(gates):
    negative = -Value(1.0)
    exponential = negative.exp()
    plus_one = exponential + 1
    inverse = 1 / plus_one
    inverse.backward()
    stages = [negative, exponential, plus_one, inverse]
    return {"values": stages, "grads": [stage.grad for stage in stages]}


@program
def cs231n_staged(f, x, y):
    x, y = Value(x), Value(y)
    f = (x + y.sigmoid()) / (x.sigmoid() + (x + y) ** 2)
    f.backward()
    return {"f": f, "grad": [x.grad, y.grad]}


@program
def cs231n_softmax_grad(p, correct_class):
    scores = Value(np.log(p))  # whose softmax is p
    loss = -mt.log_softmax(scores)[correct_class]
    loss.backward()
    return {"df": scores.grad}


@program
def cs231n_hinge(s, y, delta):
    scores = [Value(score) for score in s]
    others = [j for j in range(len(s)) if j != y]
    return {"loss": sum((scores[j] - scores[y] + delta).relu() for j in others)}


@program
def cs231n_hinge__arrays(s, y, delta):
    scores = Value(s)
    margins = mt.relu(scores - scores[y] + delta)
    return {"loss": margins.sum() - margins[y]}


@program
def cs231n_softmax_pair(a, b):
    return {"a": mt.softmax(Value(a)), "b": mt.softmax(Value(b))}


@program
def cs231n_spiral_softmax(step_size, reg, iterations, printed_every, **_):
    rng = np.random.RandomState(0)
    x, y = data.spirals(300, noise=0.2, classes=3, shuffle=False, rng=rng)
    rng.standard_normal(18)
    W, b = Value(0.01 * rng.standard_normal((2, 3))), Value(np.zeros((1, 3)))
    losses = []
    for i in range(iterations):
        scores = x @ W + b
        loss = -mt.log_softmax(scores)[np.arange(300), y].mean() + 0.5 * reg * (W * W).sum()
        W.grad = b.grad = None
        loss.backward()
        W.data -= step_size * W.grad
        b.data -= step_size * b.grad
        if i % printed_every == 0:
            losses.append(loss)
    accuracy = np.mean(np.argmax(x @ W.data + b.data, axis=1) == y)
    return {"losses": losses, "accuracy": accuracy}


# Olah; Karpathy


@program
def colah_e(a, b, **_):
    a, b = Value(a), Value(b)
    c, d = a + b, b + 1
    e = c * d
    e.backward()
    grads = {f"de_d{name}": v.grad for name, v in zip("abcd", (a, b, c, d), strict=True)}
    return {"c": c, "d": d, "e": e, **grads}


@program
def micrograd_readme(a, b, program):
    a, b = Value(a), Value(b)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    return {"g": g, "dg_da": a.grad, "dg_db": b.grad}


@program
def micrograd_sanity_check(x, program):
    x = Value(x)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    return {"y": y, "dy_dx": x.grad}


@program
def karpathy_lecture_L(a, b, c, f, L, step):
    def forward():
        e = a * b
        d = e + c
        return d * f, d, e

    a, b, c, f = leaves = [Value(v) for v in (a, b, c, f)]
    L, d, e = forward()
    L.backward()
    named = zip("abcdef", (a, b, c, d, e, f), strict=True)
    grads = {f"d{name}": v.grad for name, v in named}
    for leaf in leaves:
        leaf.data += 0.01 * leaf.grad
    return {"L": L, "L_after_step": forward()[0], **grads}


@program
def karpathy_lecture_tanh_neuron(x1, x2, w1, w2, b, o):
    names = ("x1", "x2", "w1", "w2", "b")
    x1, x2, w1, w2, b = leaves = [Value(v) for v in (x1, x2, w1, w2, b)]
    n = x1 * w1 + x2 * w2 + b
    o = n.tanh()
    o.backward()
    return {"n": n, "o": o} | {f"d{k}": v.grad for k, v in zip(names, leaves, strict=True)}


@program
def karpathy_lecture_tanh_neuron__arrays(x1, x2, w1, w2, b, o):
    x, w, b = Value([x1, x2]), Value([w1, w2]), Value(b)
    n = x @ w + b
    e = np.exp(2 * n)
    o = (e - 1) / (e + 1)  # the lecture's second way
    o.backward()
    dx = {"dx1": x.grad[0], "dx2": x.grad[1]}
    dw = {"dw1": w.grad[0], "dw2": w.grad[1]}
    return {"n": n, "o": o, **dx, **dw, "db": b.grad}


@program
def karpathy_lecture_misc(f):
    a = Value(3.0)
    (a + a).backward()
    da = a.grad
    a, b = Value(-2.0), Value(3.0)
    f = (a * b) * (a + b)
    f.backward()
    x = Value(3.0)
    return {
        "f3": 3 * x**2 - 4 * x + 5,
        "da_of_a_plus_a": da,
        "f": f,
        "df_da": a.grad,
        "df_db": b.grad,
    }


@pytest.mark.parametrize(("entry", "run"), EXAMPLES.cases())
def test_the_published_numbers_come_out(entry, run):
    compare(run(**entry["inputs"]), entry)


def test_every_entry_has_a_program_and_names_its_source():
    assert not EXAMPLES.without_a_program()
    for entry in EXAMPLES.entries.values():
        assert {"title", "author", "url"} <= entry["source"].keys()


@pytest.mark.parametrize("entry", EXAMPLES.entries.values(), ids=EXAMPLES.entries.keys())
def test_a_number_that_is_off_in_one_place_is_refused(entry):
    for results in off_in_one_place(entry["computed"]):
        with pytest.raises(AssertionError):
            compare(results, entry)


def test_two_gradients_that_are_swapped_are_refused():
    entry = EXAMPLES.entries["cs231n_f_xyz"]
    results = cs231n_f_xyz(**entry["inputs"])
    with pytest.raises(AssertionError):
        compare(results | {"dx": results["dz"], "dz": results["dx"]}, entry)
