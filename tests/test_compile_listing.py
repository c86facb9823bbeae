"""A program prints as a page, tells how it differs from another, and is JSON."""

import json

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses, nn, optim
from microtensor.compiler.comparing import Difference
from microtensor.compiler.naming import named

PAGE = """\
value_and_grad_of_loss: 14 instructions

  inputs
    x            float64 (8, 2)  argument
    w            float64 (2, 3)  argument
    b            float64 (3,)    argument
    constant0    float64 (8, 3)  constant

  forward
    dot0         float64 (8, 3)  x @ w
    z0           float64 (8, 3)  dot0 + b
    h0           float64 (8, 3)  tanh(z0)
    power0       float64 (8, 3)  h0 ** 2
    loss         float64         mean(power0)

  backward
    power1       float64 (8, 3)  h0 ** 1
    product0     float64 (8, 3)  2 * power1
    d_h0         float64 (8, 3)  constant0 * product0
    product1     float64 (8, 3)  h0 * h0
    difference0  float64 (8, 3)  1 - product1
    d_z0         float64 (8, 3)  d_h0 * difference0
    d_b          float64 (3,)    sum(d_z0, axis=(0,))
    x_T          float64 (2, 8)  swapaxes(x, axis1=-1, axis2=-2)
    d_w          float64 (2, 3)  x_T @ d_z0

  results
    loss         float64
    d_w          float64 (2, 3)
    d_b          float64 (3,)"""


def gradient(activation=np.tanh, power=2):
    def loss(w, b, x):
        return np.mean(activation(x @ w + b) ** power)

    derived = mt.value_and_grad(loss, argnums=(0, 1))
    return mt.trace(derived)(np.ones((2, 3)), np.zeros(3), np.ones((8, 2)))


def training(make=optim.SGD, name="step", **options):
    net = nn.MLP(2, [3, 2], activation="tanh", rng=np.random.default_rng(0))
    optimizer = make(net.parameters(), lr=0.1, **options)

    def step(x, labels):
        loss = losses.cross_entropy(net(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return {"loss": loss, "step": 1}

    step.__name__ = name
    return mt.trace(step)(np.ones((4, 2), np.float32), np.array([0, 1, 1, 0]))


def test_a_program_prints_as_a_page():
    program = gradient()
    assert str(program) == PAGE
    assert repr(program) == "<Program value_and_grad_of_loss: 14 instructions>"


def test_the_page_names_modules_places_and_what_the_program_rests_on():
    text = str(training(optim.Adam))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "z0 float32 (4, 3) linear(x, layer0_weight, layer0_bias) layers.0" in lines
    assert "loss_kept float32 (4, 2) kept of loss" in lines
    assert "layer0_weight float32 (3, 2) parameter layers.0.weight" in lines
    assert "exp_avg float32 (17,) optimizer's exp_avg" in lines
    assert "lr float rate" in lines
    assert "less0 bool is not true" in lines
    assert "new_layer0_weight float32 (3, 2) to layers.0.weight" in lines
    assert max(map(len, text.splitlines())) <= 100
    order = [
        "  inputs",
        "  forward",
        "  backward",
        "  update",
        "  rests on",
        "  results",
        "  writes",
    ]
    assert [line for line in text.splitlines() if line in order] == order


def test_a_page_stays_within_100_columns_whatever_is_named():
    class Longest(nn.Module):
        def __init__(self):
            self.a_part_of_a_name_that_is_longer_than_any_column_could_be = nn.Linear(2, 2)

        def forward(self, x):
            return self.a_part_of_a_name_that_is_longer_than_any_column_could_be(x)

    net = Longest()

    def f(x):
        y = net(np.concatenate([x] * 30))
        y.name = "name with\nnewlines and \x1b[31m colours" * 5
        return np.sum(y)

    text = str(mt.trace(f)(np.ones((1, 2), np.float32)))
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text


def said(rows):
    return [(row.name, row.call) for row in rows]


def test_equal_programs_do_not_differ():
    for a, b in ((gradient(), gradient()), (training(), training()), (training(optim.Adam),) * 2):
        assert not a.diff(b)
    assert str(training().diff(training(name="other"))) == "step and other are the same program"


def test_another_function_is_one_change():
    found = gradient().diff(gradient(activation=mt.sigmoid))
    assert isinstance(found, Difference)
    assert [(a.call, b.call) for a, b in found.changed if a.phase == "forward"] == [
        ("tanh(z0)", "sigmoid(z0)")
    ]
    assert not found.added + found.removed or all(
        row.phase == "backward" for row in found.added + found.removed
    )


def test_what_is_added_and_removed_is_told_each_in_one_line():
    a = mt.trace(lambda x: np.sum(x * x))(np.ones(3))
    b = mt.trace(lambda x: np.sum(np.exp(x * x)))(np.ones(3))
    found, back = a.diff(b), b.diff(a)
    assert said(found.added) == [("exp0", "exp(product0)")] == said(back.removed)
    assert found.removed == back.added == []
    assert [(x.call, y.call) for x, y in found.changed] == [("sum(product0)", "sum(exp0)")]
    assert str(found) == (
        "from lambda to lambda: 1 added, 1 changed\n\n"
        "  forward\n"
        "  - total0  float64       sum(product0)\n"
        "  + total0  float64       sum(exp0)\n"
        "  + exp0    float64 (3,)  exp(product0)"
    )


def test_another_operand_of_the_same_kind_is_a_change():
    a = mt.trace(lambda x, y: np.sum(x * y + x))(np.ones(3), np.ones(3))
    b = mt.trace(lambda x, y: np.sum(x * y + y))(np.ones(3), np.ones(3))
    found = a.diff(b)
    assert [(old.call, new.call) for old, new in found.changed] == [
        ("product0 + x", "product0 + y")
    ]


def test_shapes_constants_and_numbers_that_differ_are_changes():
    a = mt.trace(lambda x: x * np.arange(3.0) + 1.0)(np.ones(3))
    b = mt.trace(lambda x: x * np.arange(1.0, 4.0) + 2.0)(np.ones(3))
    found = a.diff(b)
    assert [(old.call, new.call) for old, new in found.changed] == [
        ("constant", "constant of other numbers"),
        ("product0 + 1.0", "product0 + 2.0"),
    ]
    wider = mt.trace(lambda x: x + 1.0)(np.ones(3)).diff(mt.trace(lambda x: x + 1.0)(np.ones(4)))
    assert [(old.kind, new.kind) for old, new in wider.changed if old.phase == "inputs"] == [
        ("float64 (3,)", "float64 (4,)")
    ]


def test_the_optimizer_is_what_differs_between_steps():
    found = training().diff(training(optim.SGD, momentum=0.9))
    assert {row.phase for row in found.added} <= {"update", "writes", "inputs", "rests on"}
    assert found.added
    assert ("momentum", "is true") in said([new for _, new in found.changed])


def test_json_holds_everything_but_the_numbers_of_large_arrays():
    def program(x):
        large, small = np.arange(100.0), np.array([1.0, np.inf])
        return {"a": (x + large, 3), "b": x[:2] * small, "c": np.sum(x, axis=0)}

    program = mt.trace(program)(np.ones(100))
    told = json.loads(program.to_json())
    names = named(program)
    assert told["name"] == "program"
    assert told["inputs"] == [
        {"name": "x", "shape": [100], "dtype": "float64",
         "place": {"kind": "argument", "name": "x"}},
    ]  # fmt: skip
    first, second = told["constants"]
    assert "value" not in first
    assert second["value"] == [1.0, {"number": "inf"}]
    assert [ins["function"] for ins in told["instructions"]] == [
        "np.add", "operator.getitem", "np.multiply", "np.sum"
    ]  # fmt: skip
    assert told["instructions"][1]["options"] == {"index": {"slice": [None, 2, None]}}
    assert {x["name"] for ins in told["instructions"] for x in ins["outputs"]} <= set(
        names.values()
    )
    assert told["results"]["dict"]["a"]["tuple"][1] == {"value": 3, "is_value": False}
    assert "\n" not in program.to_json(indent=None)


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.RMSprop])
def test_json_tells_gradients_places_and_guards_of_a_step(make):
    told = json.loads(training(make).to_json())
    assert told["gradients"]["d_layer0_weight"] == "layer0_weight"
    assert {"place": {"kind": "gradient", "name": "layers.0.weight.grad"},
            "value": "d_layer0_weight"} in told["writes"]  # fmt: skip
    assert {"value": "less0", "is": False} in told["guards"]
    kinds = {x["place"]["kind"] for x in told["inputs"]}
    assert {"argument", "parameter", "option"} <= kinds
    phases = [ins["phase"] for ins in told["instructions"]]
    assert phases == sorted(phases, key=["forward", "backward", "update"].index)
