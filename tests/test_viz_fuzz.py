"""Whatever text users give: it is text in every picture and every explanation, and never more."""

import html.parser
import json
import re
import xml.dom.minidom

import numpy as np
import pytest
import viz_samples as samples
from hypothesis import example, given, settings
from hypothesis import strategies as st

import microtensor as mt
from microtensor.viz import draw, engine, explain, snapshot
from microtensor.viz.theme import clean

TOKENS = [
    "</script>", "<script>alert(1)</script>", '"><img onerror=alert(1)>', "'", '"', "\\", "\\N",
    "\\G", "\\end{enumerate}", "\\input{x}", "$", "$$", "{", "}", "{|}", "|", "<B>", "</TD>", "&",
    "&amp;", "&#x3c;", "\n", "\r", "\t", "\x00", "\x1b[31m", "\u2028", "\u202e", "\ud800", "\ufffe",
    "]]>", "-->", "<!--", "%", "#", "_", "^", "~", "`", "```", "😀", "中文", "שלום", "́", ";", "//",
    "/*", "x1", "w_2", " ", "![](javascript:1)", "[a](b)", "|a|b|", "=\n===", "- ", "<?xml",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(TOKENS) | st.text(max_size=4), max_size=8).map("".join)
FEW = settings(max_examples=12, deadline=None, derandomize=True)  # each is laid out by a program
MANY = settings(max_examples=120, deadline=None, derandomize=True)
ALL = "".join(TOKENS)


@pytest.fixture(autouse=True, scope="module")
def _one_engine():
    found, pure = engine.find_programs, engine._find_pure()
    engine.find_programs = lambda: [pure]
    yield
    engine.find_programs = found


def graph(a, b, c):
    """Make a graph of three names: of a leaf, of a constant, and of an operation."""
    x = mt.Value(2.0, name=a)
    y = (x * x).tanh()
    y.name = c
    return y * mt.Value(0.5, name=b)


def arrays(a, b, c):
    x = mt.Value(np.ones((2, 2)), name=a)
    y = np.tanh(x @ x)
    y.name = b
    out = y.sum()
    out.name = c
    return out


def skeleton(svg):
    """Count the elements of a picture, and look at their attributes."""
    tree = xml.dom.minidom.parseString(svg)
    found = {}
    for element in tree.getElementsByTagName("*"):
        found[element.tagName] = found.get(element.tagName, 0) + 1
        assert not [name for name in element.attributes.keys() if name.lower().startswith("on")]  # noqa: SIM118
        assert not element.getAttribute("href")
    return {tag: n for tag, n in found.items() if tag != "text"}  # an index is a text of its own


@FEW
@given(TEXTS, TEXTS, TEXTS, st.sampled_from(["card", "micrograd"]))
@example(ALL, ALL, ALL, "card")
@example(ALL, ALL, ALL, "micrograd")
def test_names_and_titles_are_text_in_every_picture(a, b, c, style):
    for make in (graph, arrays):
        drawing = draw(make(a, b, c), title=a, style=style)
        plain = draw(make("p", "q", "r"), title="p", style=style)
        assert skeleton(drawing.svg) == skeleton(plain.svg)
        assert drawing.warnings == ()


@FEW
@given(TEXTS, TEXTS, TEXTS)
@example(ALL, ALL, ALL)
@example("w[0,1]", "w[0", "]")
def test_names_in_the_box_of_a_neuron_are_text(a, b, c):
    def neuron(*names):
        w, x, bias = (mt.Value(v, name=n) for v, n in zip((2.0, 3.0, 1.0), names, strict=True))
        return draw(np.tanh(w * x + bias), fold="neurons", params=[w, bias])

    drawing = neuron(a, b, c)
    assert "1 neuron" in drawing.source
    assert skeleton(drawing.svg) == skeleton(neuron("p", "q", "r").svg)
    assert drawing.warnings == ()


@FEW
@given(TEXTS, TEXTS)
@example(ALL, ALL)
def test_names_of_modules_and_paths_are_text(kind, path):
    class Model(samples.Module):
        def __init__(self):
            self.weight = mt.Value(np.eye(2))

        def forward(self, x):
            return np.tanh(x @ self.weight) + 1.0

        def named_parameters(self, prefix=""):
            yield f"{path}.weight", self.weight

    called = re.sub("[\x00\ud800-\udfff]", "", kind)  # Python has no such names of classes
    cls = type(called, (Model,), {})
    model = cls()
    x = mt.Value(np.ones((1, 2)), name="x")
    for depth in (None, 0):
        drawing = draw(model(x).sum(), depth=depth, edges="labels")
        skeleton(drawing.svg)
        assert drawing.warnings == ()
    network = draw(model, title=kind)
    skeleton(network.svg)
    assert network.warnings == ()


def test_the_test_of_pictures_objects_to_an_element_and_to_an_attribute():
    with pytest.raises(AssertionError):
        skeleton('<svg><g onclick="1"/></svg>')
    assert skeleton("<svg><script/></svg>") != skeleton("<svg/>")


class Tags(html.parser.HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, attrs))


@FEW
@given(TEXTS, TEXTS, TEXTS)
@example(ALL, ALL, ALL)
@example("</script>", "<!--", "]]>")
def test_names_titles_and_words_are_data_in_a_page(a, b, c):
    def page(a, b, c):
        value = graph(a, b, c)
        return mt.explore(value, title="t" + c, colors={value: b}).html

    hostile, plain = page(a, b, c), page("p", "q", "r")
    assert Tags(hostile).found == Tags(plain).found
    data = re.search(r'<script type="application/json" id="graph">(.*?)</script', hostile, re.S)[1]
    found = json.loads(data)
    given = {k: clean(text, 5_000) for k, text in (("0", a), ("2", c), ("3", b)) if text}
    assert found["names"] == given
    assert (found["title"], found["told"]) == (clean("t" + c), {"4": clean(b)})


@MANY
@given(TEXTS, TEXTS, TEXTS)
@example(ALL, ALL, ALL)
def test_names_are_text_in_every_explanation(a, b, c):
    for make in (graph, arrays):
        told, plain = (explain(make(*names)) for names in ((a, b, c), ("p", "q", "r")))
        assert Tags(told.to_html()).found == Tags(plain.to_html()).found
        assert told.to_text().count("\n") == plain.to_text().count("\n")
        for page in (told.to_text(), told.to_html(), told.to_markdown(), told.to_latex()):
            page.encode()  # no half of a character
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", page)
        assert told.to_markdown().count("\n") == plain.to_markdown().count("\n")
        for line in told.to_markdown().splitlines():
            math = line.replace(r"\$", "")
            assert math.count("$") % 2 == 0
            assert "<" not in math  # markdown passes elements on
        commands = set(re.findall(r"\\[a-zA-Z]+", told.to_latex()))
        allowed = {  # what the characters of names are written as
            r"\mathrm", r"\mathit", r"\textless", r"\textgreater", r"\text", r"\backslash",
            r"\hat", r"\sim", r"\lt", r"\gt",
        }  # fmt: skip
        assert commands <= allowed | set(re.findall(r"\\[a-zA-Z]+", plain.to_latex()))
        assert balanced(told.to_latex())


@FEW
@given(TEXTS, TEXTS, TEXTS)
@example(ALL, ALL, ALL)
def test_names_are_text_in_every_table(a, b, c):
    for told, plain in zip(tables(a, b, c), tables("p", "q", "r"), strict=True):
        told.encode()
        assert told.count("\n") == plain.count("\n")
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", told)


def tables(a, b, c):
    root = graph(a, b, c)
    leaf = next(v for v in mt.graph.ancestors(root) if v.fn is None)
    return str(mt.nudge(root)), str(mt.paths(root, leaf)), str(mt.what_if(root, {leaf: 3.0}))


def balanced(latex):
    """Tell whether braces that group are closed in turn."""
    depth = 0
    for brace in re.findall(r"\\.|[{}]", latex, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(brace, 0)
        if depth < 0:
            return False
    return depth == 0


def test_the_test_of_braces_objects():
    assert balanced(r"\{ {x} \\{y}")
    assert not balanced("}{")
    assert not balanced(r"{\}")


@MANY
@given(TEXTS, TEXTS, TEXTS)
@example(ALL, ALL, ALL)
def test_names_come_back_from_json_as_they_were(a, b, c):
    taken = snapshot(graph(a, b, c))
    back = json.loads(json.dumps(taken.to_json(), allow_nan=False))
    assert back == taken.to_json()
    assert [node["name"] for node in back["nodes"] if node["name"]] == [n for n in (a, c, b) if n]
    assert len(taken.to_text().splitlines()) == len(snapshot(graph(*"pqr")).to_text().splitlines())
