"""Mazur's network with its names, for the tests of pictures and explanations."""

from worked_examples import published

import microtensor as mt
from microtensor import Value

MAZUR = published("mazur2015.json")


def mazur():
    """Make the article's graph, number by number; give every Value by its name."""
    inputs = MAZUR["inputs"]
    given = dict(zip(("i1", "i2"), inputs["x"], strict=True))
    weights = [w for row in inputs["W1_rows_h1_h2"] + inputs["W2_rows_o1_o2"] for w in row]
    given |= {f"w{k}": w for k, w in enumerate(weights, 1)}
    given |= {"b1": inputs["b1"], "b2": inputs["b2"]}
    v = {name: Value(x, name=name) for name, x in given.items()}

    def neuron(name, a, first, b, second, bias):
        v[f"net_{name}"] = v[a] * v[first] + v[b] * v[second] + v[bias]
        v[f"out_{name}"] = mt.sigmoid(v[f"net_{name}"])

    neuron("h1", "i1", "w1", "i2", "w2", "b1")
    neuron("h2", "i1", "w3", "i2", "w4", "b1")
    neuron("o1", "out_h1", "w5", "out_h2", "w6", "b2")
    neuron("o2", "out_h1", "w7", "out_h2", "w8", "b2")
    for k, target in enumerate(inputs["target"], 1):
        v[f"E{k}"] = 0.5 * (target - v[f"out_o{k}"]) ** 2
    v["E"] = v["E1"] + v["E2"]
    for name, value in v.items():
        value.name = name
    return v
