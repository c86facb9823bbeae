"""`draw` of a Value: the same bytes each time, well formed whatever the names, never too large.

The files in ``golden/`` were looked at as pictures. ``python tests/test_viz_graphs.py`` writes
them anew; look at them again before you keep them.
"""

import pathlib
import re
import xml.dom.minidom

import numpy as np
import pytest
import viz_samples as samples

import microtensor as mt
from microtensor.errors import ArgumentError, GraphTooLargeError
from microtensor.viz import draw, engine, snapshot
from microtensor.viz.dots import pen_width
from microtensor.viz.folding import fold_sums, scene
from microtensor.viz.neurons import fold_neurons

GOLDEN = pathlib.Path(__file__).parent / "golden"


def batch(**options):
    loss, names, _ = samples.batch()
    return draw(loss, names=names, **options)


def modules():
    loss, model = samples.pair()  # a model that is gone cannot tell its names
    drawing = draw(loss, fold=True)
    del model
    return drawing


def square():
    x = mt.Value(3.0, name="x")
    return x * x


def stack():
    model = samples.Stack(12)
    drawing = draw(model(mt.Value(np.ones((3, 2)), name="x")).sum(), depth=1)
    del model
    return drawing


class Refusing(samples.Module):
    def forward(self, x):
        raise mt.errors.ShapeError("the widths differ.", expected="3 inputs", got="2 of them")


def failed():
    try:
        Refusing()(np.tanh(mt.Value(np.ones((1, 2)), name="x")))
    except mt.errors.ShapeError as error:
        return draw(error)


def textbook(**options):
    net, x = samples.draelos()
    return draw(net, x=x, theme="textbook", title="Draelos' network", **options)


PICTURES = {
    "neuron": lambda: draw(samples.neuron(), title="A neuron"),
    "neuron_dark": lambda: draw(samples.neuron(), theme="dark"),
    "neuron_downwards": lambda: draw(samples.neuron(), rankdir="TB"),
    "neuron_micrograd": lambda: draw(samples.neuron(), style="micrograd"),
    "square": lambda: draw(square()),
    "mazur": lambda: draw(samples.mazur()),
    "mazur_equations": lambda: draw(samples.mazur(), fold=False, edges="labels"),
    "mazur_neurons": lambda: draw(samples.mazur(), fold="neurons"),
    "modules": modules,
    "batch": batch,
    "batch_folded": lambda: batch(view="module"),
    "classes": lambda: draw(samples.classes()),
    "stack": stack,
    "failed": failed,
    "network": lambda: draw(samples.Chain(2, 3, 1)),
    "network_textbook": textbook,
    "network_wide": lambda: draw(samples.Chain(20, 15, 3), theme="dark"),
}


@pytest.fixture(autouse=True)
def _one_engine(monkeypatch):
    monkeypatch.setattr(engine, "find_programs", lambda: [engine._find_pure()])


def boxes(drawing):
    return re.findall(r'^\s*(\w+) \[id="\w+" class', drawing.source, re.MULTILINE)


def arrows(drawing):
    return re.findall(r"(\w+) -> (\w+) \[id", drawing.source)


def with_name(name):
    x = mt.Value(2.0, name=name)
    return (x * 3.0).tanh()


# The same bytes, without complaint


@pytest.mark.parametrize("name", PICTURES)
def test_the_text_is_that_which_was_looked_at(name):
    assert PICTURES[name]().source == (GOLDEN / f"{name}.dot").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PICTURES)
def test_two_runs_give_the_same_bytes(name):
    one, two = PICTURES[name](), PICTURES[name]()
    assert one.source == two.source
    assert one.svg == two.svg


@pytest.mark.parametrize("name", PICTURES)
def test_graphviz_has_nothing_to_complain_of(name):
    drawing = PICTURES[name]()
    xml.dom.minidom.parseString(drawing.svg)
    assert drawing.warnings == ()


# Seen in a bitmap of graphviz-pure, whose font has them; others are drawn as empty boxes.
SEEN = set("−×·→‖μσΣ²³⁰¹⁴⁵⁹⁻ᵀʸ√≥≤≠÷►∂…∞—•↑θ")


def test_signs_are_those_that_every_engine_can_draw():
    used = {c for name in PICTURES for c in PICTURES[name]().source if ord(c) > 126}
    assert used <= SEEN


def test_an_engine_does_complain_of_what_is_wrong():
    drawing = draw(square())
    drawing.body.append("\tv1 [label=<<TABLE><TR></TR></TABLE>>]\n")
    try:
        complained = drawing.svg and drawing.warnings
    except mt.errors.DrawingError:
        complained = True
    assert complained


# Names that break out of their quotes

HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><img onerror=alert(1)>',
    'quote" and \\',
    "\\N \\G \\l",
    "{a|b}",
    "<B>bold</B>",
    "a & b &amp; c",
    "two\nlines\r\tand\x00more",
    "😀 ünïcode 中文",
    "\u202eright to left שלום",
    "]];v1 -> v2;[",
    "\ud800",
    "x" * 5000,
    " ",
    "--><!--",
    "]]>",
]


@pytest.mark.parametrize("style", ["card", "micrograd"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_text(name, style):
    drawing = draw(with_name(name), style=style, title=name)
    plain = draw(with_name("x"), style=style, title="x")
    tree, expected = (xml.dom.minidom.parseString(d.svg) for d in (drawing, plain))
    assert drawing.warnings == ()
    assert not tree.getElementsByTagName("script")
    for tag in ("g", "path", "polygon", "ellipse"):
        assert len(tree.getElementsByTagName(tag)) == len(expected.getElementsByTagName(tag))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_of_modules_are_only_text(name):
    kind = type(name[:100].replace("\x00", "").replace("\ud800", ""), (samples.Linear,), {})
    x = mt.Value(np.ones((1, 2)), name="x")
    drawing = draw(kind(np.ones((3, 2)), np.ones(3))(x).sum())
    assert len(xml.dom.minidom.parseString(drawing.svg).getElementsByTagName("g")) > 5
    assert drawing.warnings == ()


def test_a_name_reads_in_the_picture_as_it_was_given():
    name = '<b> & "q" \\N {x|y}'
    for style in ("card", "micrograd"):
        tree = xml.dom.minidom.parseString(draw(with_name(name), style=style).svg)
        texts = [t.firstChild.data for t in tree.getElementsByTagName("text") if t.firstChild]
        assert name in [text.replace("\u200b", "") for text in texts]


def test_a_long_name_is_cut_for_display():
    assert "x" * 201 not in draw(with_name("x" * 5000)).source


# What is drawn


def test_a_product_of_a_value_with_itself_has_two_arrows():
    assert arrows(draw(square())) == [("v1", "v2"), ("v1", "v2")]


def test_arrows_tell_the_chain_rule():
    source = draw(samples.neuron()).source
    assert "0.5 × (−3) = </FONT>" in source
    assert "<B>−1.5</B>" in source
    assert "each arrow, read backwards: grad × local derivative = contribution" in source


def test_a_negative_gradient_stands_bare_in_front():
    x = mt.Value(2.0, name="x")
    assert "−1 × 3 = </FONT>" in draw(-(x * 3.0)).source


def test_an_arrow_is_dashed_where_nothing_comes_back():
    lines = [line for line in draw(samples.neuron()).body if "style=dashed" in line]
    assert [line.split(" [")[0].strip() for line in lines] == ["v4 -> v7"]  # w2, times x2 = 0
    x = mt.Value(np.ones(2), name="x")
    assert "style=dashed" not in draw(x * np.ones(2)).source  # not known, so not told


def test_an_arrow_is_wider_the_more_it_sends():
    widths = [pen_width(c, 1.0) for c in (1.0, 0.1, 0.01, 1e-3, 1e-9, 0.0, None, float("nan"))]
    assert widths == pytest.approx([2.8, 2.2, 1.6, 1.0, 1.0, 1.0, 1.0, 1.0])


def test_arrows_leave_and_enter_at_the_middle_of_a_side():
    # Otherwise they enter boxes at their corners.
    assert "tailport=e headport=w" in draw(square()).source
    assert "tailport=s headport=n" in draw(square(), rankdir="TB").source


def test_ranks_are_of_the_whole_picture():
    # Without newrank modules fall into a staircase and gates do nothing.
    assert draw(square()).graph_attr["newrank"] == "true"


def test_the_font_is_one_that_all_engines_measure_alike():
    drawing = draw(samples.pair()[0])
    assert {a["fontname"] for a in (drawing.graph_attr, drawing.node_attr, drawing.edge_attr)} == {
        "Arial"
    }


def test_leaves_of_modules_are_held_by_what_they_meet():
    loss, model = samples.pair()
    taken = snapshot(loss)
    assert model.neurons
    label = {n.id: n.label for n in taken.nodes}
    gates = re.findall(r"(\w+) -> (\w+) \[style=invis weight=0\]", draw(loss).source)
    held = [(label[a], label[b]) for a, b in gates]
    assert ("x1", "neurons.0.w.0") in held
    assert ("x2", "neurons.1.w.1") in held
    assert all(name.split(".")[-2:-1] == ["w"] for _, name in held)


def test_modules_are_frames_in_frames():
    source = modules().source
    depths = [len(m[1]) for m in re.finditer(r"^(\t+)subgraph cluster_", source, re.MULTILINE)]
    assert depths == [1, 2, 2, 2]
    assert source.count("{") == source.count("}")


def test_a_frame_around_one_box_is_taken_away():
    loss, names, _ = samples.batch()
    titles = re.findall(r"<B>([^<]*(?:Linear|Tanh|Chain)[^<]*)</B>", draw(loss, names=names).source)
    assert titles == ["Chain(2→3→1)", "layer 0 · Linear(2→3)", "layer 2 · Linear(3→1)"]


def test_a_frame_around_one_frame_gives_it_its_place():
    class Outer(samples.Module):
        def __init__(self):
            self.block = samples.Pair()

        def forward(self, xs):
            return self.block(xs)

    model = Outer()
    root = model([mt.Value(0.5, name="x1"), mt.Value(-1.0, name="x2")])
    assert "<B>Outer · block · Pair</B>" in draw(root).source


def test_micrograds_look_has_its_words():
    source = draw(samples.neuron(), style="micrograd").source
    assert 'label="{ w1 | data -3.0000 | grad 1.0000 }"' in source
    assert source.count("shape=ellipse") == 5
    source = draw(mt.Value(np.ones((2, 3)), name="x") * 2.0, style="micrograd").source
    assert 'label="{ x | 2×3 }"' in source
    assert "grad — }" in source
    assert "purple" not in source
    folded = batch(style="micrograd", depth=0).source
    assert 'label="Chain(2→3→1)"' in folded


# What is told above


def test_the_caption_tells_what_was_done():
    assert "4 additions folded into Σ" in draw(samples.mazur()).source
    assert "2 modules folded up" in batch(view="module").source
    assert "1 module folded up" in batch(depth=0).source
    w = mt.Value(3.0, name="w")
    loss = w * w
    w.data = 4.0
    assert "changed since it was computed: compute it again for gradients" in draw(loss).source
    x = mt.Value(np.ones(2), name="x")
    assert "no gradients, as the output is not one number: give gradient=" in draw(x * 2.0).source
    assert "no gradients" not in draw(x * 2.0, gradient=np.ones(2)).source
    assert "purple negative" in batch().source


def test_without_title_and_hint_there_is_no_caption():
    assert "labelloc" not in draw(square(), edges="plain").graph_attr


def test_numbers_stand_on_arrows_where_there_is_room():
    told = "0.138 × 0.4 = </FONT>"
    assert told not in draw(samples.mazur()).source  # more than 40 arrows
    assert told in draw(samples.mazur(), edges="labels").source
    lines = [line for line in draw(square(), edges="plain").body if "->" in line]
    assert "label=<" not in "".join(lines)


# Folding


def test_a_chain_of_additions_is_one_sum():
    taken = snapshot(samples.mazur())
    folded, gone = fold_sums(taken)
    assert gone == 4
    total = next(n for n in folded.nodes if n.name == "net_h1")
    assert total.op == "Σ"
    terms = [folded.node(e.src).label for e in folded.operands[total.id]]
    assert terms == ["i1·w1", "i2·w2", "b1"]
    assert [e.position for e in folded.operands[total.id]] == [0, 1, 2]
    assert sum(folded.node(e.src).value for e in folded.operands[total.id]) == pytest.approx(
        total.value
    )


def test_folding_keeps_every_contribution():
    taken = snapshot(samples.mazur())
    folded, _ = fold_sums(taken)
    for node in folded.nodes[:-1]:
        if node.grad is not None:
            assert sum(e.contribution for e in folded.users[node.id]) == pytest.approx(node.grad)


def test_weights_times_inputs_and_a_bias_are_one_neuron():
    """Its inputs keep their contributions; its own weights are inside, a shared bias is not."""
    taken, gone = fold_sums(snapshot(samples.mazur()))
    folded, inside = fold_neurons(taken)
    assert gone == 4
    neurons = [n for n in folded.nodes if n.id in inside]
    assert [n.op for n in neurons] == ["w·x + b"] * 4
    assert [[p.name for p in inside[n.id]] for n in neurons[:2]] == [["w1", "w2"], ["w3", "w4"]]
    i1 = next(n for n in folded.nodes if n.name == "i1")
    assert sum(e.contribution for e in folded.users[i1.id]) == pytest.approx(i1.grad)
    for edge in folded.edges:
        if edge.dst in inside and edge.local is not None:
            assert edge.upstream * edge.local == pytest.approx(edge.contribution, rel=1e-15)
    first = folded.operands[neurons[0].id]
    assert [folded.node(e.src).label for e in first] == ["i1", "i2", "b1"]
    assert [e.local for e in first] == [0.15, 0.2, 1.0]


def test_a_sum_of_something_else_is_no_neuron():
    w, x, b = (mt.Value(v, name=n) for v, n in ((3.0, "w"), (2.0, "x"), (1.0, "b")))
    assert fold_neurons(snapshot(w * x + np.tanh(x)))[1] == {}  # another term
    assert fold_neurons(snapshot(x * x + b))[1] == {}  # a product without a weight
    assert fold_neurons(snapshot((w * x) * x + b))[1] == {}
    product = w * x
    product.name = "p"
    assert fold_neurons(snapshot(product + b))[1] == {}  # a name is worth a box
    product = w * x
    assert fold_neurons(snapshot((product + b) * product))[1] == {}  # as is a second use
    shared = w * x + w * np.tanh(x)
    folded, inside = fold_neurons(snapshot(shared))
    assert list(inside.values()) == [()]
    assert [folded.node(e.src).label for e in folded.edges] == ["x", "w", "x", "w", "t4"]


def test_a_neuron_tells_its_weights_and_there_is_no_other_word_for_it():
    told = draw(samples.mazur(), fold="neurons").text.splitlines()
    first = next(line for line in told if "net_h1" in line)
    assert first.startswith("w·x + b net_h1   data 0.3775   grad 0.0088   w1 (param)   data 0.15")
    with pytest.raises(ArgumentError, match="draw: fold is not one that is known"):
        draw(samples.mazur(), fold="sums")


def test_a_target_stands_between_the_model_and_the_loss():
    source = batch().source
    assert len(re.findall("minlen=2", source)) == 1  # the arrow out of the model
    assert "minlen" not in draw(samples.mazur()).source


def test_an_addition_that_is_used_twice_or_named_stays():
    a, b, c = (mt.Value(v, name=n) for v, n in ((1.0, "a"), (2.0, "b"), (3.0, "c")))
    twice = a + b
    assert fold_sums(snapshot((twice + c) * twice))[1] == 0
    named = a + b
    named.name = "s"
    assert fold_sums(snapshot(named + c))[1] == 0
    assert fold_sums(snapshot(a + b + c))[1] == 1
    assert fold_sums(snapshot(a * b))[1] == 0


def test_an_addition_that_is_broadcast_stays():
    a, b = mt.Value(np.ones(3), name="a"), mt.Value(np.ones((2, 3)), name="b")
    assert fold_sums(snapshot(((a + a) + b).sum()))[1] == 0


def test_a_transposed_weight_is_part_of_its_product():
    assert "<B>x @ Wᵀ</B>" in batch().source
    assert "<B>xᵀ</B>" not in batch().source
    assert "<B>xᵀ</B>" in batch(fold=False).source


def test_a_folded_module_tells_what_is_inside():
    source = batch(depth=1).source
    assert "► layer 0 · Linear(2→3)" in source
    assert "4 values · 9 params · out 4×3" in source
    norm = np.sqrt(sum(np.sum(np.square(g)) for g in grads_of_first_layer()))
    assert f"‖grad‖ {norm:.3g}" in source


def grads_of_first_layer():
    loss, _, model = samples.batch()
    loss.backward()
    return [model.layers[0].weight.grad, model.layers[0].bias.grad]


def test_arrows_of_a_folded_module_are_bundled():
    loss, names, _ = samples.batch()
    drawing = draw(loss, names=names, depth=0)
    assert len(boxes(drawing)) == len(set(boxes(drawing))) == 6
    assert ("g1", boxes(drawing)[-3]) in arrows(drawing)


def test_large_models_fold_themselves_up_deepest_first():
    model = samples.Chain(*[2] * 120)
    root = model(mt.Value(np.ones((1, 2)), name="x")).sum()
    drawing = draw(root)
    assert "119 modules folded up" in drawing.source
    assert len(boxes(drawing)) <= 400
    assert len(boxes(draw(root, force=True))) > 400
    made = scene(snapshot(root), fold=None, depth=None, budget=5)
    assert {box.id for box in made.boxes} == {"g1", made.boxes[-2].id, made.boxes[-1].id}


# What is too large


def test_a_deep_chain_is_refused_with_ways_out_and_without_recursion():
    y = mt.Value(0.5)
    for _ in range(10_000):
        y = np.sin(y)
    with pytest.raises(GraphTooLargeError) as error:
        draw(y)
    assert str(error.value) == (
        "A picture of 10,001 boxes cannot be read.\n"
        "  expected  at most 1,500\n"
        "  got       10,001\n"
        "  depth=0 draws modules, and stretches of what is in none, as boxes;\n"
        "  between=(w, loss) draws the paths from one value to another, and neighbourhood=w what\n"
        "  is around one. Or draw a smaller batch, or write the model with modules or arrays.\n"
        "  draw(..., force=True) draws it all the same."
    )
    assert len(draw(y, force=True).body) > 20_000


def test_modules_that_cannot_be_folded_enough_are_refused():
    layer = samples.Tanh()
    y = mt.Value(np.zeros(2))
    for _ in range(1_600):
        y = layer(y)
    with pytest.raises(GraphTooLargeError, match="1,602 boxes"):
        draw(y.sum(), depth=5)


# Options


@pytest.mark.parametrize(
    ("option", "allowed"),
    [
        ("view", "'auto' or 'scalar' or 'tensor' or 'module'"),
        ("rankdir", "'LR' or 'TB'"),
        ("theme", "'light' or 'dark' or 'auto' or 'textbook'"),
        ("edges", "'auto' or 'labels' or 'plain'"),
        ("style", "'card' or 'micrograd'"),
        ("by", "'value' or 'gradient'"),
    ],
)
def test_an_unknown_option_is_refused(option, allowed):
    with pytest.raises(ArgumentError) as error:
        draw(square(), **{option: "other"})
    assert str(error.value) == (
        f"draw: {option} is not one that is known.\n  expected  {allowed}\n  got       'other'"
    )


def test_only_values_and_models_are_drawn():
    with pytest.raises(ArgumentError) as error:
        draw(np.ones(3))
    assert str(error.value) == (
        "draw: there is nothing to draw.\n"
        "  expected  a Value, such as a loss, a model, or an error of a forward pass\n"
        "  got       ndarray\n"
        "  Wrap numbers before you compute with them: x = Value(2.0, name='x')."
    )


def test_drawing_touches_no_gradient():
    loss, _, model = samples.batch()
    draw(loss).pipe("svg")
    assert [p.grad for _, p in model.named_parameters()] == [None] * 4


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, make in PICTURES.items():
        (GOLDEN / f"{name}.dot").write_text(make().source, encoding="utf-8")
