"""The page on PyTorch's weights: its blocks that need PyTorch are run as they stand there."""

import re
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors.torch")

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "pytorch-weights.md"


def blocks():
    return re.findall(r"^```py\n(.*?)^```", PAGE.read_text(), flags=re.S | re.M)


def run(program):
    exec(compile(program, str(PAGE), "exec"), {})  # our own page, run as a reader would


def test_what_the_page_does_with_pytorch_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(blocks()) == 5
    run("".join(blocks()))


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ('ours = mt.load("theirs.safetensors", model())', "ours = model()"),
        ('theirs.load_state_dict(load_file("ours.safetensors"))', "pass"),
    ],
)
def test_weights_that_did_not_move_would_be_noticed(tmp_path, monkeypatch, line, wrong):
    monkeypatch.chdir(tmp_path)
    program = "".join(blocks())
    assert program.count(line) == 1
    with pytest.raises(AssertionError):
        run(program.replace(line, wrong))
