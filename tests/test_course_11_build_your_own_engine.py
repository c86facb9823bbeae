"""Chapter 11: an engine of under a hundred lines, which is found again in our source."""

import re
import textwrap
from pathlib import Path

import numpy as np
import pytest
from chapters import DOCS, reading
from worked_examples import published

import microtensor
from microtensor.teaching.chapters import CHAPTERS

PAGE = (DOCS / "course/11-build-your-own-engine.md").read_text()
SHOWN = re.findall(r"^```py\n# (\S+)\n(.*?)^```", PAGE, flags=re.S | re.M)
SOURCE = Path(microtensor.__file__).parent.parent


def stands_in(text, excerpt):
    """Whether the lines of an excerpt stand in a text, without a gap; it may be indented there."""
    lines, n = text.splitlines(), len(excerpt.splitlines())
    windows = ("\n".join(lines[k : k + n]) for k in range(len(lines) - n + 1))
    return any(textwrap.dedent(window) == excerpt.rstrip() for window in windows)


def test_its_numbers_are_mazurs_and_those_of_calculus():
    truth = published("mazur2015.json")["published"]
    with reading("course/11-build-your-own-engine") as page:
        page.prints(r"E_total (\S+)", truth["E_total"])
        page.prints(r"to w5   (\S+)", truth["dE_dw5"])
        page.prints(r"to w1   (\S+)", truth["dE_dw1"])
        page.prints(r"3x² = (\S+)   6x = (\S+)", 3 * 3.0**2, 6 * 3.0)
        page.prints(r"turns (\S+) times", 1)  # arctan2(sin t, cos t) = t
        page.prints(r"yours: (\S+) where (\S+)", 2 * 10, 2 * 3)
        page.prints(r"youngest first: (\S+)", 3 * 3)
        page.prints(r"as found:       (\S+)", 3 * 1)
        page.prints(r"^\[(.*)\]$", 2 * np.array([1.0, 2.0, 3.0, 6.0]) / 4)

        behaviours = [b for chapter in CHAPTERS for b in chapter.behaviours]
        assert len(behaviours) == 90  # as the prose says
        graded = sum(b.graded for b in behaviours)
        page.prints(r"mine: (\d+) of (\d+) behaviours", graded, graded)
        for chapter in CHAPTERS:
            n = sum(b.graded for b in chapter.behaviours)
            page.prints(rf"^{chapter.name} .* (\d+) of (\d+)$", n, n)
        page.prints(r"· (\d) / (\d) gives inf", 1, 0)  # what no engine can get wrong
        page.prints(r"· log of (\d) gives", 0)
        assert not page.names["report"].failures


def test_it_has_less_than_a_hundred_lines():
    engine = "\n".join(
        re.findall(r"```python\n(.*?)```", PAGE.split("That is all of it.")[0], re.S)
    )
    assert "def backward" in engine
    assert "microtensor" not in engine
    assert 80 < len(engine.splitlines()) < 100


@pytest.mark.parametrize(("file", "excerpt"), SHOWN, ids=lambda x: x[:24])
def test_what_it_shows_of_our_source_stands_there(file, excerpt):
    assert stands_in((SOURCE / file).read_text(), excerpt)


def test_an_excerpt_that_is_not_the_source_is_noticed():
    assert len(SHOWN) >= 5
    file, excerpt = SHOWN[0]
    assert not stands_in((SOURCE / file).read_text(), excerpt.replace("g * b", "g * a"))


def test_what_it_says_of_our_source_is_so():
    from microtensor import derivatives, fitting, graph
    from microtensor.primitives import known, registry

    assert known(np.greater).word == "piecewise"
    assert {"fn", "args", "kwargs", "number"} <= set(graph.Node.__slots__)
    assert "_cotangent" in graph.Node.__slots__
    assert np.tanh in registry
    assert callable(fitting.fit)
    assert "create_graph=True" in Path(derivatives.__file__).read_text()


def test_the_page_follows_the_order_of_the_readme():
    order = ["primitives.py", "arithmetic.py", "elementwise.py", "graph.py", "backward.py",
             "calls.py", "methods.py", "value.py", "derivatives.py"]  # fmt: skip
    readme = (SOURCE / "README.md").read_text()
    for text in (PAGE.split("## Find it again")[1], readme.split("## Reading the source")[1]):
        places = [text.index(f"{name}`") for name in order]
        assert places == sorted(places)
