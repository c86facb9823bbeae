"""Figures: they show the numbers that they were given, and ask nothing of pyplot."""

from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

import microtensor as mt
from microtensor import losses, nn, optim, train, viz
from microtensor.errors import ArgumentError, DependencyError, MicrotensorError, ShapeError
from microtensor.viz import canvas
from microtensor.viz.theme import DARK, LIGHT


def lines_of(axes):
    return {line.get_label(): line.get_ydata() for line in axes.lines if line.get_label()[0] != "_"}


# History


def test_each_measure_has_a_panel_and_its_validation_lies_in_it():
    lists = {
        "loss": [0.9, 0.2], "accuracy": [0.5, 0.7], "val_loss": [0.8, 0.3], "lr": [0.1, 0.1],
        "seconds": [1.0, 1.0],
    }  # fmt: skip
    figure = viz.history(lists)
    shown = {axes.get_title(loc="left"): lines_of(axes) for axes in figure.axes}
    assert set(shown) == {"loss", "accuracy"}
    assert list(shown["loss"]["training"]) == lists["loss"]
    assert list(shown["loss"]["validation"]) == lists["val_loss"]
    assert list(shown["accuracy"]["training"]) == lists["accuracy"]


def test_a_learning_rate_that_changes_is_shown():
    figure = viz.history({"loss": [0.9, 0.2], "lr": [0.1, 0.01]})
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["loss", "lr"]


@pytest.mark.parametrize(
    ("loss", "scale"), [([1, 0.01], "log"), ([1, 0.5], "linear"), ([1, 0.0], "linear")]
)
def test_a_loss_that_falls_far_has_a_logarithmic_axis(loss, scale):
    assert viz.history({"loss": loss}).axes[0].get_yscale() == scale


def test_the_best_validation_is_marked_where_it_was():
    figure = viz.history({"loss": [3, 2, 1], "val_loss": [3, 1.5, 2]})
    assert any(text.get_text() == "best 1.5, epoch 2" for text in figure.axes[0].texts)


@pytest.mark.parametrize(("best", "side"), [(1, "left"), (10, "center"), (18, "right")])
def test_the_mark_of_an_early_or_late_best_lies_beside_it(best, side):
    loss = np.where(np.arange(20) == best, 1.0, 2.0)
    texts = viz.history({"loss": loss, "val_loss": loss}).axes[0].texts
    [mark] = [text for text in texts if text.get_text().startswith("best")]
    assert mark.get_ha() == side


def test_a_history_of_training_can_be_given():
    net = nn.MLP(2, [4, 1], rng=0)
    x = np.random.default_rng(0).standard_normal((8, 2))
    done = train.fit(
        net, losses.mse, [(x, x[:, :1])], optimizer=optim.SGD(net.parameters(), lr=0.1),
        epochs=3, progress=False,
    )  # fmt: skip
    assert list(lines_of(viz.history(done).axes[0])["training"]) == done["loss"]


# Decision boundary

CORNERS = np.array([[0.0, 0.0], [1.0, 1.0], [0.2, 0.1], [0.9, 0.7]])


def boundary(figure):
    contours = [c for c in figure.axes[0].collections if hasattr(c, "levels")]
    (contour,) = contours
    return np.concatenate([p.vertices for p in contour.get_paths()])


def test_the_line_lies_where_the_score_passes_its_threshold():
    figure = viz.decision_boundary(lambda x: x @ [1.0, 2.0] - 1.5, CORNERS, [0, 1, 0, 1])
    found = boundary(figure)
    assert len(found) > 100
    assert np.max(np.abs(found @ [1.0, 2.0] - 1.5)) < 1e-6
    assert np.max(np.abs(found @ [2.0, 1.0] - 1.5)) > 0.1  # another line would be noticed


def test_probabilities_are_cut_in_the_middle():
    figure = viz.decision_boundary(
        lambda x: 1 / (1 + np.exp(-(x[:, 0] - 0.3))), CORNERS, [0, 1, 0, 1]
    )
    assert np.max(np.abs(boundary(figure)[:, 0] - 0.3)) < 1e-4


@pytest.mark.parametrize("labels", [[0, 1, 0, 0], [-1, 1, -1, -1]])
def test_the_accuracy_is_that_of_the_data(labels):
    figure = viz.decision_boundary(lambda x: x.sum(axis=1) - 1, CORNERS, labels)
    assert figure.axes[0].get_title(loc="left") == "accuracy 75 %"


def test_of_several_classes_each_point_has_the_tint_of_its_largest_score():
    def scores(x):
        return np.stack([-x[:, 0], x[:, 0], np.full(len(x), -9.0)], axis=1)

    figure = viz.decision_boundary(scores, CORNERS - 0.5, [0, 1, 0, 1], classes=["a", "b", "c"])
    picture = np.asarray(figure.axes[0].images[0].get_array())
    left, right = picture[:, :100].mean(axis=(0, 1)), picture[:, -100:].mean(axis=(0, 1))
    assert left[2] > left[0]  # the first class is blue
    assert right[0] > right[1]  # the second is magenta
    words = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert words == ["a", "b"]


def test_asking_a_model_changes_nothing():
    net = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(0.5, rng=0), nn.Linear(2, 1, rng=0))
    net[2].bias.data = -net[2].weight.data.sum(axis=1) / 2  # the line passes through the data
    before = {name: x.copy() for name, x in net.state_dict().items()}
    figure = viz.decision_boundary(net, CORNERS, [0, 1, 0, 1])
    assert all(np.array_equal(net.state_dict()[name], x) for name, x in before.items())
    assert net.training
    assert all(m.training for m in net.modules())
    again = viz.decision_boundary(net, CORNERS, [0, 1, 0, 1])
    assert np.array_equal(boundary(figure), boundary(again))  # no dropout in what is shown


# Heat-map


def test_a_heat_map_is_symmetric_about_0_and_shows_what_is_not_finite():
    figure = viz.heatmap([[1.0, -3.0], [np.nan, np.inf]], rows=["a", "b"], columns=["c", "d"])
    axes = figure.axes[0]
    (picture,) = axes.images
    assert picture.get_clim() == (-3, 3)
    pixels = picture.to_rgba(picture.get_array())
    nan = [int(LIGHT.nan[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    assert np.allclose(pixels[1, :, :3], nan)
    assert pixels[0, 0, 1] > pixels[0, 0, 0]  # green
    assert pixels[0, 1, 0] > pixels[0, 1, 1]  # purple
    assert [t.get_text() for t in axes.get_yticklabels()] == ["a", "b"]
    assert [t.get_text() for t in axes.texts] == ["1", "−3", "nan", "∞"]
    assert axes.get_xlabel() == "yellow: 2 not finite"


def test_zero_is_white_whatever_the_numbers():
    picture = viz.heatmap(mt.Value([0.0, 5.0, 7.0])).axes[0].images[0]
    assert np.allclose(picture.to_rgba(0.0)[:3], 0xF7 / 255, atol=0.01)


# Surface


def bowl(x, y):
    return x * x + 4 * y * y


def test_descent_is_the_optimizers_own():
    way = viz.descend(bowl, (1.0, 1.0), lambda p: optim.SGD(p, lr=0.1), steps=3)
    expected = np.array([[(1 - 0.2) ** n, (1 - 0.8) ** n] for n in range(4)])
    assert np.allclose(way, expected)
    assert not np.allclose(way, expected[::-1])


def test_a_descent_that_diverges_ends_with_its_last_finite_point():
    with np.errstate(all="ignore"):
        way = viz.descend(bowl, (1.0, 1.0), lambda p: optim.SGD(p, lr=1e30), steps=50)
    assert len(way) < 51
    assert np.isfinite(way).all()


@pytest.mark.parametrize("kind", ["contour", "3d"])
def test_ways_lie_where_the_optimizer_went(kind):
    way = viz.descend(bowl, (1.0, 1.0), lambda p: optim.SGD(p, lr=0.1), steps=10)
    figure = viz.surface(bowl, paths={"SGD": way}, minimum=(0, 0), kind=kind, title="A bowl")
    axes = figure.axes[0]
    line = axes.lines[0]
    drawn = line.get_data_3d()[:2] if kind == "3d" else line.get_data()
    drawn = np.stack(drawn, axis=1)
    assert np.allclose(drawn[::8] if kind == "3d" else drawn, way)
    end = float(bowl(*way[-1]))
    legend = figure.legends[0] if kind == "3d" else axes.get_legend()
    assert legend.get_texts()[0].get_text() == (f"SGD, 10 steps to {viz.theme.short(end)}")


def test_a_function_of_numbers_alone_is_asked_for_each_point():
    import math

    heights = viz.landscapes._heights
    x, y = np.meshgrid([0.0, 1.0, 2.0], [0.0, 3.0])
    assert np.allclose(heights(lambda a, b: math.hypot(a, b), x, y), np.hypot(x, y))
    assert np.allclose(heights(lambda a, b: 7.0, x, y), 7.0)
    assert np.allclose(heights(lambda a, b: mt.Value(a) * b, x, y), x * y)


# Plots


def test_each_line_and_point_of_a_plot_is_where_it_was_given():
    x = np.array([0.0, 1.0, 2.0])
    figure = viz.plot(
        {"exact": (x, x**2), "network": (x[:, None], mt.Value(x[:, None]) * 2)},
        points={"seen": ([1.0], [3.0])},
        names=("t", "u"),
        title="two lines",
    )
    (axes,) = figure.axes
    shown = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert shown == {
        "exact": [[0, 0], [1, 1], [2, 4]], "network": [[0, 0], [1, 2], [2, 4]], "seen": [[1, 3]],
    }  # fmt: skip
    assert [line.get_linestyle() for line in axes.lines] == ["-", "--", "None"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("t", "u")
    assert axes.get_title(loc="left") == "two lines"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(shown)


def test_a_plot_of_one_line_needs_no_legend_and_its_axis_may_be_logarithmic():
    (axes,) = viz.plot({"error": ([0, 1], [1.0, 0.01])}, log=True).axes
    assert axes.get_legend() is None
    assert axes.get_yscale() == "log"


def test_a_map_has_one_scale():
    (axes,) = viz.plot({"orbit": ([0, 1, 0], [0, 1, 2])}, equal=True).axes
    assert axes.get_aspect() == 1


def test_the_words_of_a_plots_legend_change_in_the_dark():
    svg = viz.plot({"one": ([0, 1], [1, 2]), "two": ([0, 1], [2, 1])})._repr_svg_()
    legend = svg[svg.index('id="legend_1"') :]
    assert legend.count(f"fill: {LIGHT.ink.lower()}") == 2
    assert dark_rules(svg)["fill", LIGHT.ink.lower()] == DARK.ink


# All


def test_pyplot_is_not_loaded_and_matplotlib_only_when_a_figure_is_drawn():
    source = (
        "import sys; from microtensor import viz; viz.history; assert 'matplotlib' not in "
        "sys.modules; viz.heatmap([1.0, 2.0]); print('matplotlib.pyplot' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_figures_show_themselves_and_save_the_same_bytes(tmp_path):
    figure = viz.heatmap([[1.0, 2.0]])
    assert figure._repr_png_().startswith(b"\x89PNG")
    paths = [figure.save(tmp_path / name) for name in ("a.svg", "b.png", "c.pdf")]
    assert [p.read_bytes()[:4] for p in paths] == [b"<?xm", b"\x89PNG", b"%PDF"]
    one, two = (viz.heatmap([[1.0, 2.0]]).save(tmp_path / f"{n}.svg") for n in "12")
    assert one.read_bytes() == two.read_bytes()
    with pytest.raises(ArgumentError) as error:
        figure.save(tmp_path / "a.gif")
    assert str(error.value) == (
        "save: the suffix says how a figure is written.\n"
        "  expected  .svg, .png or .pdf\n"
        "  got       '.gif'"
    )


def dark_rules(svg):
    """Which colours change in the dark: (property, light) to dark."""
    rule = r'\.(mt-\w+) \[style\*="(\w+): (#\w+)"\]:not\(\[id\^=kept\] \*\)\{\2:(#\w+)!important\}'
    found = re.findall(rule, svg)
    assert {scope for scope, *_ in found} == {
        re.search(r'<svg role="img" class="(mt-\w+)"', svg)[1]
    }
    return {(word, light): dark for _, word, light, dark in found}


def test_the_page_and_the_lines_of_a_figure_change_in_the_dark():
    svg = viz.history({"loss": [1.0, 0.5], "val_loss": [1.0, 0.7]})._repr_svg_()
    rules = dark_rules(svg)
    assert svg.count("prefers-color-scheme:dark") == 1
    for word, token in (("fill", "page"), ("stroke", "forward"), ("stroke", "backward"),
                        ("fill", "ink"), ("stroke", "heat_line")):  # fmt: skip
        light, dark = getattr(LIGHT, token).lower(), getattr(DARK, token)
        assert f"{word}: {light}" in svg, token
        assert rules[word, light] == dark


def test_a_figure_says_what_it_shows():
    def title(figure):
        return re.findall("<title>(.*)</title>", figure._repr_svg_())

    lists = {"loss": [1.0, 0.5, 0.7], "val_loss": [1.0, 0.8, 0.9]}
    [told] = title(viz.history(lists, title="A & B"))
    assert told == ("A &amp; B, loss, epoch, best 0.8, epoch 2, training 0.7, validation 0.9")
    assert title(viz.heatmap(np.eye(9), title="w")) == ["w"]  # and not 81 numbers
    assert title(viz.heatmap(np.eye(9))) == []


def test_what_stands_on_a_map_stays_as_it_is_in_the_dark():
    """White words on dark green, in a group that the rules leave out; and the title in none."""
    root = ElementTree.fromstring(viz.heatmap([[1.0, 0.1]], title="w")._repr_svg_())
    kept = {
        part for group in root.iter() if group.get("id", "").startswith("kept")
        for part in group.iter()
    }  # fmt: skip
    words = {
        fill: [g for g in root.iter() if g.get("style", "").startswith(f"fill: {fill.lower()}")]
        for fill in (LIGHT.page, LIGHT.ink)
    }
    on_green = [g for g in words[LIGHT.page] if g in kept and g.tag.endswith("}g")]
    assert len(on_green) == 1
    page = [g for g in words[LIGHT.page] if g not in kept]
    assert len(page) == 3  # of the figure, and of two axes
    in_ink = [g in kept for g in words[LIGHT.ink] if g.tag.endswith("}g")]
    assert sorted(in_ink) == [False, True]  # the title, and 0.1 on its light ground


def test_mountains_are_pixels_in_a_notebook_and_stay_light():
    figure = viz.surface(lambda u, v: u * u + v * v, kind="3d", steps=11)
    assert figure._repr_svg_() is None
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert b"prefers-color-scheme" not in canvas._content(figure, "svg")


def test_without_matplotlib_each_figure_says_how_to_get_it(monkeypatch):
    canvas.figure_class.cache_clear()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    for draw in (
        lambda: viz.history({"loss": [1.0]}),
        lambda: viz.heatmap([1.0]),
        lambda: viz.surface(bowl),
        lambda: viz.plot({"line": ([0, 1], [2, 3])}),
        lambda: viz.decision_boundary(lambda x: x[:, 0], CORNERS, [0, 1, 0, 1]),
    ):
        with pytest.raises(DependencyError) as error:
            draw()
        assert str(error.value) == (
            'Figures need matplotlib, and it is not installed.\n  pip install "microtensor[plot]"'
        )


MISUSE = [
    (
        lambda: viz.plot({}),
        "plot: there is nothing to draw.\n"
        '  expected  lines or points by their names, such as {"exact": (x, y)}\n'
        "  got       neither",
    ),
    (
        lambda: viz.plot({"u": ([1, 2], [[3, 4, 5]])}),
        "plot: u must be two arrays of one size.\n"
        "  expected  (x, y), a place in y for each in x\n"
        "  got       shape (2,), shape (1, 3)",
    ),
    (
        lambda: viz.plot({"u": np.ones(3)}),
        "plot: u must be two arrays of one size.\n"
        "  expected  (x, y), a place in y for each in x\n"
        "  got       shape (3,)",
    ),
    (
        lambda: viz.history({}),
        "history: there is nothing to draw.\n"
        '  expected  lists with one number per epoch, such as {"loss": [0.9, 0.4]}\n'
        "  got       no epoch",
    ),
    (
        lambda: viz.history({"loss": [1, 2], "f1": [1]}),
        "history: the lists must be of one length.\n"
        "  expected  one number per epoch in each\n"
        "  got       2 of loss, 1 of f1\n"
        "  Where nothing was measured, put nan.",
    ),
    (
        lambda: viz.decision_boundary(bowl, np.zeros((3, 4)), [0, 1, 0]),
        "decision_boundary: the map is of inputs of two numbers.\n"
        "  expected  X of shape (N, 2), and N labels\n"
        "  got       X of shape (3, 4), and 3 labels\n"
        "  For more features, choose two of them, and fix the others in a function.",
    ),
    (
        lambda: viz.decision_boundary(lambda x: x.sum(), CORNERS, [0, 1, 0, 1]),
        "decision_boundary: the model must give scores for each row.\n"
        "  expected  shape (4096,), (4096, 1) or (4096, K)\n"
        "  got       shape ()",
    ),
    (
        lambda: viz.heatmap(np.zeros((2, 2, 2))),
        "heatmap: an array of one or two axes is needed.\n"
        "  expected  shape (R, C) or (C,), with numbers in it\n"
        "  got       shape (2, 2, 2)\n"
        "  Take a part, as in heatmap(w[0]), or reshape it.",
    ),
    (
        lambda: viz.heatmap([1.0, 2.0], columns=["a"]),
        "heatmap: columns must name each of them.\n"
        "  expected  2 names, for an array of shape 1×2\n"
        "  got       1 names",
    ),
    (
        lambda: viz.heatmap([1.0], limit=0),
        "heatmap: limit must be greater than 0.\n  expected  such as 1.0\n  got       0",
    ),
    (
        lambda: viz.surface(bowl, x=(1, 1)),
        "surface: the range of x is empty.\n"
        "  expected  a lower number and a higher one\n"
        "  got       (1, 1)",
    ),
    (
        lambda: viz.surface(lambda x, y: x + np.nan),
        "surface: the function is finite nowhere in this range.\n"
        "  expected  numbers\n"
        "  got       nan or infinity at every point",
    ),
    (
        lambda: viz.surface(bowl, paths={"way": [1.0, 2.0]}),
        "surface: the way 'way' must be made of points.\n"
        "  expected  shape (N, 2)\n"
        "  got       shape (2,)",
    ),
    (
        lambda: viz.surface(bowl, kind="mountain"),
        "surface: kind is not one that is known.\n"
        "  expected  'contour' or '3d'\n"
        "  got       'mountain'",
    ),
    (
        lambda: viz.descend(bowl, [1.0], lambda p: optim.SGD(p, lr=1.0)),
        "descend: the start must be two numbers.\n"
        "  expected  such as (-1.5, 2.0)\n"
        "  got       [1.0]",
    ),
    (
        lambda: viz.surface(lambda x, y: np.ones(3), steps=2),
        "surface: the function must give one number for each point.\n"
        "  expected  a loss, such as lambda x, y: x * x + y * y\n"
        "  got       shape (3,)",
    ),
]


@pytest.mark.parametrize(("call", "message"), MISUSE, ids=[m.split(":")[0] for _, m in MISUSE])
def test_misuse_is_told(call, message):
    with pytest.raises(MicrotensorError) as error:
        call()
    assert isinstance(error.value, ArgumentError | ShapeError)
    assert str(error.value) == message
