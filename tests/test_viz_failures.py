"""`draw` of an error: the graph up to the call that failed, and that call in red."""

import numpy as np
import pytest
import viz_samples as samples

import microtensor as mt
from microtensor import nn
from microtensor.errors import ArgumentError
from microtensor.viz import draw, engine
from microtensor.viz.theme import LIGHT


@pytest.fixture(autouse=True)
def _one_engine(monkeypatch):
    monkeypatch.setattr(engine, "find_programs", lambda: [engine._find_pure()])


def caught(compute):
    with pytest.raises(Exception) as error:  # noqa: PT011  # any, as forward passes raise any
        compute()
    return error.value


def named(*shapes):
    return [mt.Value(np.ones(s), name=n) for n, s in zip("xW", shapes, strict=False)]


def test_an_operation_that_failed_is_red_with_its_message_and_its_operands():
    x, W = named((2, 3), (4, 2))
    drawing = draw(caught(lambda: np.tanh(x) @ W + 1.0))
    assert drawing.source.count('class="k-failed"') == 1
    assert f'COLOR="{LIGHT.failed[1]}" BGCOLOR="{LIGHT.failed[0]}"' in drawing.source
    for told in ("<B>@</B>", "mismatch in its", "· W of shape (4, 2)", "the call in red failed"):
        assert told in drawing.source
    assert "<B>tanh</B>" in drawing.source
    lines = str(drawing).splitlines()
    assert lines[0].startswith("@ (failed)   matmul: Input operand 1 has a mismatch")
    assert [line.split("   ")[0] for line in map(str.strip, lines[1:])] == [
        "tanh t3", "x (input)", "W (param)",
    ]  # fmt: skip
    assert drawing.svg
    assert drawing.warnings == ()
    assert x.grad is None


def test_a_module_that_refused_its_input_is_red():
    net = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(5, 2, rng=0))
    drawing = draw(caught(lambda: net(mt.Value(np.ones((2, 3)), name="x"))))
    assert "<B>Linear</B>" in drawing.source
    assert "Sequential.2: the input has the wrong width." in drawing.source
    assert "0 · Linear(3→4)" in drawing.source
    assert drawing.source.count('class="k-failed"') == 1


def test_an_error_of_a_users_own_is_of_the_innermost_module():
    class Picky(samples.Module):
        def forward(self, x):
            raise RuntimeError("not </today>\nnor ever")

    class Outer(samples.Module):
        def __init__(self):
            self.inner = Picky()

        def forward(self, x):
            return self.inner(x * 2.0)

    drawing = draw(caught(lambda: Outer()(mt.Value(1.0, name="x"))))
    assert "<B>Picky</B>" in drawing.source
    assert "not &lt;/today&gt;" in drawing.source
    assert "<B>×</B>" in drawing.source
    assert drawing.svg


def test_the_innermost_of_calls_in_calls_is_the_one_that_failed():
    x, W = named((2, 3), (4, 2))
    assert "<B>@</B>" in draw(caught(lambda: np.linalg.multi_dot([x, W, W]))).source
    x, y = named((2, 3), (4, 2))
    source = draw(caught(lambda: np.concatenate([x, y]))).source  # its operands are a list
    assert "<B>concat</B>" in source
    assert source.count("-> v3") == 2


def test_a_function_that_refuses_its_operands_is_the_call_that_failed():
    x, W = named((2, 3), (4, 2))
    source = draw(caught(lambda: mt.conv1d(x, W))).source
    assert "conv1d: the weight must have 3 axes" in source
    assert source.count("-> v3") == 2


def test_a_long_past_is_shown_as_far_as_is_near():
    x, W = named((2, 3), (4, 2))
    for _ in range(3_000):
        x = np.sin(x)
    drawing = draw(caught(lambda: x @ W))
    assert len(drawing.body) < 20
    assert "values are left out" in drawing.source


def test_other_errors_are_not_drawn():
    with pytest.raises(ArgumentError) as error:
        draw(KeyError("x"))
    assert str(error.value) == (
        "draw: this error came from no operation on Values, and from no module.\n"
        "  expected  an error that was raised in a forward pass\n"
        "  got       KeyError: 'x'"
    )


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_hostile_messages_are_only_text(theme):
    class Bad(samples.Module):
        def forward(self, x):
            raise ValueError('</script><img onerror=1> \\N {|} "\x00 \u202e ' + "x" * 5000)

    drawing = draw(caught(lambda: Bad()(mt.Value(1.0, name="x"))), theme=theme)
    assert "<script" not in drawing.svg
    assert "<img" not in drawing.svg
    assert drawing.warnings == ()


def test_micrograds_look_shows_what_failed():
    x, W = named((2, 3), (4, 2))
    drawing = draw(caught(lambda: x @ W), style="micrograd")
    assert 'label="@"' in drawing.source
    assert drawing.svg
