"""`draw` of what is too large to be read: modules and stretches as boxes, equal modules, parts."""

import re
import time

import numpy as np
import pytest
import viz_samples as samples

import microtensor as mt
from microtensor.errors import ArgumentError, GraphTooLargeError
from microtensor.viz import choosing, coarse, draw, engine, snapshot
from microtensor.viz.folding import scene
from microtensor.viz.repeats import fold_repeats


@pytest.fixture(autouse=True)
def _one_engine(monkeypatch):
    monkeypatch.setattr(engine, "find_programs", lambda: [engine._find_pure()])


def boxes(drawing):
    return re.findall(r'^\s*(\w+) \[id="\w+" class="k-(\w+)', drawing.source, re.MULTILINE)


def arrows(drawing):
    return re.findall(r"(\w+) -> (\w+) \[id", drawing.source)


def chain(n):
    y = mt.Value(0.5, name="x")
    for i in range(n):
        y = np.sin(y) if i % 2 else y * 1.25
    return y


# Boxes from the start


def label(node):
    return node.name or node.expression or node.op or node.value  # ids are other ones


def coarsely(root, depth, most=1_500):
    choice = coarse.folded(mt.graph.ancestors(root), root, depth, most)
    return coarse.capture(root, choice, names=None, params=None, gradient=None, gradients=True)


def test_what_is_only_counted_has_the_numbers_of_what_is_taken_whole():
    loss, model = samples.pair()
    for depth in (0, 1):
        taken, shown = coarsely(loss, depth)
        whole = scene(snapshot(loss), fold=False, depth=depth, budget=400)
        assert [label(b.node) for b in shown.boxes if b.node] == [
            label(b.node) for b in whole.boxes if b.node
        ]
        counted, folded = ([b for b in s.boxes if b.module] for s in (shown, whole))
        for a, b in zip(counted, folded, strict=True):
            assert (a.id, a.values, a.params, a.shape) == (b.id, b.values, b.params, b.shape) or (
                # a constant inside of a box is no value of the graph
                a.values < b.values
            )
            assert a.grad_norm == pytest.approx(b.grad_norm)
        names = {n.id: label(n) for n in taken.nodes}
        names_of_whole = {b.id: label(b.node) for b in whole.boxes if b.node}
        flows = {(names.get(e.src, e.src), names.get(e.dst, e.dst)): e.norm for e in shown.arrows}
        expected = {
            (names_of_whole.get(e.src, e.src), names_of_whole.get(e.dst, e.dst)): e.norm
            for e in whole.arrows
        }
        assert flows == pytest.approx(expected)
    assert model.head


def test_many_steps_are_drawn_as_stretches_without_recursion():
    steps = 48_000
    start = mt.Value(0.5, name="x")
    y = start
    for _ in range(steps):
        y = y + 1.0
    drawing = draw(y, depth=0)
    found = boxes(drawing)
    assert len(found) == 26  # 24 stretches, the output, and the last 1
    assert "calls 1 to 2,000" in drawing.source
    assert "2,000 +" in drawing.source
    assert "48,000 values in 24 stretches" in drawing.source
    assert [a for a, b in arrows(drawing) if b[0] == "s"] == [f"s{i}" for i in range(1, 24)]
    assert start.grad is None


def test_a_hundred_thousand_numbers_are_refused_at_once_or_folded():
    root = chain(100_000)
    began = time.perf_counter()
    with pytest.raises(GraphTooLargeError, match=r"(?s)depth=0.*between=.*neighbourhood="):
        draw(root)
    assert time.perf_counter() - began < 5


def test_large_models_are_folded_without_being_taken_whole(monkeypatch):
    monkeypatch.setattr(choosing, "_WHOLE", 50)
    model = samples.Chain(*[2] * 50)
    root = model(mt.Value(np.ones((1, 2)), name="x")).sum()
    drawing = draw(root)
    assert "modules folded up" in drawing.source
    assert len(boxes(drawing)) <= 400
    assert "cluster_" in drawing.source
    assert len(boxes(draw(root, depth=0))) == 3
    assert str(draw(root, depth=0)).startswith("Chain(2→2→2→…→2)   195 values · 294 params\n")


def test_the_shape_of_a_large_picture_is_laid_out(monkeypatch):
    monkeypatch.setattr(choosing, "_WHOLE", 10)
    drawing = draw(samples.pair()[0], depth=1)
    assert drawing.svg
    assert drawing.warnings == ()


# Equal modules


def test_a_stack_of_equal_modules_is_one_box_with_its_number():
    model = samples.Stack(12)
    x = mt.Value(np.ones((3, 2)), name="x")
    root = model(x).sum()
    drawing = draw(root, depth=1)
    assert "layer 0 … 11 · Linear(2→2) × 12" in drawing.source
    assert "72 params" in drawing.source
    assert "12 equal modules drawn as 1" in drawing.source
    assert {kind for _, kind in boxes(drawing)} == {"input", "module", "output"}
    assert len(boxes(draw(root, depth=1, fold=False))) == 14
    gradients = [snapshot(root).node(n.id).grad for n in snapshot(root).nodes if n.kind == "param"]
    norm = np.sqrt(sum(np.sum(np.square(g)) for g in gradients))
    assert f"‖grad‖ {norm:.3g}" in drawing.source


def test_modules_that_differ_or_are_used_twice_are_not_joined():
    x = mt.Value(np.ones((3, 2)), name="x")
    two = samples.Stack(2)
    assert "×" not in re.sub("4×3|3×2", "", draw(two(x).sum(), depth=1).source)
    assert "equal modules" not in draw(samples.Chain(2, 3, 4, 5, 6)(x).sum(), depth=1).source

    class Skipping(samples.Stack):
        def forward(self, x):
            for layer in self.layers:
                x = layer(x) + x
            return x

    model = Skipping(4)
    assert "equal modules" not in draw(model(x).sum(), depth=1).source


def test_calls_of_one_module_for_many_samples_are_one_box():
    model = samples.Perceptron([0.5, -0.25], 0.1)
    xs = [[mt.Value(0.1 * i), mt.Value(-0.2 * i)] for i in range(5)]
    root = sum((model(x) for x in xs), mt.Value(0.0))
    drawing = draw(root, depth=0)
    assert "Perceptron × 5" in drawing.source
    kinds = [kind for _, kind in boxes(drawing)]
    assert kinds.count("module") == 1


def test_the_numbers_of_joined_arrows_are_those_of_all():
    model = samples.Stack(4)
    x = mt.Value(np.ones((3, 2)), name="x")
    shown = scene(snapshot(model(x).sum()), fold=False, depth=1, budget=400)
    joined = fold_repeats(shown)
    first, last = joined.arrows[0], joined.arrows[-1]
    assert (first.norm, last.norm) == pytest.approx((shown.arrows[0].norm, shown.arrows[-1].norm))


# Views


def test_the_scalar_view_shows_the_numbers_behind_arrays():
    loss, _, model = samples.batch()
    drawing = draw(loss, view="scalar")
    assert "layers.0.weight[0,1]" in str(drawing)
    assert "layers.0.weight[0,1] (param)" in str(drawing)
    assert "loss (loss)" in str(drawing)
    assert draw(samples.neuron(), view="scalar").source == draw(samples.neuron()).source
    assert model.layers
    with pytest.raises(ArgumentError) as error:
        draw(mt.Value(np.ones(2)) * 2.0, view="scalar")
    assert str(error.value) == (
        "draw: the scalar view needs an output that is one number.\n"
        "  expected  one number, such as a loss or y[0, 0]\n"
        "  got       an output of shape (2,)"
    )


def test_the_tensor_view_folds_no_module():
    model = samples.Chain(*[2] * 120)
    root = model(mt.Value(np.ones((1, 2)), name="x")).sum()
    assert len(boxes(draw(root, view="tensor"))) > 400
    assert "folded up" not in draw(root, view="tensor").source


# Parts


def labels(drawing):
    return [line.strip().split("   ")[0] for line in str(drawing).splitlines()]


def test_between_draws_the_paths_and_what_their_calls_are_of():
    drawing = draw(samples.neuron(), between=("w1", "n"))
    assert sorted(labels(drawing)) == [
        "+ n", "+ t6", "b (param)", "w1 (param)", "x1 (input)", "× x1·w1", "× x2·w2",
    ]  # fmt: skip
    assert "a part: 3 values are left out" in drawing.source
    whole = {n.label: n.grad for n in snapshot(samples.neuron()).nodes}
    assert f"grad {whole['x1']:g}".replace("-", "−") in str(drawing)  # of the whole output


def test_the_neighbourhood_is_so_many_steps_around():
    root = chain(10_000)
    middle = mt.graph.ancestors(root)[5_000]
    assert len(boxes(draw(root, neighbourhood=middle))) in (7, 8)  # and the constants
    assert len(boxes(draw(root, neighbourhood=middle, hops=1))) in (4, 5)
    assert labels(draw(root, neighbourhood="x", hops=1))[-2] == "x (input)"


def test_parts_find_parameters_by_their_paths():
    loss, model = samples.pair()
    drawing = draw(loss, between=("head.w.0", loss))
    assert "head.w.0" in str(drawing)
    assert "neurons.0.w.0" not in str(drawing)
    assert model


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"between": ("q", "o")},
            "draw: there is no value named 'q' in the graph.\n"
            "  expected  one of x1, x2, w1, w2, b, n, o\n"
            "  got       'q'",
        ),
        (
            {"between": ("o", "x1")},
            "draw: no path leads from the first of between to the second.\n"
            "  expected  a value, and one that was computed from it\n"
            "  got       o, and x1",
        ),
        (
            {"between": "w1"},
            "draw: between must be two values of the graph.\n"
            "  expected  a pair such as (w, loss), of Values or their names\n"
            "  got       str",
        ),
        (
            {"neighbourhood": mt.Value(1.0, name="z")},
            "draw: z is not in the graph.\n"
            "  expected  a value that the output was computed from\n"
            "  got       another one",
        ),
        (
            {"neighbourhood": "w1", "hops": 0},
            "draw: hops is no number of steps.\n  expected  1 or more\n  got       0",
        ),
        (
            {"neighbourhood": "w1", "between": ("w1", "o")},
            "draw: two parts of the graph are asked for.\n"
            "  expected  between= or neighbourhood=\n"
            "  got       both",
        ),
    ],
)
def test_a_part_that_is_not_there_is_told(options, message):
    with pytest.raises(ArgumentError) as error:
        draw(samples.neuron(), **options)
    assert str(error.value) == message
