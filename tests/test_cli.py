"""The command: what it makes, what it says, and what it leaves behind when it is stopped."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import microtensor as mt
from microtensor import cli, demo, viz
from microtensor.errors import MissingEngineError

FILES = {
    "graph.svg",
    "network.svg",
    "history.svg",
    "weights.safetensors",
    "metrics.json",
    "explorer.html",
    "explanation.md",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo")
    assert cli.main(["demo", "--out", str(out), "--epochs", "3", "--seed", "1"]) == 0
    return out


def test_the_demo_leaves_all_its_files(made):
    assert {p.name for p in made.iterdir()} == FILES


def test_the_metrics_are_what_was_measured(made):
    metrics = json.loads((made / "metrics.json").read_text())
    assert set(metrics) == {
        "test_accuracy", "train_loss", "seconds", "seed", "epochs", "versions",
    }  # fmt: skip
    net = mt.nn.MLP(64, [*demo.HIDDEN, 10], activation="relu")
    mt.load(made / "weights.safetensors", net)
    assert metrics["test_accuracy"] == demo.accuracy(net, *mt.data.digits().test)
    assert metrics["seed"] == 1
    assert 0.85 < metrics["test_accuracy"] <= 1


def test_an_untrained_network_would_not_pass_for_a_trained_one():
    net = mt.nn.MLP(64, [*demo.HIDDEN, 10], activation="relu", rng=0)
    assert demo.accuracy(net, *mt.data.digits().test) < 0.4


def test_the_same_seed_gives_the_same_weights(made, tmp_path):
    cli.main(["demo", "--out", str(tmp_path), "--epochs", "3", "--seed", "1"])
    one, two = mt.load(made / "weights.safetensors"), mt.load(tmp_path / "weights.safetensors")
    assert all(np.array_equal(one[key], two[key]) for key in one)
    for name in ("graph.svg", "network.svg"):
        assert (made / name).read_bytes() == (tmp_path / name).read_bytes()


def test_piped_output_has_lines_and_no_bar(made, capsys, tmp_path):
    cli.main(["demo", "--out", str(tmp_path), "--epochs", "1"])
    said = capsys.readouterr()
    assert "1,442 images of 8×8 to learn from, 355 others to be tested on." in said.out
    assert "epoch   1: loss " in said.out
    assert "Held-out accuracy" in said.out
    assert all(f"  {name}" in said.out for name in FILES)
    assert "%|" not in said.err
    assert max(map(len, said.out.splitlines())) <= 80 + len(str(tmp_path))


def test_without_an_engine_the_demo_leaves_dot_files_and_says_how_to_get_one(
    monkeypatch, capsys, tmp_path
):
    monkeypatch.setattr(viz.engine, "find_programs", lambda: [])
    assert cli.main(["demo", "--out", str(tmp_path), "--epochs", "1"]) == 0
    names = {p.name for p in tmp_path.iterdir()}
    assert names == FILES - {"graph.svg", "network.svg"} | {"graph.dot", "network.dot"}
    assert str(viz.engine.missing_engine()) in capsys.readouterr().out
    assert issubclass(MissingEngineError, ImportError | RuntimeError)


def test_without_matplotlib_the_demo_says_so(monkeypatch, capsys, tmp_path):
    for name in ("matplotlib.figure", "matplotlib.backends.backend_svg"):
        monkeypatch.setitem(sys.modules, name, None)
    assert cli.main(["demo", "--out", str(tmp_path), "--epochs", "1"]) == 0
    assert not (tmp_path / "history.svg").exists()
    said = capsys.readouterr().out
    assert "Figures need matplotlib, and it is not installed." in said
    assert 'pip install "microtensor[plot]"' in said


def test_ctrl_c_leaves_no_half_written_file(monkeypatch, capsys, tmp_path):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupted)
    assert cli.main(["demo", "--out", str(tmp_path), "--epochs", "1"]) == 130
    assert list(tmp_path.iterdir()) == []
    assert "Interrupted. Files that are there are whole." in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_an_error_of_one_line(tmp_path, capsys):
    file = tmp_path / "taken"
    file.write_text("")
    assert cli.main(["demo", "--out", str(file), "--epochs", "1"]) == 1
    assert capsys.readouterr().err.startswith("microtensor: [Errno")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["demo", "--epochs", "0"], "must be at least 1, got 0"),
        (["demo", "--seed", "-1"], "must not be negative, got -1"),
        (["demo", "--epochs", "many"], "invalid positive value: 'many'"),
        (["dance"], "invalid choice: 'dance'"),
    ],
)
def test_misuse_exits_with_2_and_says_why(words, said, capsys):
    assert cli.main(words) == 2
    assert said in capsys.readouterr().err


def test_help_and_version_answer(capsys):
    assert cli.main([]) == 0
    assert cli.main(["--help"]) == 0
    assert cli.main(["--version"]) == 0
    said = capsys.readouterr().out
    assert said.count("usage: microtensor") == 2
    assert said.endswith(f"microtensor {mt.__version__}\n")


def test_python_m_microtensor_is_the_command():
    run = subprocess.run(
        [sys.executable, "-m", "microtensor", "--version"], capture_output=True, text=True
    )
    assert run.stdout == f"microtensor {mt.__version__}\n"
