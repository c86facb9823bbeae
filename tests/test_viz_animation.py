"""The animated picture: what appears when, and that the finished picture is whole."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses, nn, viz
from microtensor.errors import ArgumentError, GraphTooLargeError, StaleValueError
from microtensor.viz import animation, playing

SVG = "{http://www.w3.org/2000/svg}"


def neuron():
    x, w, b = mt.Value(2.0, name="x"), mt.Value(-3.0, name="w"), mt.Value(6.5, name="b")
    y = (x * w + b).tanh() * x
    y.name = "y"
    return x, w, b, y


def loss_of_a_network():
    net = nn.MLP(2, [3, 1], rng=0)
    loss = losses.mse(net(np.ones((2, 2))), np.ones((2, 1)))
    loss.name = "loss"
    return loss


def plan(root):
    taken = viz.snapshot(root)
    svg = viz.draw(root, edges="labels", fold=False).svg
    drawn = [match[1] for match in animation._GROUP.finditer(svg)]
    return taken, playing.steps_of(taken, drawn)


def disorder(taken, steps):
    """List what is told too early: values before their operands, gradients before they are done."""
    leaves = {node.id for node in taken.nodes if node.op is None}
    there, complete, sent, wrong = set(leaves), set(), {}, []
    for step in steps:
        if not step.backward:
            (made,) = step.shows
            wrong += [made for edge in taken.operands[made] if edge.src not in there]
            there.add(made)
        elif len(step.active) == 1:
            complete.update(step.gradients)
        else:
            source, target, _ = step.active[0].split("_")
            wrong += [target] * (target not in complete)
            sent[source] = sent.get(source, 0) + 1
            for id in step.gradients:
                expected = sum(e.contribution is not None for e in taken.users[id])
                wrong += [id] * (sent[id] != expected)
                complete.add(id)
    missing = [n.id for n in taken.nodes if n.grad is not None and n.id not in complete]
    return wrong + missing


@pytest.mark.parametrize("root", [neuron()[-1], loss_of_a_network()], ids=["neuron", "network"])
def test_everything_appears_in_the_order_of_the_chain_rule(root):
    taken, steps = plan(root)
    assert disorder(taken, steps) == []
    calls = sum(node.op is not None for node in taken.nodes)
    arrows = sum(edge.contribution is not None for edge in taken.edges)
    assert len(steps) == calls + 1 + arrows
    assert disorder(taken, [*steps[:calls][::-1], *steps[calls:]]) != []
    assert disorder(taken, [*steps[:calls], *steps[calls:][::-1]]) != []


def test_each_step_says_its_numbers():
    x, w, _, y = neuron()
    steps = [step.told for step in plan(y)[1]]
    y.backward()
    assert steps[:4] == [
        "forward: 2 × (−3) = −6",
        "forward: (−6) + 6.5 = 0.5",
        "forward: tanh(0.5) = 0.4621",
        "forward: 0.4621 × 2 = 0.9242",
    ]
    assert steps[4] == "backward: begin with ∂y/∂y = 1"
    assert "backward: ∂y/∂x = 1 × 0.4621 = 0.4621, so far" in steps
    assert f"backward: ∂y/∂x = 0.4621 + 1.5729 × (−3) = {viz.theme.number(x.grad)}" in steps
    assert f"backward: ∂y/∂w = 1.5729 × 2 = {viz.theme.number(w.grad)}" in steps


def parsed(tmp_path, root, **options):
    path = mt.animate(root, tmp_path / "a.svg", **options)
    return path.read_text(), ElementTree.parse(path).getroot()


def test_the_file_is_one_svg_without_scripts_or_links(tmp_path):
    text, svg = parsed(tmp_path, neuron()[-1])
    assert svg.tag == f"{SVG}svg"
    assert not list(svg.iter(f"{SVG}script"))
    assert "href" not in text
    assert "url(" not in text
    assert text == mt.animate(neuron()[-1], tmp_path / "b.svg").read_text()


def test_without_motion_the_picture_is_finished(tmp_path):
    """What is hidden by itself is what is there for one step alone; the rest hides in keyframes."""
    text, svg = parsed(tmp_path, neuron()[-1])
    assert "@media (prefers-reduced-motion:reduce){" in text
    style = next(svg.iter(f"{SVG}style")).text
    rules = re.sub(r"@keyframes [\w-]+\{(?:[^{}]*\{[^{}]*\})*\}", "", style)
    hiding = re.findall(r"([^{}]*)\{opacity:0\}", rules)
    assert [selector.split()[-1] for selector in hiding] == ["[class^=in]"]
    still = viz.draw(neuron()[-1], edges="labels", fold=False).svg
    shown = {"".join(t.itertext()) for t in ElementTree.fromstring(still).iter(f"{SVG}text")}
    lasting = {
        "".join(t.itertext())
        for t in svg.iter(f"{SVG}text")
        if not (t.get("class") or "").startswith("in")
    }
    assert lasting == shown


@pytest.mark.parametrize("seconds", [0.5, 2])
def test_the_whole_lasts_as_many_steps_as_there_are_and_a_pause(tmp_path, seconds):
    text, _ = parsed(tmp_path, neuron()[-1], seconds_per_step=seconds)
    n = len(plan(neuron()[-1])[1])
    assert f"animation-duration:{(n + 3) * seconds:g}s" in text


def test_a_gradient_hides_until_its_last_arrow(tmp_path):
    _, svg = parsed(tmp_path, neuron()[-1])
    steps = plan(neuron()[-1])[1]
    boxes = {g.get("id"): g for g in svg.iter(f"{SVG}g")}
    (at,) = (k for k, step in enumerate(steps) if "v1" in step.gradients)
    hidden = [g for g in boxes["v1"].iter(f"{SVG}g") if g.get("class") == f"from{at}"]
    assert next(t.text for t in hidden[0].iter(f"{SVG}text")) == "grad"
    assert at == max(k for k, step in enumerate(steps) if "v1" in step.active)


def test_names_do_no_harm(tmp_path):
    y = mt.Value(2.0, name='</text><script>alert("&")</script>') * 3.0
    y.name = "]]></style>"
    text, svg = parsed(tmp_path, y)
    assert not list(svg.iter(f"{SVG}script"))
    assert "<script" not in text


def test_no_gradient_is_touched(tmp_path):
    x, *_, y = neuron()
    mt.animate(y, tmp_path / "a.svg")
    assert x.grad is None


def changed():
    _, w, _, y = neuron()
    w.data = 1.0
    return y


def many():
    x = mt.Value(1.0)
    for _ in range(61):
        x = x.tanh()
    return x


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: mt.animate(3.0),
            ArgumentError,
            "animate: the output must be a Value.\n"
            "  expected  a Value, such as a loss\n"
            "  got       a float",
        ),
        (
            lambda: mt.animate(neuron()[-1], "a.gif"),
            ArgumentError,
            "animate: only an SVG can play.\n"
            "  expected  a file name that ends in .svg\n"
            "  got       'a.gif'",
        ),
        (
            lambda: mt.animate(neuron()[-1], seconds_per_step=0),
            ArgumentError,
            "animate: seconds_per_step must be a time.\n"
            "  expected  a number greater than 0, such as 0.8\n"
            "  got       0",
        ),
        (
            lambda: mt.animate(mt.Value([1.0, 2.0]) * 2.0),
            ArgumentError,
            "animate: there is no backward pass to play.\n"
            "  expected  one number that depends on something with a gradient, such as a loss\n"
            "  got       a Value of shape (2,) without gradients",
        ),
        (
            lambda: mt.animate(changed()),
            ArgumentError,
            "animate: there is no backward pass to play.\n"
            "  expected  one number that depends on something with a gradient, such as a loss\n"
            "  got       a graph that was changed since",
        ),
        (
            lambda: mt.animate(many()),
            GraphTooLargeError,
            "animate: 62 boxes could not be followed.\n"
            "  expected  at most 60\n"
            "  got       62\n"
            "  Play a smaller part: one neuron, one layer, a batch of one. For all of it, draw.",
        ),
    ],
)
def test_misuse_is_told(call, kind, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == message
    assert list(tmp_path.iterdir()) == []
    assert not issubclass(kind, StaleValueError)
