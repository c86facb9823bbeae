"""The commands that show what a file of the user's holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from microtensor import cli

FILE = """
import sys
import numpy as np
import microtensor as mt
from microtensor import losses, nn
import beside

x, w = mt.Value(2.0, name="x"), mt.Value(-3.0, name="w")
loss = (x * w).tanh()
loss.name = "loss"
net = nn.MLP(2, [3, 1], rng=0)
ran = []
text = "no Value"

def make():
    return beside.twice(x)

def make_with(inputs):
    return inputs

def model_and_inputs():
    return net, np.ones((4, 2))

if __name__ == "__main__":
    assert sys.modules["__main__"].loss is loss
    assert sys.argv == [__file__]
    late = x * 3.0
    print("the file ran")
    sys.exit()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "study.py").write_text(FILE)
    (tmp_path / "beside.py").write_text("def twice(x):\n    return 2.0 * x\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "beside", raising=False)
    return tmp_path


def test_draw_leaves_the_picture_under_the_name(folder, capsys):
    assert cli.main(["draw", "study.py:loss"]) == 0
    assert capsys.readouterr().out == "the file ran\nloss is in loss.svg\n"
    assert "Graph of loss" in (folder / "loss.svg").read_text()


@pytest.mark.parametrize("name", ["late", "make", "net"])
def test_names_under_main_functions_and_models_are_drawn(folder, name):
    assert cli.main(["draw", f"study.py:{name}", "-o", "out.dot"]) == 0
    assert "digraph" in (folder / "out.dot").read_text()


def test_explain_prints_or_writes(folder, capsys):
    assert cli.main(["explain", "study.py:loss"]) == 0
    assert "∂loss/∂w" in capsys.readouterr().out
    assert cli.main(["explain", "study.py:loss", "--out", "told.md"]) == 0
    assert "$" in (folder / "told.md").read_text()


def test_explore_leaves_a_page(folder):
    assert cli.main(["explore", "study.py:loss"]) == 0
    assert (folder / "loss.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(("name", "calls"), [("net", False), ("model_and_inputs", True)])
def test_summary_prints_a_table_with_shapes_if_there_are_inputs(folder, capsys, name, calls):
    assert cli.main(["summary", f"study.py:{name}"]) == 0
    said = capsys.readouterr().out
    assert "MLP · 13 parameters" in said
    assert ("4×2 → 4×1" in said) == calls
    assert cli.main(["summary", f"study.py:{name}", "-o", "table.html"]) == 0
    assert "<table>" in (folder / "table.html").read_text()


def test_the_process_is_left_as_it_was(folder):
    before = sys.modules["__main__"], sys.argv, list(sys.path), sys.dont_write_bytecode
    assert cli.main(["explain", "study.py:loss"]) == 0
    assert (sys.modules["__main__"], sys.argv, list(sys.path), sys.dont_write_bytecode) == before
    assert not list(folder.glob("__pycache__/study*"))


def test_an_error_in_the_file_is_told_as_python_tells_it(folder):
    Path("wrong.py").write_text("import microtensor\n\ndef f():\n    1 / 0\n\nf()\n")
    alone = subprocess.run([sys.executable, "wrong.py"], capture_output=True, text=True)
    ours = subprocess.run(
        [sys.executable, "-m", "microtensor", "draw", "wrong.py:loss"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert ours.returncode == 1
    without_folder = alone.stderr.replace(str(folder) + "/", "")
    assert ours.stderr == without_folder
    assert 'File "wrong.py", line 4, in f' in ours.stderr


@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        ("sys.exit(3)", 3, ""),
        ("sys.exit('no data')", 1, "no data\n"),
        ("raise KeyboardInterrupt", 130, "KeyboardInterrupt\n"),
        ("x = = 1", 1, "SyntaxError: invalid syntax\n"),
    ],
)
def test_the_files_own_end_is_the_commands(folder, capsys, ending, code, said):
    Path("ends.py").write_text(f"import sys\n{ending}\n")
    assert cli.main(["explain", "ends.py:loss"]) == code
    assert capsys.readouterr().err.endswith(said)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["draw", "study.py"],
            "microtensor: 'study.py' does not say what to show.\n"
            "  expected  FILE:NAME, such as train.py:loss\n"
            "  got       'study.py'\n",
        ),
        (
            ["draw", "studdy.py:loss"],
            "microtensor: There is no file studdy.py.\n"
            "  expected  a Python file\n"
            "  got       nothing of that name\n"
            "  Is it study.py?\n",
        ),
        (
            ["draw", ".:loss"],
            "microtensor: There is no file ..\n  expected  a Python file\n  got       a folder\n",
        ),
        (
            ["explain", "study.py:los"],
            "microtensor: study.py has no los when it has run.\n"
            "  expected  one of x, w, loss, net, make, make_with, model_and_inputs, late\n"
            "  got       'los'\n"
            "  Is it loss?\n",
        ),
        (
            ["explain", "study.py:net"],
            "microtensor: explain: net is not of a kind that can be shown so.\n"
            "  expected  a Value, such as a loss\n"
            "  got       a MLP\n",
        ),
        (
            ["summary", "study.py:loss"],
            "microtensor: summary: loss is not of a kind that can be shown so.\n"
            "  expected  a model, or a tuple of a model and its inputs\n"
            "  got       a Value\n",
        ),
        (
            ["draw", "study.py:text"],
            "microtensor: draw: text is not of a kind that can be shown so.\n"
            "  expected  a Value, such as a loss, or a model\n"
            "  got       a str\n",
        ),
        (
            ["draw", "study.py:make_with"],
            "microtensor: make_with is a function that needs arguments.\n"
            "  expected  a function that can be called without any\n"
            "  got       make_with(inputs)\n"
            "  Give a result of it a name in the file, such as shown = make_with(...).\n",
        ),
    ],
)
def test_misuse_is_told_in_a_few_lines(folder, capsys, words, message):
    assert cli.main(words) == 1
    assert capsys.readouterr().err == message
