"""The explorer's page as it is written; how it behaves is tested in a browser, in tests/browser."""

import base64
import hashlib
import json
import re

import numpy as np
import pytest

import microtensor as mt
from microtensor import Value
from microtensor.errors import ArgumentError
from microtensor.lines import source_lines
from microtensor.viz import exploring, snapshot
from microtensor.viz.columns import columns, packed, script_json
from microtensor.viz.counterparts import javascript
from microtensor.viz.squeezing import squeezed, tokens_of
from microtensor.viz.terms import Term, number, symbol

TYPES = {"Uint8Array": "<u1", "Uint16Array": "<u2", "Uint32Array": "<u4", "Float64Array": "<f8"}


def unpacked(column):
    word, text = column
    return np.frombuffer(base64.b64decode(text), TYPES[word]).tolist()


def graph_in(page):
    """Read the data back as a browser would: up to the first end of the element."""
    text = re.search(r'<script type="application/json" id="graph">(.*?)</script', page, re.S)[1]
    return json.loads(text)


def product():
    w, x = Value(3.0, name="w"), Value(2.0, name="x")
    return np.tanh(w * x) * 0.5


def test_a_page_is_saved_where_it_is_asked_to_be(tmp_path):
    page = mt.explore(product(), tmp_path / "deep" / "page.html", title="A <title>")
    text = (tmp_path / "deep" / "page.html").read_text(encoding="utf-8")
    assert text == page.html
    assert "<title>A &lt;title&gt;</title>" in text
    assert str(page) == page.taken.to_text()
    assert repr(page) == f"<Explorer of 6 values, {len(text):,} characters>"


def test_a_page_without_its_data_is_at_most_60_kilobytes():
    page = mt.explore(product()).html
    data = re.search(r'id="graph">(.*?)</script', page, re.S)[1]
    assert len(page.encode()) - len(data.encode()) <= 60_000


def test_the_policy_names_the_only_script_and_style_of_the_page():
    page = mt.explore(product()).html
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag, content in (
        ("script", re.search(r"<script>(.*?)</script>", page, re.S)[1]),
        ("style", re.search(r"<style>(.*?)</style>", page, re.S)[1]),
    ):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert not re.search(r"\bon\w+=\"", page)


def test_the_programs_never_write_markup():
    body, _, program = exploring._parts()
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http"):
        assert word not in program.replace("http://www.w3.org/2000/svg", ""), word
        assert word not in body


def test_columns_hold_the_graph_bit_by_bit():
    value = product()
    taken = snapshot(value, formulas="general")
    found, functions = columns(taken)
    assert unpacked(found["values"]) == [float(n.value) for n in taken.nodes]
    grads = [np.nan if n.grad is None else n.grad for n in taken.nodes]
    assert np.array_equal(unpacked(found["grads"]), grads, equal_nan=True)
    assert [taken.nodes[i].id for i in unpacked(found["sources"])] == [e.src for e in taken.edges]
    assert found["names"] == {0: "w", 1: "x"}
    assert found["twin"] is True
    assert functions == (
        "[null,[(a,y)=>(a[0]*a[1]),[(a,y)=>a[1],(a,y)=>a[0]]],"
        "[(a,y)=>Math.tanh(a[0]),[(a,y)=>(1-Math.pow(y,2))]],"
        "[(a,y)=>(a[0]*a[1]),[(a,y)=>a[1],null]]]"
    )


def test_calls_of_one_kind_are_written_once_whatever_their_constants():
    total = Value(1.0, name="x")
    for k in range(50):
        total = total * (1.0 + k / 100)
    found, _ = columns(snapshot(total, formulas="general"))
    assert len(found["kinds"]) == 2  # of leaves, and of products


def test_what_the_page_cannot_compute_it_is_given():
    found, functions = columns(snapshot(np.sinc(Value(0.5)), formulas="general"))
    assert found["twin"] is False
    assert functions == "[null,[null,[null]]]"
    x = Value(0.5)
    np.sinc(x).backward()
    assert unpacked(found["locals"]) == [x.grad]


def test_a_page_brings_the_functions_along_that_its_formulas_need():
    found, functions = columns(snapshot(mt.gelu(Value(0.5)), formulas="general"))
    assert found["twin"] is True
    assert functions.startswith("(()=>{const F={cdf:x=>.5*(1+F.erf(x/Math.SQRT2)),erf:")
    assert functions.endswith("Math.exp(((-0.5)*Math.pow(a[0],2))))))]]]})()")
    assert "log1pexp" not in functions
    assert "F={" not in columns(snapshot(product(), formulas="general"))[1]


def test_a_readers_own_numbers_and_words_travel_with_the_graph():
    w, x = Value(3.0, name="w"), Value(2.0, name="x")
    y = w * x
    page = graph_in(mt.explore(y, colors={w: -0.5, "x": 2, y: "here"}).html)
    assert (page["own"], page["told"], page["scale"]) == (
        {"0": -0.5, "1": 2.0, "2": "0"}, {"2": "here"}, 2.0,
    )  # fmt: skip
    assert "own" not in graph_in(mt.explore(y).html)


def test_lines_that_are_known_travel_with_the_graph():
    with source_lines():
        y = product()
    page = graph_in(mt.explore(y).html)
    assert [line.partition(" · ")[2] for line in page["lines"]] == ["return np.tanh(w * x) * 0.5"]
    assert unpacked(page["line"]) == [0, 0, 1, 1, 0, 1]
    assert "lines" not in graph_in(mt.explore(product()).html)


def test_data_cannot_end_its_script():
    page = mt.explore(Value(1.0, name="</script><script>alert(1)</script>\u2028") * 2.0).html
    assert page.lower().count("</script") == 2
    assert "\u2028" not in page
    assert graph_in(page)["names"]["0"] == "</script><script>alert(1)</script>"
    assert script_json("</script>\u2028\u2029") == r'"\u003c/script>\u2028\u2029"'


@pytest.mark.parametrize(
    ("numbers", "word"), [([], "Uint8Array"), ([255], "Uint8Array"), ([256], "Uint16Array"),
                          ([65_536], "Uint32Array")]
)  # fmt: skip
def test_whole_numbers_take_the_fewest_bytes_that_hold_them(numbers, word):
    assert packed(numbers)[0] == word
    assert unpacked(packed(numbers)) == numbers


def test_a_notebook_shows_each_page_in_a_frame_of_its_own():
    bundle = mt.explore(product(), title='"quoted"')._repr_mimebundle_()
    frame = bundle["text/html"]
    assert frame.startswith('<iframe title="&quot;quoted&quot;" sandbox="allow-scripts')
    assert "allow-same-origin" not in frame
    assert frame.count("<") == 2  # everything of the page is escaped
    assert bundle["text/plain"].startswith("× t")


def test_no_gradient_of_the_graph_is_touched():
    value = product()
    mt.explore(value)
    assert value.grad is None


def test_a_quiz_is_the_same_page_with_its_gradients_blank():
    value = product()
    page, asked = graph_in(mt.explore(value).html), graph_in(mt.quiz(value).html)
    assert page.pop("quiz") is False
    assert asked.pop("quiz") is True
    assert page.pop("title") == "Computation graph"
    assert asked.pop("title") == "What are the gradients?"
    assert page == asked


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: mt.explore(product(), budget=0),
         "explore: budget is how many boxes to show.\n  expected  at least 1\n  got       0"),
        (lambda: mt.explore(product(), open=True),
         "explore: there is no file to open.\n  expected  a path\n"
         "  got       path=None, open=True"),
        (lambda: mt.explore(product(), theme="blue"),
         "explore: theme is not one that is known.\n"
         "  expected  'auto' or 'light' or 'dark'\n  got       'blue'"),
        (lambda: mt.explore(3.0),
         "snapshot: the output must be a Value.\n  expected  a Value, such as a loss\n"
         "  got       float"),
        (lambda: mt.explore(product(), colors={Value(1.0): 1.0}),
         "explore: colors has a value that is not in the graph.\n"
         "  expected  Values of the graph, or their names\n"
         "  got       Value(data=1.0, grad=—)"),
        (lambda: mt.explore(product(), colors={"z": 1.0}),
         "There is no value named 'z' in the graph.\n  expected  one of w, x\n  got       'z'"),
        (lambda: mt.explore(product(), colors={"w": [1.0]}),
         "explore: colors has something that no colour stands for.\n"
         "  expected  a number or a word for each value\n  got       list for 'w'"),
        (lambda: mt.quiz(Value([1.0, 2.0]) * 2),
         "quiz: there are no gradients to ask for.\n"
         "  expected  an output that is one number, and depends on a Value that wants gradients\n"
         "  got       shape (2,)"),
    ],
)  # fmt: skip
def test_wrong_use_is_told(ask, message):
    with pytest.raises(ArgumentError) as error:
        ask()
    assert str(error.value) == message


# The program


@pytest.mark.parametrize(
    ("script", "short"),
    [
        ("const ab = 1; f(ab, o.ab)", "let ab=1;f(ab,o.ab)"),  # a property keeps its name
        ("const ab = 1, cd = 2; f({ ab, x: cd })", "let ab=1,a=2;f({ab,x:a})"),
        ("const word = 1; f(`word ${word} ${ `${word}` }`)", "let a=1;f(`word ${a} ${`${a}`}`)"),
        ('const name = /name "/g; f("name")', 'let a=/name "/g;f("name")'),
        ("x = a /* b */ / c; y = a - -b", "x=a/c;y=a- -b"),
        (
            "const word = 1; if (x) { word(1) } else { word(2) }",
            "let a=1;if(x){a(1)}else{a(2)}",
        ),  # in a block no word is a property
        ("const word = 1, go = () => { word(1) }, o = { word(x) { return x } }", None),
        (
            "f(Math.abs(x), Math.cos(x), Math.sin(x), Math.tan(x), Math.exp(x))",
            "let a=Math;\nf(a.abs(x),a.cos(x),a.sin(x),a.tan(x),a.exp(x))",
        ),
        ("x++\n\n  y++ // z", None),
    ],
)
def test_a_squeezed_program_does_the_same(script, short):
    assert "".join(t.text for t in tokens_of(script)) == script
    if short is not None:
        assert squeezed(script) == short


@pytest.mark.parametrize(
    ("term", "written"),
    [
        (number(float("inf")), "Infinity"), (number(float("-inf")), "(-Infinity)"),
        (number(float("nan")), "NaN"), (number(-0.5), "(-0.5)"),
        (Term("relu", (symbol(0),)), "Math.max(0,x)"),
        (Term("leaky_relu", (symbol(0), number(0.2))), "(x>0?x:0.2*x)"),
        (Term("leaky_relu", (symbol(0), Term("option", ("slope=0.2",)))), None),
        (Term("logical_and", (Term("greater", (symbol(0), number(1))), symbol(0))),
         "((x>1?1:0)&&x?1:0)"),
    ],
)  # fmt: skip
def test_formulas_are_written_as_javascript(term, written):
    assert javascript(term, {0: "x"}) == written
