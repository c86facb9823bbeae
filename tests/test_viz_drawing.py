"""A Drawing finds Graphviz, runs it as a child process, and writes files whole or not at all."""

import html
import os
import re
import signal
import stat
import subprocess
import sys
import textwrap
import time
import xml.dom.minidom

import graphviz
import pytest
import viz_samples as samples

from microtensor.errors import (
    ArgumentError,
    DrawingError,
    GraphTooLargeError,
    MissingEngineError,
)
from microtensor.viz import Drawing, draw, drawing, engine, svg

PURE = engine._find_pure()


@pytest.fixture(autouse=True)
def _one_engine(monkeypatch):
    """Draw with the program that every test machine has."""
    monkeypatch.setattr(engine, "find_programs", lambda: [PURE])


def simple(**options):
    return Drawing("g", body=["\ta -> b\n"], **options)


def program(folder, text):
    """Make a program that stands for Graphviz."""
    path = folder / "fake-dot"
    path.write_text(f"#!{sys.executable}\n{textwrap.dedent(text)}")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return str(path)


needs_scripts = pytest.mark.skipif(os.name == "nt", reason="programs are made as POSIX scripts")


# What it is


def test_a_drawing_is_a_digraph_that_people_know():
    made = simple()
    assert isinstance(made, graphviz.Digraph)
    made.edge("b", "c")
    assert made.source == "digraph g {\n\ta -> b\n\tb -> c\n}\n"
    assert str(made) == made.source
    assert str(simple(text="in words")) == "in words"


def test_a_copy_is_a_drawing_with_the_same_words():
    made = simple(title="T", text="in words", theme="dark", seconds=3.0)
    copy = made.copy()
    copy.edge("b", "c")
    assert (copy.title, str(copy), copy.theme, copy.seconds) == ("T", "in words", "dark", 3.0)
    assert made.source != copy.source


def test_it_gives_svg_png_and_dot():
    made = simple()
    assert made.svg.startswith("<?xml")
    assert made.pipe("png")[:8] == b"\x89PNG\r\n\x1a\n"
    assert made.pipe("svg", encoding="utf-8") == made.svg
    assert b"digraph g" in made.pipe("dot")


def test_a_changed_drawing_is_laid_out_again():
    made = simple()
    before = made.svg
    made.edge("b", "c")
    assert made.svg != before


def test_a_drawing_is_laid_out_once(monkeypatch):
    calls = []
    run = engine.run
    monkeypatch.setattr(engine, "run", lambda *a, **k: calls.append(a) or run(*a, **k))
    made = simple()
    assert made.svg == made.svg == made._repr_svg_()
    assert len(calls) == 1


# Files


@pytest.mark.parametrize("name", ["g.svg", "g.png", "g.dot", "g.gv", "deep/er/g.SVG"])
def test_the_suffix_names_the_format(tmp_path, name):
    path = simple().save(tmp_path / name)
    assert path == str(tmp_path / name)
    start = {"svg": b"<?xml", "png": b"\x89PNG", "dot": b"digraph", "gv": b"digraph"}
    content = (tmp_path / name).read_bytes()
    assert content.startswith(start[name.rsplit(".")[-1].lower()])
    assert [p.name for p in (tmp_path / name).parent.iterdir()] == [(tmp_path / name).name]


def test_a_directory_can_be_named_and_an_existing_file_be_left(tmp_path):
    made = simple()
    path = made.save("g.dot", tmp_path)
    (tmp_path / "g.dot").write_text("mine")
    made.save("g.dot", tmp_path, skip_existing=True)
    assert (path, (tmp_path / "g.dot").read_text()) == (str(tmp_path / "g.dot"), "mine")


@pytest.mark.parametrize(("name", "got"), [("g.docx", "the suffix '.docx'"), ("g", "no suffix")])
def test_another_suffix_is_refused(tmp_path, name, got):
    with pytest.raises(ArgumentError) as error:
        simple().save(tmp_path / name)
    assert str(error.value) == (
        f"save: {name!r} names no format that a drawing can be written in.\n"
        "  expected  a file name that ends in .svg, .png, .pdf or .dot\n"
        f"  got       {got}\n"
        "  For a picture that every browser shows, use .svg."
    )


def test_a_failed_picture_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "g.svg"
    path.write_text("old")
    broken = Drawing("g", body=["\ta -> -> b\n"])
    with pytest.raises(DrawingError):
        broken.save(path)
    assert path.read_text() == "old"
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        simple().save(path)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("g.svg", "old")]


def test_render_writes_source_and_picture_as_digraphs_do(tmp_path):
    made = simple()
    assert made.render("g.gv", tmp_path) == str(tmp_path / "g.gv.svg")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["g.gv", "g.gv.svg"]
    assert made.render("h.gv", tmp_path, cleanup=True, format="png") == str(tmp_path / "h.gv.png")
    assert not (tmp_path / "h.gv").exists()
    assert made.render(outfile=tmp_path / "out.svg") == str(tmp_path / "out.svg")
    assert (tmp_path / "out.gv").exists()


def test_render_refuses_to_overwrite(tmp_path):
    made = simple()
    made.render("g.gv", tmp_path)
    with pytest.raises(FileExistsError, match="output file exists"):
        made.render("g.gv", tmp_path, raise_if_result_exists=True)
    with pytest.raises(ArgumentError, match="would overwrite its source"):
        made.render("same.svg", tmp_path, outfile=tmp_path / "same.svg")


def test_view_opens_the_picture(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(drawing.webbrowser, "open", opened.append)
    path = simple().view(directory=tmp_path, filename="g.gv")
    assert opened == [(tmp_path / "g.gv.svg").as_uri()]
    assert path == str(tmp_path / "g.gv.svg")
    monkeypatch.setattr(drawing.tempfile, "mkdtemp", lambda prefix: str(tmp_path / "new"))
    assert simple().view().startswith(str(tmp_path / "new"))


# Engines


def test_without_any_engine_the_error_names_both_ways_to_mend_it(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "find_programs", lambda: [])
    made = simple(text="in words")
    with pytest.raises(MissingEngineError) as error:
        made.save(tmp_path / "g.svg")
    message = (
        "Drawing needs Graphviz, and there is none on this machine.\n"
        "  expected  the program dot of Graphviz, or the Python package graphviz-pure\n"
        "  got       neither\n"
        '  Install one of them: pip install "microtensor[draw]", or apt-get install graphviz\n'
        "  (brew, conda, dnf and winget have it too). Until then, .save('graph.dot') works."
    )
    assert str(error.value) == message
    assert isinstance(error.value, ImportError)
    assert list(tmp_path.iterdir()) == []
    made.save(tmp_path / "g.dot")
    assert (tmp_path / "g.dot").read_text() == made.source
    assert made._repr_mimebundle_() == {"text/plain": f"{message}\n\nin words"}


def test_programs_are_the_systems_dot_then_graphviz_pure(monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.setattr(engine.shutil, "which", lambda name: f"/bin/{name}")
    assert engine.find_programs() == ["/bin/dot", PURE]
    monkeypatch.setattr(engine.shutil, "which", lambda name: None)
    assert engine.find_programs() == [PURE]

    def not_installed(name):
        raise engine.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(engine.importlib.metadata, "files", not_installed)
    monkeypatch.setattr(engine.sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(engine.sys, "executable", str(tmp_path / "python"))
    assert engine.find_programs() == []


@needs_scripts
def test_a_broken_dot_gives_way_to_graphviz_pure(tmp_path, monkeypatch):
    broken = program(tmp_path, "raise SystemExit(1)")
    monkeypatch.setattr(engine, "find_programs", lambda: [broken, PURE])
    assert simple().svg.startswith("<?xml")
    monkeypatch.setattr(engine, "find_programs", lambda: [str(tmp_path / "gone"), PURE])
    assert simple().svg.startswith("<?xml")


def test_what_no_engine_can_write_is_said_with_their_words(tmp_path):
    with pytest.raises(DrawingError) as error:
        simple().save(tmp_path / "g.pdf")
    lines = str(error.value).splitlines()
    assert lines[0] == "The picture could not be written as pdf."
    assert lines[1].startswith('  got       graphviz-pure: Format: "pdf" not recognized.')
    assert lines[2] == (
        "  graphviz-pure writes no PDF: install Graphviz (apt-get install graphviz), or .svg."
    )
    with pytest.raises(DrawingError, match="syntax error"):
        Drawing("g", body=["\ta -> -> b\n"]).pipe("svg")


@needs_scripts
def test_a_layout_that_takes_too_long_is_stopped(tmp_path, monkeypatch):
    slow = program(tmp_path, "import time; time.sleep(60)")
    monkeypatch.setattr(engine, "find_programs", lambda: [slow])
    start = time.monotonic()
    with pytest.raises(GraphTooLargeError) as error:
        simple(seconds=0.3).pipe("svg")
    assert time.monotonic() - start < 10
    assert str(error.value) == (
        "fake-dot was stopped: the layout took more than 0.3 seconds.\n"
        "  Draw fewer boxes: draw(..., depth=0) folds modules up, and between=(w, loss) or\n"
        "  neighbourhood=w draw a part. mt.explore(value, 'page.html') opens all of it box by box."
    )


@needs_scripts
def test_ctrl_c_stops_the_layout_and_leaves_nothing(tmp_path):
    started = str(tmp_path / "started")
    slow = program(tmp_path, f"open({started!r}, 'w'); import time; time.sleep(60)")
    code = textwrap.dedent(f"""
        from microtensor.viz import Drawing, engine
        engine.find_programs = lambda: [{slow!r}]
        Drawing("g", body=["a -> b"]).save({str(tmp_path / "g.svg")!r})
    """)
    child = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    while not (tmp_path / "started").exists():
        assert child.poll() is None, child.stderr.read()
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=20)
    assert b"KeyboardInterrupt" in told
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fake-dot", "started"]


@needs_scripts
def test_warnings_are_captured_and_those_of_widths_are_not_ours(tmp_path, monkeypatch, capfd):
    loud = program(
        tmp_path,
        """
        import sys
        print("Warning: no value for width of non-ASCII character 226.", file=sys.stderr)
        print("Warning: flat edge", file=sys.stderr)
        print("<svg/>")
        """,
    )
    monkeypatch.setattr(engine, "find_programs", lambda: [loud])
    made = simple()
    made.pipe("svg")
    assert made.warnings == ("Warning: flat edge",)
    assert capfd.readouterr() == ("", "")


# Bitmaps


def png_size(content):
    return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])


def test_a_bitmap_has_twice_the_points():
    made = simple()
    width, height = svg.size_of(made.svg)
    assert png_size(made.pipe("png")) == pytest.approx((2 * width, 2 * height), abs=3)


def test_a_bitmap_that_would_be_shrunk_in_silence_has_a_lower_resolution(monkeypatch):
    monkeypatch.setattr(drawing, "_PIXELS", 200)
    assert max(png_size(simple().pipe("png"))) <= 202
    monkeypatch.setattr(drawing, "_PIXELS", 50)
    with pytest.raises(DrawingError) as error:
        simple().pipe("png")
    assert str(error.value) == (
        "The picture is too large for a bitmap.\n"
        "  expected  at most 50 pixels a side, at 36 dots per inch or more\n"
        "  got       2 inches\n"
        "  Save it as .svg, or draw a part of the graph."
    )


def test_no_bitmap_is_transparent():
    for theme, ground in (("light", "#FFFFFF"), ("dark", "#0D1218"), ("auto", "#FFFFFF")):
        assert draw(samples.neuron(), theme=theme).graph_attr["bgcolor"] == ground


# Notebooks and screen readers


def test_a_notebook_shows_svg_and_what_else_it_asks_for():
    made = simple(text="in words")
    assert made._repr_mimebundle_() == {"image/svg+xml": made.svg}
    bundle = made._repr_mimebundle_(include=["image/png", "text/plain", "text/unknown"])
    assert (list(bundle), bundle["text/plain"]) == (["image/png", "text/plain"], "in words")
    assert made._repr_mimebundle_(exclude=["image/svg+xml"]) == {}


def test_an_svg_has_a_title_a_description_and_a_role():
    made = simple(title="A <title>", text="one\n  two & three")
    text = made.svg
    assert '<svg role="group" ' in text
    assert "<title>A &lt;title&gt;</title>\n<desc>one\n  two &amp; three</desc>" in text
    xml.dom.minidom.parseString(text)


def test_fonts_are_those_that_every_machine_has():
    text = draw(samples.neuron()).svg
    families = set(re.findall(r"font-family=('[^']*'|\"[^\"]*\")", text))
    assert families == {"'Arial, Helvetica, \"Liberation Sans\", sans-serif'"}


def test_parts_of_an_svg_are_titled_in_words():
    found = re.findall(r"<title>([^<]*)</title>", draw(samples.neuron()).svg)
    titles = [html.unescape(t).replace("\xa0", " ") for t in found]
    assert "w1 (param)   data −3   grad 1" in titles
    assert "0.5 × 2 = 1" in titles
    assert not [t for t in titles if t.startswith(("v1", "cluster", "microtensor"))]
    assert "xlink:title" not in draw(samples.neuron()).svg


def test_auto_carries_dark_colours_for_this_picture_only():
    auto, light = (draw(samples.neuron(), theme=theme).svg for theme in ("auto", "light"))
    scope = re.search(r'<svg class="(mt-[0-9a-f]{8})" role="group"', auto)[1]
    style = re.search(r"<style>(.*)</style>", auto)[1]
    assert style.startswith("@media (prefers-color-scheme:dark){")
    rules = re.findall(r"([^{}]+)\{(?:fill|stroke):#\w{6}\}", style.split("{", 1)[1])
    assert len(rules) > 60
    assert all(rule.startswith(f".{scope} .graph") for rule in rules)
    assert "<style>" not in light


def test_an_output_that_is_no_svg_is_left_alone():
    assert svg.finished("nothing", title="", description="", theme="auto") == "nothing"
    assert svg.size_of("nothing") == (0.0, 0.0)
