"""Programs call their results as a person would, and by nothing that could be code."""

import ast
import builtins
import keyword
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import microtensor as mt
from microtensor import Value, losses, nn, optim
from microtensor.compiler.identifiers import comment, identifier, path_identifier
from microtensor.compiler.naming import named

HOSTILE = [
    "__import__('os').system('true')", 'a"""b', "a\nimport os", "x = 1; y", "lambda", "print", "np",
    "\u202eabc", "ﬁ", "w₁", "", "   ", "1", "__class__", "x#y", "\\", "é\u0301", "\u0345", "match",
    "σ²", "\0", "😀", "a" * 1000, "_", "given", "\ufdfa", "exp", "𝐱", "version", "True",
]  # fmt: skip


def is_one_name(text):
    """Tell whether Python reads a text as one name that means nothing yet."""
    tree = ast.parse(f"{text} = 0")
    (statement,) = tree.body
    (target,) = statement.targets
    known = keyword.iskeyword(text) or hasattr(builtins, text) or hasattr(np, text)
    same = isinstance(target, ast.Name) and target.id == text and text[0] != "_"
    return same and not known and text not in ("np", "numpy")


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_user_names_becomes_one_python_name(text):
    assert is_one_name(identifier(text))
    assert is_one_name(path_identifier(text))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(max_size=50))
def test_any_text_becomes_one_python_name(text):
    assert is_one_name(identifier(text))
    assert is_one_name(path_identifier(text))
    (line,) = f"x  # {comment(text)}".splitlines()
    assert len(ast.parse(f"{line}\ny").body) == 2
    assert {'"', "\\"}.isdisjoint(comment(text))


def test_is_one_name_objects_to_code():
    assert not any(map(is_one_name, ["print", "np", "ﬁ", "lambda_.x", "_x", "tanh"]))
    with pytest.raises(SyntaxError):
        is_one_name("a b")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_of_a_value_is_a_name_in_the_program(name):
    def f(x):
        y = np.tanh(x)
        y.name = name
        return np.sum(y * y)

    names = named(mt.trace(f)(np.ones(3)))
    assert all(map(is_one_name, names.values()))
    assert len(set(names.values())) == len(names)


def names_of(f, *args):
    return list(named(mt.trace(f)(*args)).values())


def test_a_training_step_is_named_as_in_a_textbook():
    net = nn.MLP(2, [3, 2], activation="tanh", rng=np.random.default_rng(0))
    optimizer = optim.SGD(net.parameters(), lr=0.1)

    def step(x, labels):
        loss = losses.cross_entropy(net(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    program = mt.trace(step)(np.ones((4, 2), np.float32), np.array([0, 1, 0, 1]))
    names = list(named(program).values())
    parameters = ["layer0_weight", "layer0_bias", "layer1_weight", "layer1_bias"]
    wanted = {"x", "labels", *parameters, "lr", "z0", "h0", "z1", "loss", "d_z1", "d_h0", "d_z0"}
    wanted |= {f"{word}{p}" for p in parameters for word in ("d_", "new_")}
    assert wanted <= set(names)
    order = ["z0", "h0", "z1", "loss", "d_z1", "d_h0", "d_z0", "d_layer0_weight"]
    outputs = [named(program)[x] for ins in program.instructions for x in ins.outputs if x]
    assert [name for name in outputs if name in order] == order


def test_adam_calls_its_rates_as_the_paper_does():
    p = nn.Parameter(np.ones(3))
    optimizer = optim.Adam([p])

    def step():
        optimizer.zero_grad()
        np.sum(p * p).backward()
        optimizer.step()

    names = set(names_of(step))
    assert {"beta1", "beta2", "t", "new_t", "exp_avg", "new_exp_avg", "lr", "eps"} <= names


def test_gradients_by_mt_grad_are_named_after_the_arguments():
    def loss(w, b, x):
        return np.mean(np.tanh(x @ w + b) ** 2)

    args = np.ones((2, 3)), np.zeros(3), np.ones((4, 2))
    program = mt.trace(mt.value_and_grad(loss, argnums=(0, 1)))(*args)
    names = named(program)
    assert program.name == "value_and_grad_of_loss"
    assert [names[r.x] for r in program.results] == ["loss", "d_w", "d_b"]
    assert {"w", "b", "x", "z0", "h0", "d_h0"} <= set(names.values())


def test_the_users_names_win():
    def f(z0, x):
        h = np.tanh(x)
        h.name = "z1"
        out = np.sum(np.tanh(h + z0))
        out.name = "energy"
        return out

    names = named(mt.trace(mt.value_and_grad(f, argnums=(0, 1)))(np.ones(2), np.ones(2)))
    assert {"z0", "x", "z1", "z2", "energy", "d_x", "d_z2"} <= set(names.values())
    assert "loss" not in names.values()


def test_a_users_name_may_look_like_a_gradients():
    def f(x):
        y = np.tanh(x)
        y.name = "d_x"
        return np.sum(y * y)

    names = set(names_of(mt.grad(f), np.ones(2)))
    assert {"x", "d_x", "d_x_2", "d_d_x"} <= names


def test_a_module_gives_its_name_to_what_it_computes():
    class Net(nn.Module):
        def __init__(self):
            self.fc1 = nn.Linear(2, 3, rng=np.random.default_rng(0))
            self.heads = [nn.Linear(3, 3, rng=np.random.default_rng(0)) for _ in range(2)]

        def forward(self, x):
            return self.heads[0](mt.relu(self.fc1(x))) + self.heads[1](x @ np.ones((2, 3)))

    names = set(names_of(Net(), np.ones((4, 2), np.float32)))
    assert {"fc1", "fc1_weight", "h0", "z0", "z1", "head0_weight", "head1_bias"} <= names


def test_a_value_used_twice_gets_contributions_and_their_sum():
    x = Value(np.ones(3), name="x")
    layer = nn.Linear(3, 3, rng=np.random.default_rng(0))
    layer.weight.data = np.eye(3)
    layer.bias.data = np.zeros(3)

    def f():
        h = np.tanh(x)
        np.sum(layer(h) * h).backward()

    names = set(names_of(f))
    assert {"x", "h", "d_h", "d_x"} <= names


def test_counting_names_is_linear_and_each_is_given_once():
    def f(x):
        for _ in range(2000):
            x = x + 1.0
        return x

    names = names_of(f, np.ones(2))
    assert len(set(names)) == 2001


def test_results_are_called_as_the_users_own_variables_are():
    def dense(v, w):
        z = v @ w
        activated = np.tanh(z)
        return activated

    def loss(w, v, x):
        hidden = dense(x, w)
        _private = hidden * 2.0
        out = dense(_private, v)
        return np.mean(out**2)

    args = np.ones((2, 3)), np.ones((3, 1)), np.ones((4, 2))
    names = set(names_of(mt.value_and_grad(loss, argnums=(0, 1)), *args))
    assert {"w", "v", "x", "z", "z_2", "hidden", "out", "loss"} <= names
    assert {"d_w", "d_v", "d_z", "d_z_2", "d_hidden", "d_out"} <= names
    assert not {"activated", "_private", "private"} & names


def test_a_profiler_that_watches_is_left_alone():
    seen = []

    def watch(*event):
        seen.append(event)

    def f(x):
        mine = np.tanh(x)
        return mine * 2.0

    sys.setprofile(watch)
    try:
        names = names_of(f, np.ones(3))
        assert sys.getprofile() is watch
    finally:
        sys.setprofile(None)
    assert "mine" not in names
    assert seen
    assert "mine" in names_of(f, np.ones(3))
    assert sys.getprofile() is None
