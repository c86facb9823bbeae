"""Mazur's backward pass, and 10,000 rounds of training, to 12 digits.

`published/mazur2015.json` holds the article's numbers and the same with more digits. What the
article prints after the first update comes from a program that updates the output layer before it
computes the hidden gradients ("sequential"). Textbook backpropagation computes all gradients
first; both are here, and so are both ways to train the biases, which the article leaves alone.
"""

import numpy as np
import pytest
from worked_examples import published

import microtensor as mt
from microtensor import Value

ARTICLE = published("mazur2015.json")
INPUTS = ARTICLE["inputs"]
PRINTED = ARTICLE["published"]
X, TARGET, ETA = np.array(INPUTS["x"]), np.array(INPUTS["target"]), INPUTS["eta"]
ROUNDS = {  # 10,000 for what the article prints; the others have shown all they do by 1,000
    "simultaneous, biases fixed": 10_000,
    "sequential, biases fixed": 10_000,
    "simultaneous, a bias per neuron": 1_000,
    "simultaneous, a bias per layer": 1_000,
}


def first_pass_on_numbers():
    """One neuron after the other, as the article goes; w1 ... w8 are its names."""
    i1, i2 = (Value(x) for x in INPUTS["x"])
    (w1, w2), (w3, w4) = ([Value(w) for w in row] for row in INPUTS["W1_rows_h1_h2"])
    (w5, w6), (w7, w8) = ([Value(w) for w in row] for row in INPUTS["W2_rows_o1_o2"])
    b1, b2 = Value(INPUTS["b1"]), Value(INPUTS["b2"])

    net_h1 = w1 * i1 + w2 * i2 + b1
    net_h2 = w3 * i1 + w4 * i2 + b1
    out_h1, out_h2 = net_h1.sigmoid(), net_h2.sigmoid()
    net_o1 = w5 * out_h1 + w6 * out_h2 + b2
    net_o2 = w7 * out_h1 + w8 * out_h2 + b2
    out_o1, out_o2 = net_o1.sigmoid(), net_o2.sigmoid()
    E_o1 = 0.5 * (INPUTS["target"][0] - out_o1) ** 2
    E_o2 = 0.5 * (INPUTS["target"][1] - out_o2) ** 2
    E_total = E_o1 + E_o2

    E_o1.backward()
    first = {"dEo1_dnet_o1": net_o1.grad, "dEo1_dout_h1": out_h1.grad, "dEo1_dout_h2": out_h2.grad}
    E_o2.backward()
    first |= {"dEo2_dout_h1": out_h1.grad, "dEo2_dout_h2": out_h2.grad}
    weights = [w1, w2, w3, w4, w5, w6, w7, w8]
    for leaf in (i1, i2, b1, b2, *weights):
        leaf.grad = None
    E_total.backward()

    values = {
        "net_h1": net_h1, "net_h2": net_h2, "out_h1": out_h1, "out_h2": out_h2,
        "net_o1": net_o1, "net_o2": net_o2, "out_o1": out_o1, "out_o2": out_o2,
        "E_o1": E_o1, "E_o2": E_o2, "E_total": E_total,
    }  # fmt: skip
    gradients = {
        "dE_dout_o1": out_o1, "dE_dout_o2": out_o2, "delta_o1": net_o1, "delta_o2": net_o2,
        "dE_dout_h1": out_h1, "dE_dout_h2": out_h2, "delta_h1": net_h1, "delta_h2": net_h2,
        "dE_db1_shared": b1, "dE_db2_shared": b2, "dE_di1": i1, "dE_di2": i2,
    }  # fmt: skip
    return {
        **first,
        **{name: value.data for name, value in values.items()},
        **{name: value.grad for name, value in gradients.items()},
        **{f"dE_dw{k}": w.grad for k, w in enumerate(weights, 1)},
        **{f"dout_{k}_dnet_{k}": slope(values[f"net_{k}"]) for k in ("h1", "h2", "o1", "o2")},
        "dE_db1_per_neuron": [net_h1.grad, net_h2.grad],  # a bias is added: it shares their delta
        "dE_db2_per_neuron": [net_o1.grad, net_o2.grad],
    }


def slope(net):
    return mt.grad(mt.sigmoid)(net.data)


def first_pass_on_arrays():
    """The same from W1 and W2; without what only single numbers show."""
    x, W1, W2 = Value(X), Value(INPUTS["W1_rows_h1_h2"]), Value(INPUTS["W2_rows_o1_o2"])
    b1, b2 = Value([INPUTS["b1"]] * 2), Value([INPUTS["b2"]] * 2)
    net_h = W1 @ x + b1
    out_h = mt.sigmoid(net_h)
    net_o = W2 @ out_h + b2
    out_o = mt.sigmoid(net_o)
    E = 0.5 * (TARGET - out_o) ** 2
    E_total = E.sum()
    E_total.backward()
    weights = [*W1.grad.ravel(), *W2.grad.ravel()]
    return {
        **each("net_h", net_h.data), **each("out_h", out_h.data),
        **each("net_o", net_o.data), **each("out_o", out_o.data),
        **each("E_o", E.data), "E_total": E_total.data,
        **each("dE_dout_o", out_o.grad), **each("delta_o", net_o.grad),
        **each("dE_dout_h", out_h.grad), **each("delta_h", net_h.grad),
        **each("dE_dw", weights), **each("dE_di", x.grad),
        "dE_db1_per_neuron": b1.grad, "dE_db2_per_neuron": b2.grad,
    }  # fmt: skip


def each(name, numbers):
    return {f"{name}{k}": number for k, number in enumerate(numbers, 1)}


def compare(found, wanted, rtol):
    for name, number in found.items():
        np.testing.assert_allclose(number, np.array(wanted[name], float), rtol=rtol, err_msg=name)


def printed_digits(text):
    """Half a unit in the last printed place, and a little, since some were cut."""
    return 1.01 * 10.0 ** -len(text.partition(".")[2])


def compare_with_print(found):
    for name in found.keys() & PRINTED.keys():
        error = abs(found[name] - float(PRINTED[name]))
        assert error <= printed_digits(PRINTED[name]), name


@pytest.mark.parametrize("first_pass", [first_pass_on_numbers, first_pass_on_arrays])
def test_mazur2015_first_pass(first_pass):
    found = first_pass()
    computed = ARTICLE["computed_first_pass"]
    compare(found, computed | {"dEo1_dnet_o1": computed["delta_o1"]}, rtol=1e-12)
    compare_with_print(found)


def test_the_first_pass_covers_all_numbers_of_the_article():
    found = first_pass_on_numbers()
    assert ARTICLE["computed_first_pass"].keys() <= found.keys()
    later = {f"w{k}+" for k in range(1, 9)} | {name for name in PRINTED if "_after_" in name}
    assert PRINTED.keys() - found.keys() == later


# Training


class Network:
    """Mazur's network on arrays; ``kind`` says how a round updates it."""

    def __init__(self, kind):
        self.kind = kind
        self.W1, self.W2 = Value(INPUTS["W1_rows_h1_h2"]), Value(INPUTS["W2_rows_o1_o2"])
        biases = [INPUTS["b1"], INPUTS["b2"]]
        per_neuron = kind == "simultaneous, a bias per neuron"
        self.b1, self.b2 = (Value([b] * 2 if per_neuron else b) for b in biases)
        self.trained = [self.W1, self.W2]
        if "biases fixed" not in kind:
            self.trained += [self.b1, self.b2]

    def forward(self):
        hidden = mt.sigmoid(self.W1 @ X + self.b1)
        output = mt.sigmoid(self.W2 @ hidden + self.b2)
        return output, 0.5 * ((TARGET - output) ** 2).sum(), hidden

    def round(self):
        for value in self.trained:
            value.grad = None
        output, loss, hidden = self.forward()
        loss.backward()
        if self.kind.startswith("sequential"):
            self.sequential_round(output, hidden)
            return
        for value in self.trained:
            value.data -= ETA * value.grad

    def sequential_round(self, output, hidden):
        delta = output.grad * output.data * (1 - output.data)
        self.W2.data -= ETA * self.W2.grad
        self.W1.grad = None
        hidden.backward(self.W2.data.T @ delta)  # the old delta through the new weights
        self.W1.data -= ETA * self.W1.grad

    def snapshot(self):
        output, loss, _ = self.forward()
        return {
            "E_total": loss.data,
            "outputs": output.data,
            "W1": self.W1.numpy(),
            "W2": self.W2.numpy(),
            "b1": self.b1.data + np.zeros(2),
            "b2": self.b2.data + np.zeros(2),
        }


@pytest.fixture(scope="module")
def trained():
    """Snapshots of each kind of training, after the rounds that the file has."""
    cache = {}

    def of(kind):
        if kind not in cache:
            network, cache[kind] = Network(kind), {}
            for k in range(ROUNDS[kind] + 1):
                if str(k) in ARTICLE["trajectories"][kind]:
                    cache[kind][k] = network.snapshot()
                network.round()
        return cache[kind]

    return of


@pytest.mark.parametrize("kind", ROUNDS)
def test_training_agrees_to_12_digits_up_to_the_last_round(trained, kind):
    assert max(trained(kind)) == ROUNDS[kind]
    for k, snapshot in trained(kind).items():
        compare(snapshot, ARTICLE["trajectories"][kind][str(k)], rtol=1e-12)


def test_the_printed_updates_are_the_simultaneous_ones(trained):
    after_one = trained("simultaneous, biases fixed")[1]
    weights = each("w", [*after_one["W1"].ravel(), *after_one["W2"].ravel()])
    compare(weights, ARTICLE["computed_updated_weights_simultaneous"], rtol=1e-12)
    compare_with_print({f"{name}+": weight for name, weight in weights.items()})
    after_one = trained("sequential, biases fixed")[1]
    weights = each("w", [*after_one["W1"].ravel(), *after_one["W2"].ravel()])
    compare(weights, ARTICLE["computed_updated_weights_sequential"], rtol=1e-12)


def test_mazur2015_published_10000_sequential(trained):
    rounds = trained("sequential, biases fixed")
    assert rounds[1]["E_total"] == pytest.approx(float(PRINTED["E_after_first_round"]), abs=5e-10)
    outputs = np.array(PRINTED["outputs_after_10000_rounds"], float)
    np.testing.assert_allclose(rounds[10_000]["outputs"], outputs, rtol=0, atol=5e-10)


def test_mazur2015_published_E_10000_parallel(trained):
    rounds = trained("simultaneous, biases fixed")
    printed = float(PRINTED["E_after_10000_rounds"])
    assert rounds[9_999]["E_total"] == pytest.approx(printed, abs=5e-11)
    assert rounds[10_000]["E_total"] != pytest.approx(printed, abs=5e-11)  # one round too many


def test_one_kind_of_training_is_not_taken_for_another(trained):
    for kind in ARTICLE["trajectories"]:
        for other in ARTICLE["trajectories"].keys() - {kind}:
            with pytest.raises(AssertionError):
                compare(trained(kind)[1], ARTICLE["trajectories"][other]["1"], rtol=1e-12)
