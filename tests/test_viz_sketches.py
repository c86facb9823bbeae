"""Curves of functions are drawn where they are, with the derivatives that they have."""

import re
import xml.dom.minidom

import numpy as np
import pytest

import microtensor as mt
from microtensor import viz
from microtensor.errors import ArgumentError, ShapeError

PATH = re.compile(r'<path d="([^"]*)" fill="none" stroke="var\(--(\w+)\)"')
LEFT, RIGHT, TOP, BOTTOM = 36, 222, 26, 146  # of the ground that curves are drawn on


def ways(sketch):
    """Give the points of each curve, by the name of its colour, one list for each stroke."""
    found = {}
    for way, color in PATH.findall(sketch.svg):
        strokes = [stroke.split("L") for stroke in way.split("M")[1:]]
        found[color] = [[tuple(map(float, p.split())) for p in stroke] for stroke in strokes]
    return found


@pytest.mark.parametrize(
    ("function", "value", "slope"),
    [
        (mt.sigmoid, lambda x: 1 / (1 + np.exp(-x)),
         lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
        (np.tanh, np.tanh, lambda x: 1 / np.cosh(x) ** 2),
        (lambda x: x**3 - x, lambda x: x**3 - x, lambda x: 3 * x**2 - 1),
        (mt.relu, lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
        (np.floor, np.floor, lambda x: 0 * x),
        (lambda x: np.full(x.shape, 2.0), lambda x: 0 * x + 2, lambda x: 0 * x),
    ],
)  # fmt: skip
def test_a_curve_is_the_function_and_its_derivative(function, value, slope):
    (curve,) = viz.sketch(function, x=(-3, 2)).curves
    assert (curve.x[0], curve.x[-1]) == (-3, 2)
    np.testing.assert_allclose(curve.y, value(curve.x), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(curve.slope, slope(curve.x), rtol=1e-12, atol=1e-15)


def test_points_stand_where_their_numbers_are():
    drawn = ways(viz.sketch({"x": lambda x: x}, x=(0, 2), y=(0, 2)))
    ((*way,),) = drawn["forward"]
    assert way[0] == (LEFT, BOTTOM)
    assert way[-1] == (RIGHT, TOP)
    np.testing.assert_allclose(way[len(way) // 2], ((LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2))
    ((*level,),) = drawn["backward"]
    assert {y for _, y in level} == {(TOP + BOTTOM) / 2}  # the slope is 1


def test_where_a_function_jumps_the_pen_is_lifted():
    drawn = ways(viz.sketch(np.floor, x=(-1.5, 1.5)))
    assert len(drawn["forward"]) == 4  # from -2 to 1
    assert len(drawn["backward"]) == 1
    drawn = ways(viz.sketch(mt.relu))
    assert (len(drawn["forward"]), len(drawn["backward"])) == (1, 2)  # a kink, and its slope's jump
    assert len(ways(viz.sketch(np.sign))["forward"]) == 3
    for smooth in (mt.sigmoid, np.sin, np.exp, lambda x: x**3):
        assert [len(strokes) for strokes in ways(viz.sketch(smooth)).values()] == [1, 1]


def test_what_is_not_defined_is_not_drawn_and_warns_of_nothing():
    with np.errstate(all="raise"):
        drawn = ways(viz.sketch(np.log, x=(-2, 2)))
        assert "nowhere defined" in str(viz.sketch(lambda x: np.sqrt(-1 - x * x)))
    assert min(x for stroke in drawn["forward"] for x, _ in stroke) >= (LEFT + RIGHT) / 2
    pole = ways(viz.sketch(lambda x: 1 / x, y=(-3, 3)))["forward"]
    assert len(pole) == 2


def test_the_picture_is_sound_dark_in_the_dark_and_alone_on_its_page():
    sketch = viz.sketch(mt.sigmoid, {"<&>": mt.relu}, mt.tanh, mt.elu, mt.gelu)
    document = xml.dom.minidom.parseString(sketch.svg)
    assert document.documentElement.tagName == "svg"
    assert "&lt;&amp;&gt;" in sketch.svg
    assert "prefers-color-scheme:dark" in sketch.svg
    assert 'width="920px" height="340px"' in sketch.svg  # five panels, four of them in a row
    page = sketch._repr_html_()
    assert page.count("<svg") == page.count("light-dark(#000") == 5  # a page may have its own mind
    assert "light-dark" not in sketch.svg
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == len(set(ids)) == 5
    assert page == viz.sketch(mt.sigmoid, {"<&>": mt.relu}, mt.tanh, mt.elu, mt.gelu)._repr_html_()


def test_a_way_is_dots_on_its_curve_with_lines_between_them():
    curves = {"one": lambda w: w**2, "other": lambda w: w**2}
    sketch = viz.sketch(curves, x=(0, 2), y=(0, 4), derivative=False, ways={"other": [2, 1, 0.5]})
    one, other = sketch.curves
    assert one.way is None
    np.testing.assert_array_equal(other.way, [[2, 4], [1, 1], [0.5, 0.25]])
    dots = re.findall(r'<circle cx="(\S+)" cy="(\S+)" r="3" fill="var\(--(\w+)\)"', sketch.svg)
    places = [(float(x), float(y)) for x, y, _ in dots]
    across, down = (RIGHT - LEFT) / 2, (BOTTOM - TOP) / 4  # of 1 in a panel
    expected = [(LEFT + x * across, BOTTOM - y * down) for x, y in other.way]
    np.testing.assert_allclose(places, expected, atol=0.05)
    assert [fill for *_, fill in dots] == ["page", "ink", "ink"]  # the start is open
    assert ways(sketch)["ink"] == [places]
    assert str(sketch) == "one   from 0 to 4\nother   from 0 to 4   2 steps from 4 to 0.25"


def test_a_way_that_runs_away_leaves_the_panel():
    sketch = viz.sketch({"f": lambda w: w**2}, x=(-1, 1), ways={"f": [0.5, -2, 8, np.inf]})
    assert sketch.svg.count("<circle") == 3
    assert "nan" not in sketch.svg
    xml.dom.minidom.parseString(sketch.svg)


def test_it_is_told_in_words():
    told = str(viz.sketch({"square": lambda x: x**2}, mt.relu, x=(-1, 2), derivative=False))
    assert told == "square   from 0 to 4\nrelu   from 0 to 2"
    assert "stroke-dasharray" not in viz.sketch(mt.relu, derivative=False).svg
    assert repr(viz.sketch(lambda x: x, x=(0, 1))) == "f   from 0 to 1   its derivative from 1 to 1"


def test_it_is_saved_as_svg_and_as_nothing_else(tmp_path):
    sketch = viz.sketch(mt.sigmoid)
    assert sketch.save(tmp_path / "a.svg").read_text() == sketch.svg + "\n"
    with pytest.raises(ArgumentError) as error:
        sketch.save(tmp_path / "a.png")
    assert str(error.value) == (
        "save: curves are written as SVG.\n"
        "  expected  a file name that ends in .svg\n  got       'a.png'"
    )


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ArgumentError) as error:
        viz.sketch()
    assert str(error.value) == (
        "sketch: there is nothing to draw.\n"
        "  expected  functions of one number, such as mt.sigmoid\n  got       none"
    )
    for option, given in (("x", (3, 1)), ("x", 5), ("y", (0, np.inf))):
        with pytest.raises(ArgumentError) as error:
            viz.sketch(mt.relu, **{option: given})
        assert str(error.value) == (
            f"sketch: {option} says from where to where.\n"
            f"  expected  two numbers, the lower first, such as (-5, 5)\n  got       {given!r}"
        )
    with pytest.raises(ShapeError) as error:
        viz.sketch({"total": lambda x: x.sum()})
    assert str(error.value) == (
        "sketch: total must be a function of single numbers.\n"
        "  expected  481 numbers for 481, entry by entry\n  got       shape ()"
    )
    with pytest.raises(ArgumentError) as error:
        viz.sketch(mt.relu, mt.tanh, ways={"elu": [1.0]})
    assert str(error.value) == (
        "sketch: a way is on no curve.\n  expected  one of 'relu', 'tanh'\n  got       'elu'"
    )
    with pytest.raises(ShapeError) as error:
        viz.sketch(mt.relu, ways={"relu": [[1.0, 2.0]]})
    assert str(error.value) == (
        "sketch: the way on relu must be made of numbers.\n"
        "  expected  shape (M,), the places one after the other\n  got       shape (1, 2)"
    )
