"""Both engines draw every picture that was looked at, and neither has anything to say of it."""

import re
import shutil
from pathlib import Path

import pytest

from microtensor.errors import DrawingError
from microtensor.viz import engine

GOLDEN = sorted((Path(__file__).parent.parent / "golden").glob("*.dot"))


PROGRAMS = {"dot": lambda: shutil.which("dot"), "graphviz-pure": engine._find_pure}
MISSING = "these tests need both engines: apt-get install graphviz, and the extra [draw]"


def drawn(monkeypatch, name, source):
    """Draw with one engine; give the SVG, and what the engine said."""
    program = PROGRAMS[name]()
    assert program is not None, MISSING
    monkeypatch.setattr(engine, "find_programs", lambda: [program])
    picture, said = engine.run(source, "svg")
    return picture.decode(), said


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: p.stem)
def test_a_picture_is_drawn_without_a_warning(monkeypatch, program, path):
    source = path.read_text(encoding="utf-8")
    svg, said = drawn(monkeypatch, program, source)
    assert said == ()
    nodes = re.findall(r'^\s*(\w+) \[id="\w+" class', source, re.MULTILINE)
    arrows = re.findall(r'\w+ -> \w+ \[id="', source)
    # every box and every arrow is there
    assert all(f'<g id="{node}" class="node' in svg for node in nodes)
    assert svg.count('class="edge') >= len(arrows) > 0


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_mistake_in_a_label_is_told(monkeypatch, program):
    """So that nothing said means something."""
    with pytest.raises(DrawingError, match="syntax error"):
        drawn(monkeypatch, program, "digraph { a [label=<<I></I>>] }")


def test_pictures_have_the_same_width_in_both_engines(monkeypatch):
    """As both measure Arial alike; see theme.FONT."""
    source = (GOLDEN[0].parent / "neuron.dot").read_text(encoding="utf-8")
    widths = [
        float(re.search(r'<svg width="(\d+)pt"', drawn(monkeypatch, program, source)[0])[1])
        for program in PROGRAMS
    ]
    assert widths[0] == pytest.approx(widths[1], rel=0.03)
