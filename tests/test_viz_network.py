"""`draw` of a model: columns of neurons, and the numbers of its weights."""

import re

import numpy as np
import pytest
import viz_samples as samples

import microtensor as mt
from microtensor import nn
from microtensor.errors import ArgumentError, GraphTooLargeError
from microtensor.viz import draw
from microtensor.viz.chains import linear_chain
from microtensor.viz.labels import spread
from microtensor.viz.svg import size_of
from microtensor.viz.theme import LIGHT, TEXTBOOK


def neurons(drawing):
    return re.findall(r"^\t(n\d+_\d+) \[", drawing.source, re.MULTILINE)


def lines(drawing):
    return re.findall(r'(n\d+_\d+) -> (n\d+_\d+) \[id="\w+" color="(#\w+)" penwidth=([\d.]+)',
                      drawing.source)  # fmt: skip


def place(drawing, id):
    found = re.search(rf'^\t{id} \[.*pos="([-\d.]+),([-\d.]+)!"', drawing.source, re.MULTILINE)
    return float(found[1]), float(found[2])


def with_gradients(*widths):
    model = samples.Chain(*widths)
    model(mt.Value(np.linspace(-1, 1, 2 * widths[0]).reshape(2, -1))).sum().backward()
    return model


def test_each_neuron_is_a_circle_and_each_weight_a_line():
    drawing = draw(samples.Chain(2, 3, 1))
    assert neurons(drawing) == ["n0_0", "n0_1", "n1_0", "n1_1", "n1_2", "n2_0"]
    assert len(lines(drawing)) == 2 * 3 + 3 * 1


def test_columns_stand_side_by_side_and_are_centred():
    drawing = draw(samples.Chain(2, 3, 1))
    xs = [place(drawing, f"n{k}_0")[0] for k in range(3)]
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1])
    assert place(drawing, "n0_0")[1] == -place(drawing, "n0_1")[1]
    assert place(drawing, "n2_0")[1] == 0


def test_a_line_tells_sign_and_size():
    model = samples.Chain(2, 1)
    model.layers[0].weight.data = np.array([[-2.0, 1.0]])
    (_, _, left, wide), (_, _, right, thin) = lines(draw(model, theme="light"))
    assert (left, right[:7]) == (f"{LIGHT.heat[0]}FF", LIGHT.heat[-1])
    assert float(wide) > float(thin)


def test_a_weight_of_zero_and_one_that_is_no_number_are_told_apart():
    model = samples.Chain(2, 1)
    model.layers[0].weight.data = np.array([[0.0, np.nan]])
    colors = [color for _, _, color, _ in lines(draw(model, theme="light"))]
    assert colors == [f"{LIGHT.arrow}30", LIGHT.nan]


def test_a_wide_layer_shows_its_first_neurons_and_its_last():
    drawing = draw(samples.Chain(64, 12, 13))
    shown = neurons(drawing)
    assert [n for n in shown if n.startswith("n0")] == [f"n0_{i}" for i in (*range(8), 63)]
    assert [n for n in shown if n.startswith("n1")] == [f"n1_{i}" for i in range(12)]
    assert "n0_more" in drawing.source
    assert "n1_more" not in drawing.source
    assert 'tooltip="55 more"' in drawing.source
    dots, above, below = (place(drawing, n)[1] for n in ("n0_more", "n0_7", "n0_63"))
    assert above > dots > below


def test_nothing_overlaps():
    for model in (samples.Chain(64, 32, 10), samples.Chain(2, 4, 1), with_gradients(2, 4, 1)):
        drawing = draw(model)
        spots = [place(drawing, n) for n in neurons(drawing)]
        gaps = [np.hypot(a[0] - b[0], a[1] - b[1]) for a in spots for b in spots if a is not b]
        assert min(gaps) > 0.6


def test_numbers_on_lines_do_not_cover_each_other():
    for model in (samples.Chain(2, 4, 1), with_gradients(2, 4, 1), samples.Chain(4, 4, 2)):
        drawing = draw(model)
        spots = [place(drawing, n) for n in re.findall(r"^\t(w_\w+)", drawing.source, re.MULTILINE)]
        assert len(spots) == len(lines(drawing))
        tall = 0.34 if "∂" in drawing.source else 0.17
        for i, (x, y) in enumerate(spots):
            for u, v in spots[:i]:
                assert abs(x - u) > 0.3 or abs(y - v) > 0.9 * tall


def test_the_test_of_overlaps_objects_to_numbers_in_one_place():
    crossing = {"a": ((0.0, 0.0), (2.0, 2.0)), "b": ((0.0, 2.0), (2.0, 0.0))}
    placed = spread(crossing, {"a": "1", "b": "2"}, margin=0.26)
    assert abs(placed[0].y - placed[1].y) > 0.15
    alone = spread({"a": crossing["a"]}, {"a": "1"}, margin=0.26)
    assert alone[0].x == pytest.approx(0.8, abs=0.1)


def test_gradients_are_shown_when_there_are_some():
    before, after = draw(samples.Chain(2, 3, 1)), draw(with_gradients(2, 3, 1))
    assert "∂" not in before.source
    assert "in each neuron: its bias, and its gradient" in after.source
    model = with_gradients(2, 3, 1)
    grad = model.layers[0].weight.grad[0, 1]
    assert (
        f"layers.0.weight[0, 1] = {model.layers[0].weight.data[0, 1]:g}".replace("-", "−")
        in after.source
    )
    assert f"grad {grad:.4f}".replace("-", "−").rstrip("0") in after.source


def test_lines_can_tell_gradients():
    model = with_gradients(2, 3, 1)
    by_value, by_gradient = draw(model), draw(model, by="gradient")
    assert lines(by_value) != lines(by_gradient)
    assert "the larger the gradient" in by_gradient.source
    with pytest.raises(ArgumentError) as error:
        draw(samples.Chain(2, 3, 1), by="gradient")
    assert str(error.value) == (
        "draw: this model has no gradients yet.\n"
        "  expected  a model whose parameters have .grad, for by='gradient'\n"
        "  got       no .grad of layers.0\n"
        "  Call loss.backward() first, or draw its values."
    )


def test_activations_are_told_whether_they_are_modules_words_or_functions():
    model = samples.Chain(2, 3, 1)
    assert [layer.activation for layer in linear_chain(model)] == ["Tanh", ""]
    for layer, activation in zip(model.layers[::2], ["relu", mt.sigmoid], strict=True):
        layer.activation = activation
    assert [layer.activation for layer in linear_chain(model)] == ["relu Tanh", "sigmoid"]
    model.layers[0].activation = samples.Tanh()
    model.layers[2].activation = "linear"
    assert [layer.activation for layer in linear_chain(model)] == ["Tanh Tanh", ""]


def test_the_network_is_told_in_words():
    assert str(draw(samples.Chain(2, 3, 1))) == (
        "Chain   2 inputs\n  layers.0   2→3   9 parameters   Tanh\n  layers.2   3→1   4 parameters"
    )


def test_a_layer_without_bias_and_one_neuron_alone_are_networks():
    class Bare(samples.Module):
        def __init__(self):
            self.weight = mt.Value(np.array([1.0, -2.0]))

    drawing = draw(Bare(), title="One")
    assert neurons(drawing) == ["n0_0", "n0_1", "n1_0"]
    assert "bias" not in drawing.source
    assert "<B>Bare</B>" in drawing.source


class Odd(samples.Module):
    def __init__(self, **parameters):
        for name, shape in parameters.items():
            setattr(self, name, mt.Value(np.ones(shape)))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Odd(), "it has no parameters"),
        (lambda: Odd(weight=(2, 2), scale=(2,)), "Odd has scale"),
        (lambda: Odd(bias=(2,)), "Odd has no weight"),
        (lambda: Odd(weight=(2, 3, 3)), "Odd.weight has shape (2, 3, 3)"),
        (lambda: Odd(weight=(2, 2), bias=(3,)), "Odd.bias has shape (3,)"),
        (lambda: skipping(), "layers.2 takes 5 inputs, and layers.0 gives 3"),
    ],
)
def test_a_model_of_another_kind_is_refused(make, why):
    model = make()
    with pytest.raises(ArgumentError) as error:
        draw(model)
    assert str(error.value) == (
        f"draw: {type(model).__name__} is not a chain of linear layers.\n"
        "  expected  layers of a weight (out, in) and a bias (out,), each feeding the next\n"
        f"  got       {why}\n"
        "  Draw its computation graph instead: draw(model(x)), or draw(loss)."
    )


def skipping():
    model = samples.Chain(2, 3, 1)
    model.layers[2] = samples.Linear(np.ones((1, 5)), np.ones(1))
    return model


def test_a_deep_network_shows_fewer_neurons_of_each_layer():
    drawing = draw(samples.Chain(*[20] * 60))
    assert len(lines(drawing)) <= 1600
    assert "n30_19" in neurons(drawing)


def test_a_network_of_too_many_layers_is_refused():
    with pytest.raises(GraphTooLargeError) as error:
        draw(samples.Chain(*[2] * 600))
    assert str(error.value) == (
        "A network of 599 layers cannot be seen in one picture.\n"
        "  Draw a part of it, such as a module of a few layers."
    )


# The activations of one input


def inside(drawing, id):
    label = re.search(rf"^\t{id} \[.*label=<(.*)>\]$", drawing.source, re.MULTILINE)[1]
    return [re.sub("<[^>]*>", "", row) for row in label.split("<BR/>")]


def test_each_neuron_shows_what_it_answers_to_one_input():
    net, x = samples.draelos()
    drawing = draw(net, x=x)
    printed = samples.published("draelos2019.json")["published"]
    assert [inside(drawing, f"n0_{i}") for i in range(4)] == [["0.5"], ["2.8"], ["0"], ["−0.1"]]
    assert [inside(drawing, f"n1_{i}") for i in range(3)] == [
        ["0.937", "−2"], ["8.55e−6", "−2"], ["0.819", "−2"],
    ]  # fmt: skip
    assert printed["a"] == [0.937, 9e-06, 0.819]
    assert inside(drawing, "n2_0") == ["0.388", "0.6"]
    assert round(printed["output"], 3) == 0.388
    assert "in each neuron: its activation, and its bias" in drawing.source
    assert inside(draw(net), "n0_1") == ["x2"]
    assert all(p.grad is None for _, p in net.named_parameters())


def test_weighted_sums_have_the_digits_of_the_article():
    article = samples.published("draelos2019.json")
    layer = nn.Linear(4, 3)
    layer.weight.data, layer.bias.data = article["inputs"]["W1_rows_E_F_G"], [-2.0] * 3
    drawing = draw(layer, x=article["inputs"]["x"])
    assert [inside(drawing, f"n1_{i}")[0] for i in range(3)] == ["2.7", "−11.67", "1.51"]
    assert article["published"]["z"] == [2.7, -11.67, 1.51]
    layer.weight.data = layer.weight.data * 100  # no room for decimals, or for their digits
    told = [inside(draw(layer, x=article["inputs"]["x"]), f"n1_{i}")[0] for i in range(3)]
    assert told == ["468", "−969", "349"]


def test_circles_have_the_names_that_are_given():
    article = [list("ABCD"), list("EFG"), ["H"]]
    source = draw(samples.draelos()[0], labels=article).source
    places = {
        found[1]: (float(found[2]), float(found[3]))
        for found in re.finditer(r'\t(n\d_\d+(?:_name)?) \[.*?pos="([-\d.]+),([-\d.]+)!"', source)
    }
    for k, names in enumerate(article):
        for i, name in enumerate(names):
            (label,) = re.findall(rf"\tn{k}_{i}_name .*<B>(.*)</B>", source)
            assert label == name
            (x, y), (a, b) = places[f"n{k}_{i}"], places[f"n{k}_{i}_name"]
            assert {0: a < x and b == y, 1: a == x and b > y, 2: a > x and b == y}[k]
    some = draw(nn.MLP(2, [20, 1]), labels=[["<a>", "\\N"], map(str, range(20)), None]).source
    assert "&lt;a&gt;" in some
    assert ">19</B>" in some  # the last of a wide layer keeps its own name
    assert ">15</B>" not in some
    assert "n2_0_name" not in some
    assert "_name" not in draw(nn.MLP(2, [2, 1])).source


@pytest.mark.parametrize(
    ("labels", "got"),
    [([["a", "b"], None], "2 of 2, None"), ([["a"], None, None], "3 of 1, None, None"),
     ([None, ["a"], None], "3 of None, 1, None"), ("abc", "'abc'"),
     (["ab", None, None], "['ab', None, None]")],
)  # fmt: skip
def test_labels_that_do_not_fit_are_told(labels, got):
    with pytest.raises(ArgumentError) as error:
        draw(nn.MLP(2, [3, 1]), labels=labels)
    assert str(error.value) == (
        "draw: labels must name the inputs and the neurons of each layer.\n"
        "  expected  3 lists of 2, 3, 1 names; None in place of one leaves it out\n"
        f"  got       {got}"
    )


def test_labels_are_for_models():
    with pytest.raises(ArgumentError) as error:
        draw(mt.Value(2.0) * 3.0, labels=[["a"]])
    assert str(error.value) == (
        "draw: labels are names of a model's neurons, and values have names of their own.\n"
        "  expected  a model, for labels=\n  got       a Value\n"
        "  Name values with names=, or when you make them: Value(2.0, name='x')."
    )


def test_the_caption_makes_no_picture_wider():
    small, large = nn.Linear(4, 3), nn.MLP(4, [3, 3, 3])
    for model in (small, large):
        drawing = draw(model, x=[1.0] * 4, title="T")
        width = size_of(drawing.svg)[0]
        drawing.graph_attr["label"] = '""'
        assert width - size_of(drawing.svg)[0] < 1
    lines = [draw(m).graph_attr["label"].count('<BR ALIGN="LEFT"/>') for m in (small, large)]
    assert lines[0] > lines[1]


def test_activations_are_found_in_models_of_any_make():
    x = np.array([0.5, -1.0])
    hidden = np.tanh
    for bare in (False, True):

        class Net(samples.Module):
            def __init__(self):
                self.a = samples.Linear(np.array([[1.0, 2.0], [3.0, 4.0], [0.5, 0.5]]), np.zeros(3))
                self.b = samples.Linear(np.array([[1.0, -1.0, 2.0]]), np.ones(1))

            def forward(self, x, bare=bare):
                if not bare:
                    return self.b(hidden(self.a(x)))
                h = hidden(x @ self.a.weight.T + self.a.bias)
                return h @ np.transpose(self.b.weight) + self.b.bias

        net = Net()
        answer = np.tanh(net.a.weight.data @ x)
        drawing = draw(net, x=x)
        shown = [inside(drawing, f"n1_{i}")[0] for i in range(3)]
        assert shown == [f"{a:.3f}".rstrip("0").replace("-", "−") for a in answer]


@pytest.mark.parametrize(
    ("x", "got", "hint"),
    [
        ([1.0], "(1,)", ""),
        (np.ones((5, 4)), "(5, 4)", "\n  Of a batch, pass one row: x[0]."),
    ],
)
def test_what_is_no_input_of_the_network_is_told(x, got, hint):
    with pytest.raises(ArgumentError) as error:
        draw(samples.draelos()[0], x=x)
    assert str(error.value) == (
        "draw: x must be one input of the network.\n"
        f"  expected  4 numbers\n  got       an array of shape {got}{hint}"
    )


def test_a_model_that_leaves_a_layer_out_has_no_activations():
    net, x = samples.draelos()
    net.layers.append(samples.Linear(np.ones((1, 1)), np.ones(1)))
    net.forward = lambda x: net.layers[0](x)
    with pytest.raises(ArgumentError) as error:
        draw(net, x=x)
    assert str(error.value) == (
        "draw: Sigmoids gave no activation of each layer.\n"
        "  expected  a model whose layers are all used in its forward\n"
        "  got       activations of 1 of 3 layers\n"
        "  Leave x= out to draw its weights alone."
    )


def test_a_graph_takes_no_input():
    with pytest.raises(ArgumentError) as error:
        draw(samples.neuron(), x=[1.0])
    assert str(error.value) == (
        "draw: x is an input for a model's network, and a Value has its inputs already.\n"
        "  expected  a model, for x=\n"
        "  got       a Value"
    )


def test_the_textbooks_theme_has_inputs_red_weights_gold_and_biases_green():
    net, x = samples.draelos()
    source = draw(net, theme="textbook", x=x).source
    assert source.count(f'color="{TEXTBOOK.input[1]}"') == 4  # the circles, and no others
    assert {color[:7] for _, _, color, _ in lines(draw(net, theme="textbook"))} == {
        TEXTBOOK.weight[0]
    }
    assert source.count(f'COLOR="{TEXTBOOK.bias}"') == 4
    negative = sum(int(np.sum(layer.weight.data < 0)) for layer in net.layers)
    assert source.count("style=dashed") == negative == 5
    assert draw(samples.neuron(), theme="textbook").source.count(TEXTBOOK.input[1]) >= 2


def test_hostile_names_of_layers_are_only_text():
    class Named(samples.Module):
        def named_parameters(self, prefix=""):
            yield '<b>"&\\N.weight', mt.Value(np.ones((1, 2)))

    drawing = draw(Named())
    assert "&lt;b&gt;&quot;&amp;" in drawing.source
    assert drawing.svg
