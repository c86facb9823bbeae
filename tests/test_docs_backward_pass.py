"""The page of backward passes shows what its code prints, and its numbers are those of others."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
from test_published_mazur import PRINTED, printed_digits

import microtensor as mt
from microtensor import data, losses
from microtensor.compiler.callers import local_names
from microtensor.compiler.identifiers import path_identifier

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "read-your-backward-pass.md").read_text(encoding="utf-8")


def script():
    spec = importlib.util.spec_from_file_location("page", DOCS / "read_your_backward_pass.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def names():
    """Run the page as a reader would, printed blocks included."""
    found = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, flags=re.S):
        exec(compile(block, "page", "exec"), found)
    return found


def test_the_page_shows_what_its_code_prints():
    page = script()
    assert page.written(PAGE) == PAGE
    for old, new in (
        ("d_w5 = d_net_o1 * out_h1", "d_w5 = d_net_o1"), ("| 0.377500000 |", "| 0.377500001 |"),
        ("  backward\n", "  forward\n"),
    ):  # fmt: skip
        assert old in PAGE
        assert page.written(PAGE.replace(old, new, 1)) == PAGE  # and mends what is another


def test_the_printed_texts_need_numpy_alone():
    printed = re.findall(r"<!-- printed -->\n```python\n(.*?)```", PAGE, flags=re.S)
    assert len(printed) == 3
    for text in printed:
        imported = set(re.findall(r"^(?:import|from) (\w+)", text, flags=re.M))
        assert imported <= {"numpy", "math"}


def rows(name):
    (table,) = re.findall(rf"<!-- numbers: {name} -->\n(.*?)\n<!-- end -->", PAGE, flags=re.S)
    cells = [[c.strip(" `‖") for c in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    return {first: rest for first, *rest in cells}


@pytest.mark.parametrize(("name", "least"), [("mazur", 27), ("mlp", 5), ("head", 18)])
def test_each_line_is_what_explain_says(name, least):
    found = rows(name)
    assert len(found) >= least
    for line, (text, told, *_) in found.items():
        assert abs(float(text) - float(told)) <= 1.01e-9, line


def test_mazurs_numbers_are_those_that_he_printed():
    page, found = script(), rows("mazur")
    for line, key in page.ARTICLE_NAMES.items():
        text, _, article = found[line]
        assert article == PRINTED[key]
        assert abs(float(text) - float(article)) <= printed_digits(article) + 1e-9


def compare(text, called, parameters):
    """Hold the variables of a text against the Values of the same names, to 12 digits."""
    count = 0
    for name, value in [*called.items(), *parameters.items()]:
        for shown, expected in ((name, value.data), (f"d_{name}", value.grad)):
            if shown in text and expected is not None:
                np.testing.assert_allclose(text[shown], expected, rtol=1e-12, atol=1e-15)
                count += 1
    return count


def test_every_entry_of_the_heads_lines_is_that_of_the_graph(names):
    head, places = names["head"], names["places"]
    state = {path_identifier(name): p for name, p in head.named_parameters()}
    arrays = {name: p.data for name, p in state.items()}
    text = script().variables_of(names["head_step"], places, **arrays)
    for p in state.values():
        p.grad = None
    with local_names() as called:
        loss = np.mean(head(places) ** 2)
    loss.backward()
    assert compare(text, {name: value for value, name in called.items()}, state) == 20
    wrong = {**text, "d_scores": text["d_scores"] * 1.0001}
    with pytest.raises(AssertionError):
        compare(wrong, {name: value for value, name in called.items()}, state)


def test_every_entry_of_the_steps_gradients_is_that_of_the_graph(names):
    net = names["net"]
    for name, p in net.named_parameters():
        p.data, p.grad = names["state"][path_identifier(name)], None
    rates = {"lr": 0.1, "momentum": 0.0, "weight_decay": 0.0}
    text = script().variables_of(
        names["step"], names["x"], names["labels"], **names["state"], **rates
    )
    losses.cross_entropy(net(names["x"]), names["labels"]).backward()
    state = {path_identifier(name): p for name, p in net.named_parameters()}
    assert compare(text, {}, state) == 8


def test_the_readme_shows_the_end_of_what_its_code_prints(capsys):
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    code, shown = re.search(
        r"```python\n(def error.*?)```\n\n```\n(    # forward.*?)```", readme, flags=re.S
    ).groups()
    x, y = data.moons(200, noise=0.1, rng=0)
    exec(compile(code, "README.md", "exec"), {"np": np, "mt": mt, "x": x, "y": y})
    assert capsys.readouterr().out.rstrip().endswith(shown.rstrip())
