"""Every formula of an explanation compiles in KaTeX, which fails at the first mistake.

It needs node and npm; KaTeX is installed into a temporary folder, and is used here alone.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))  # the samples of the other tests

import viz_samples as samples
from viz_worked import mazur

import microtensor as mt
from microtensor import losses, nn

KATEX = "katex@0.16.22"
COMPILE = """
const katex = require("katex");
const formulas = JSON.parse(require("fs").readFileSync(0, "utf8"));
const failed = [];
for (const [formula, displayMode] of formulas) {
  try { katex.renderToString(formula, {displayMode, throwOnError: true, strict: "ignore"}); }
  catch (error) { failed.push([formula, error.message]); }
}
process.stdout.write(JSON.stringify(failed));
"""
HOSTILE = [
    "</script><img onerror=alert(1)>", r"\evil{x} \N \\", "$x^2$ $$", "{|}", "} {", "%comment",
    "a & b # c _ d ^ e ~ f ` g", "two\nlines\x00", "😀 中文 שלום", "\u202e\ud800", "x_", "_x",
    "x__1", "α_β", "w1_2",
    "o\u0301\u0323", "a\u20d7", "\u200d", "\ufe0f", "☃", "∂", "√x", "·", "xᵀ",
    "x" * 500, "'", '"', " ", "́", "a-b", "ab12", "é2", "²", "x′", "½",
]  # fmt: skip


@pytest.fixture(scope="session")
def failures(tmp_path_factory):
    """Give the function that lists the formulas which do not compile."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    assert not missing, f"these tests need {' and '.join(missing)}"
    folder = tmp_path_factory.mktemp("katex")
    (folder / "package.json").write_text('{"private": true}')
    install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", KATEX]
    subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=300)

    def failing(formulas):
        done = subprocess.run(
            ["node", "-e", COMPILE], cwd=folder, input=json.dumps(formulas), check=True,
            capture_output=True, text=True, encoding="utf-8", timeout=120,
        )  # fmt: skip
        return json.loads(done.stdout)

    return failing


def formulas_of(told):
    """List the formulas of both of its forms, and whether each stands in a line of its own."""
    found = []
    markdown = told.to_markdown()
    for display, inline in re.findall(r"\$\$ (.*?) \$\$|\$ (.*?) \$(?=[)\s]|$)", markdown, re.M):
        found.append((display or inline, bool(display)))
    assert len(found) >= len(told.lines)
    latex = told.to_latex()
    for display, inline in re.findall(r"\\\[ (.*?) \\\]|(?<!\\)\$(.*?)(?<!\\)\$", latex):
        found.append((display or inline, bool(display)))
    return found


def test_the_compiler_objects(failures):
    failed = failures([(r"\frac{1}{2", False), (r"\undefined{x}", True), ("x^2", True)])
    assert [formula for formula, _ in failed] == [r"\frac{1}{2", r"\undefined{x}"]


def test_both_passes_of_mazurs_network(failures):
    v = mazur()
    found = formulas_of(mt.explain(v["E"]))
    assert len(found) > 80
    assert failures(found) == []


@pytest.mark.parametrize("name", [f"w{k}" for k in range(1, 9)] + ["b1", "b2", "i1"])
def test_the_derivation_of_each_of_mazurs_weights(failures, name):
    v = mazur()
    assert failures(formulas_of(mt.explain(v["E"], wrt=v[name], lr=0.5))) == []


def test_a_neuron(failures):
    o = samples.neuron()
    assert failures(formulas_of(mt.explain(o))) == []
    assert failures(formulas_of(mt.explain(o, wrt="w1"))) == []


def test_a_model_of_arrays(failures):
    net = nn.MLP(2, [3, 1], activation="tanh", rng=0)
    x = np.array([[0.5, -1.0], [1.5, 0.25]])
    loss = losses.mse(net(x), np.array([[1.0], [0.0]]))
    assert failures(formulas_of(mt.explain(loss))) == []
    assert failures(formulas_of(mt.explain(loss, wrt=net.layers[0].weight))) == []
    assert failures(formulas_of(mt.explain(loss, max_steps=4))) == []  # by modules
    logits = net(x)
    crossed = losses.cross_entropy(np.concatenate([logits, -logits], axis=1), np.array([0, 1]))
    assert failures(formulas_of(mt.explain(crossed))) == []


FUNCTIONS = [
    np.exp, np.log, np.sin, np.cos, np.tan, np.sqrt, np.cbrt, np.arctan, np.sinh, np.cosh,
    np.log1p, np.expm1, np.square, np.reciprocal, np.abs, mt.relu, mt.sigmoid, mt.softplus, mt.gelu,
    mt.silu, np.log2, np.exp2, np.floor, lambda x: x**3, lambda x: x**-0.5, lambda x: 2.0**x,
    lambda x: np.maximum(x, 0.5), lambda x: np.where(x > 0, x, 0.1 * x), lambda x: x / (1 + x),
    lambda x: np.hypot(x, 2.0), lambda x: np.logaddexp(x, 0.0), lambda x: np.clip(x, 0.0, 1.0),
]  # fmt: skip


def test_the_derivatives_of_many_functions(failures):
    found = []
    for function in FUNCTIONS:
        x = mt.Value(0.75, name="x")
        y = function(x)
        y.name = "y"
        found += formulas_of(mt.explain(y)) + formulas_of(mt.explain(y, wrt=x))
    assert failures(found) == []


def test_hostile_names(failures):
    found = []
    for name in HOSTILE:
        x = mt.Value(2.0, name=name)
        y = (x * x).tanh()
        y.name = name[::-1]
        found += formulas_of(mt.explain(y * 0.5)) + formulas_of(mt.explain(y * 0.5, wrt=x))
    assert failures(found) == []
