"""Cards, and the traps of HTML-like labels: each cost somebody time once."""

import re
import xml.dom.minidom

import numpy as np
import pytest
import viz_samples as samples

import microtensor as mt
from microtensor.viz import snapshot
from microtensor.viz.cards import card, heat_map, pill_level, shrunk
from microtensor.viz.theme import DARK, LIGHT


def cards_of(root, theme=LIGHT, **options):
    taken = snapshot(root, **options)
    return {n.label: card(n, theme, largest=1.0) for n in taken.nodes}


def every_card():
    for root in (samples.neuron(), samples.pair()[0], samples.batch()[0], samples.classes()):
        for theme in (LIGHT, DARK):
            yield from cards_of(root, theme).values()


def cells(label):
    return re.findall(r'HEIGHT="11" BGCOLOR="(#\w+)"', label)


def test_every_card_is_well_formed():
    for label in every_card():
        xml.dom.minidom.parseString(label[1:-1].replace("&#160;", " "))


def test_no_font_and_no_italic_is_empty():
    # An empty <FONT></FONT> or <I></I> is a syntax error in an HTML-like label.
    for label in every_card():
        assert not re.search(r"<(FONT|I|B)[^>]*></\1>", label)


def test_the_whole_table_is_tinted_and_no_cell_but_pills_and_maps():
    # The ground of a cell is square, and pokes out of the round corners of its table.
    for label in every_card():
        for cell in re.findall(r"<TD[^>]*BGCOLOR[^>]*>", label):
            assert 'STYLE="ROUNDED"' in cell or "FIXEDSIZE" in cell


def test_tables_of_heat_maps_have_a_fixed_size():
    # Nested tables stretch to fill their cell.
    label = heat_map(np.ones((6, 4)), LIGHT)
    assert 'FIXEDSIZE="TRUE" WIDTH="46" HEIGHT="68"' in label


def test_the_largest_card_is_below_sixteen_kilobytes():
    # Graphviz of some years ago stops at longer labels.
    x = mt.Value(np.random.default_rng(0).normal(size=(50, 50)), name="x" * 500)
    labels = cards_of((x * 1.0).sum())
    assert max(len(label.encode()) for label in labels.values()) < 16_000


def test_a_role_is_told_by_word_shape_and_line():
    labels = cards_of(samples.neuron())
    assert ">input</FONT>" in labels["x1"]
    assert ">param</FONT>" in labels["w1"]
    assert ">output</FONT>" in labels["o"]
    assert 'STYLE="ROUNDED" COLOR="#0072B2"' in labels["x1"]
    assert labels["w1"].startswith('<<TABLE BORDER="1" COLOR="#8A6A00"')  # square corners
    assert labels["o"].startswith('<<TABLE BORDER="2"')
    constant = cards_of(mt.Value(1.0) * 2.0)["t2"]
    assert 'STYLE="ROUNDED,DASHED"' in constant
    assert "grad" not in constant


def test_a_gradient_that_was_not_computed_is_a_dash_and_never_zero():
    label = cards_of(mt.Value(2.0, name="x") * 3.0, gradients=False)["x"]
    assert "<B>—</B>" in label
    assert "<B>0</B>" not in label
    array = cards_of(mt.Value(np.ones(2), name="x") * 3.0)["x"]
    assert "—" in array


def test_without_gradients_a_card_has_no_place_for_one():
    neuron = mt.draw(samples.neuron(), gradients=False, fold="neurons").source
    arrays = mt.draw(samples.batch()[0], gradients=False).source
    modules = mt.draw(samples.batch()[0], gradients=False, depth=0).source
    row = mt.draw(mt.Value([1.0, 2.0], name="x") * 3.0, gradients=False).source
    for source in (neuron, arrays, modules, row):
        labels = re.sub(r'tooltip="[^"]*"', "", source)
        assert "data" in labels or "values" in labels
        assert "grad" not in labels
        assert "—" not in labels
    assert "grad" in re.sub(r'tooltip="[^"]*"', "", mt.draw(samples.neuron()).source)


def numbers_below_maps(array):
    label = cards_of(mt.Value(array, name="x") * 1.0, gradients=False)["x"]
    shown = re.findall(r">([^<>]+)</FONT>", label.partition("data")[2].partition("grad")[0])
    return [word for text in shown for word in re.split("(?:&#160;)+", text) if word]


def test_a_small_array_shows_its_numbers_and_a_larger_one_mean_and_spread():
    assert numbers_below_maps([2.7, -11.67, 0.1234567]) == ["2.7", "−11.67", "0.123"]
    small = [[3.0, 1.0, 5.0, -4.0], [-1.5, -3.0, 7.1, 5.2], [2.0, 1.0, np.nan, 2.9]]
    shown = ["3", "1", "5", "−4", "−1.5", "−3", "7.1", "5.2", "2", "1", "nan", "2.9"]
    assert numbers_below_maps(small) == shown
    for larger in (np.ones(5), np.ones((5, 3)), np.ones((1, 5)), np.ones((2, 2, 2))):
        assert numbers_below_maps(larger) == ["μ", "1", "σ", "0"]
    assert numbers_below_maps(np.ones((0, 2))) == ["μ", "nan", "σ", "nan"]


def test_a_gradient_of_zero_is_shown_as_zero():
    assert "<B>0</B>" in cards_of(samples.neuron())["w2"]


@pytest.mark.parametrize(
    ("grad", "level"),
    [(1.0, 4), (-1.0, 4), (0.1, 3), (0.01, 1), (1e-9, 1), (0.0, 0), (None, 0), (np.nan, 0)],
)
def test_the_pill_is_deeper_for_larger_gradients(grad, level):
    assert pill_level(grad, 1.0) == level


def test_without_a_largest_gradient_pills_are_flat():
    assert [pill_level(1.0, top) for top in (None, 0.0, np.inf)] == [0, 0, 0]


def test_a_heat_map_is_symmetric_about_zero():
    zero, ends = LIGHT.heat[4], (LIGHT.heat[0], LIGHT.heat[-1])
    assert cells(heat_map(np.array([-2.0, 0.0, 2.0]), LIGHT)) == [ends[0], zero, ends[1]]
    assert cells(heat_map(np.array([0.0, 1.0, 2.0]), LIGHT))[0] == zero
    assert cells(heat_map(np.zeros(3), LIGHT)) == [zero] * 3


def test_what_is_not_finite_has_a_colour_that_nothing_else_has():
    shown = cells(heat_map(np.array([1.0, np.nan, np.inf, -1.0]), LIGHT))
    assert shown == [LIGHT.heat[-1], LIGHT.nan, LIGHT.nan, LIGHT.heat[0]]
    assert LIGHT.nan not in LIGHT.heat + LIGHT.pills
    assert DARK.nan not in DARK.heat + DARK.pills


def test_a_block_shows_its_entry_of_largest_magnitude():
    matrix = np.zeros((40, 30))
    matrix[17, 5] = -3.0
    small = shrunk(matrix)
    assert small.shape == (10, 10)
    assert (small[4, 1], np.count_nonzero(small)) == (-3.0, 1)


@pytest.mark.parametrize(
    ("shape", "cells"),
    [((3,), (1, 3)), ((2, 3), (2, 3)), ((2, 3, 4), (6, 4)), ((100, 7), (10, 7)), ((0, 3), (1, 1))],
)
def test_any_shape_becomes_a_small_matrix(shape, cells):
    assert shrunk(np.ones(shape)).shape == cells


def test_constants_and_integers_have_no_map_of_a_gradient():
    labels = cards_of((mt.Value(np.ones(2), name="x") * np.array([1, 2])).sum())
    assert "<B>grad</B>" in labels["x"]
    assert "<B>grad</B>" not in labels["t2"]
    assert "i64" in labels["t2"]


def test_health_is_told_in_words():
    x = mt.Value(np.array([[1.0, -1.0], [2.0, -3.0]]), name="x")
    assert "1 of 2 ReLU units dead" in cards_of(mt.relu(x).sum())["t2"]


def test_a_name_need_not_repeat_the_path_of_its_module():
    loss, _, _ = samples.batch()
    node = next(n for n in snapshot(loss).nodes if n.name == "layers.0.weight")
    assert "<I>weight</I>" in card(node, LIGHT, largest=1.0, prefix="layers.0")
