"""What every picture shares: digits, signs, escapes and colours."""

import numpy as np
import pytest

from microtensor.errors import ArgumentError
from microtensor.viz.theme import (
    DARK,
    LIGHT,
    TEXTBOOK,
    TEXTBOOK_DARK,
    clean,
    dtype_word,
    factor,
    html,
    light_to_dark,
    number,
    one_of,
    quoted,
    shape_word,
    short,
    symbol,
)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.70710678, "0.7071"),
        (2.0, "2"),
        (-3.0, "−3"),
        (0.0, "0"),
        (-0.0, "0"),
        (None, "—"),
        (1.234e-5, "1.234e−5"),
        (-123456.0, "−1.2346e5"),
        (99999.5, "99999.5"),
        (1e-3, "0.001"),
        (float("nan"), "nan"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
        (7, "7"),
        (np.float32(0.1), "0.1"),
        (1e300, "1e300"),
    ],
)
def test_a_number_has_four_decimals_no_trailing_zeros_and_a_true_minus(x, text):
    assert number(x) == text


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (13.4567, "13.5"),
        (-0.098149, "−0.0981"),
        (0.5, "0.5"),
        (0.0, "0"),
        (1.0, "1"),
        (123.4, "123"),
        (1230.0, "1230"),
        (123456.0, "1.23e5"),
        (4.3857e-4, "4.39e−4"),
        (None, "—"),
        (float("nan"), "nan"),
        (100.0, "100"),
    ],
)
def test_a_number_on_an_arrow_has_three_significant_digits(x, text):
    assert short(x) == text


def test_a_negative_factor_stands_in_parentheses():
    assert (factor(-3.0), factor(0.5)) == ("(−3)", "0.5")


def test_dtypes_and_shapes_are_written_in_short():
    words = [dtype_word(t) for t in (np.float64, np.float32, np.int64, np.uint8, bool, "<U3")]
    assert words == ["f64", "f32", "i64", "u8", "bool", "str96"]
    assert [shape_word(s) for s in [(), (3,), (6, 4)]] == ["scalar", "3", "6×4"]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("</script>", "&lt;/script&gt;"),
        ('say "x"', "say &quot;x&quot;"),
        ("{a|b}", "{a|b}"),
        ("a & b", "a &amp; b"),
        ("\\N \\G \\", "\\\u200bN \\\u200bG \\"),
        ("a\nb\r\tc", "a b  c"),
        ("", "&#160;"),
        ("\x00\x1b", "\ufffd\ufffd"),
        ("\ud800", "\ufffd"),
        ("\u202eevil", "evil"),
        ("😀", "😀"),
        ("שלום", "שלום"),
    ],
)
def test_text_in_a_label_is_escaped_and_never_empty(text, escaped):
    assert html(text) == escaped


def test_a_quoted_text_stands_for_exactly_this_text():
    assert quoted('"\\N" & <b>') == '"\\"\\\\N\\" &amp; <b>"'


def test_long_text_is_cut():
    assert clean("x" * 5000) == "x" * 199 + "…"
    assert clean("x" * 5000, 24) == "x" * 23 + "…"


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("w1", "1"),
        ("x_2", "2"),
        ("w1_2", "1,2"),
        ("w.0", "0"),
        ("net_h1", "h1"),
        ("w", None),
        ("W1[0,1]", "[0,1]"),
        ("layers.0.bias[3]", "[3]"),
        ("learning_rate", None),
        ("x[i]", None),
        ("weight", None),
        ("x_", None),
    ],
)
def test_an_index_is_lowered(name, index):
    base = name if index is None else name[: len(name) - len(index)].rstrip("_.")
    lowered = "" if index is None else f'<FONT POINT-SIZE="8">{index}</FONT>'
    assert symbol(name) == f"<I>{base}{lowered}</I>"


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a, b):
    """The ratio of WCAG 2: 1 for equal colours, 21 for black on white."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def texts_on_grounds(theme):
    for kind in ("input", "param", "op", "const", "output", "module"):
        fill, line = theme.role(kind)
        role = [line] if kind != "module" else []  # a module has no word for its role
        yield from ((text, fill) for text in (theme.ink, theme.muted, theme.forward, *role))
    yield from ((theme.pill_ink, pill) for pill in theme.pills[1:])
    yield from ((theme.muted, ground) for ground in (*theme.clusters, theme.page, theme.pills[0]))
    yield from ((theme.backward, ground) for ground in (*theme.clusters, theme.page, theme.op[0]))
    yield theme.health[1], theme.health[0]
    yield from ((text, theme.ground) for text in (theme.ink, theme.backward))
    if theme.bias:  # of a network in the colours of a textbook
        yield from ((theme.bias, theme.role(kind)[0]) for kind in ("op", "output"))
        yield from ((theme.weight[1], ground) for ground in (theme.ground, theme.page))


THEMES = {"light": LIGHT, "dark": DARK, "textbook": TEXTBOOK, "textbook, dark": TEXTBOOK_DARK}


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_all_text_has_a_contrast_of_at_least_four_and_a_half(theme):
    worst = min((contrast(text, ground), text, ground) for text, ground in texts_on_grounds(theme))
    assert worst[0] >= 4.5, worst
    assert contrast(theme.arrow, theme.page) >= 3


def test_the_measure_of_contrast_objects_to_grey_on_grey():
    assert contrast("#FFFFFF", "#000000") == pytest.approx(21)
    assert contrast("#999999", "#AAAAAA") < 1.5


def test_each_light_colour_has_one_dark_one():
    by_place = {"page", "clusters", "pills"}  # these share a colour with something
    for theme, light, dark in (("auto", LIGHT, DARK), ("textbook", TEXTBOOK, TEXTBOOK_DARK)):
        pairs = dict(light_to_dark(theme))
        assert len(pairs) == len(light_to_dark(theme))
        for token in set(light.__dataclass_fields__) - by_place:
            colours = np.ravel([getattr(light, token)]), np.ravel([getattr(dark, token)])
            for a, b in zip(*colours, strict=True):
                assert not a or pairs[a] == b, token
    assert light_to_dark("light") == light_to_dark("dark") == []


def test_an_unknown_option_is_refused_with_those_that_are_known():
    with pytest.raises(ArgumentError) as error:
        one_of("draw", "theme", "solarized", ("auto", "light"))
    assert str(error.value) == (
        "draw: theme is not one that is known.\n"
        "  expected  'auto' or 'light'\n"
        "  got       'solarized'"
    )
