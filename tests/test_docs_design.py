"""The pages on how the house is built say what the source says."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
from chapters import cells, run

from microtensor import Value, nn

ROOT = Path(__file__).parent.parent
DESIGN = ROOT / "docs" / "design"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("list_house", ROOT / "docs" / "list_house.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_house_that_was_changed_is_noticed(script, monkeypatch):
    text, held = script.PAGE.read_text(encoding="utf-8"), script.rules()
    line = [name for name in held.LINE if name != "at"]
    monkeypatch.setattr(held, "LINE", line)
    changed = script.page(text, held)
    assert changed != text
    assert "`at.py`" not in changed


def test_what_a_room_may_import_is_what_the_test_of_the_house_allows(script):
    held = script.rules()
    core = {*held.LINE}
    told = {
        "what is above": lambda name: set(held.LINE[: held.LINE.index(name)]),
        "what is above, `randomness`": lambda name: {*held.LINE, "randomness"},
        "the core, and what is beside it": lambda _: {*core, *held.TOOLS},
        "the core, what is beside it, the rooms": lambda _: {*core, *held.TOOLS, *held.ROOMS},
        "the core": lambda _: core,
        "everything": lambda _: None,
    }
    for name in [*held.LINE, *held.TOOLS, *held.ROOMS, *held.UPPER, *held.TOPS, "micrograd"]:
        words = script.may_import(name, held)
        listed = set(re.findall(r"`(\w+)`", words))
        assert held.allowed(name) == (told[words](name) if words in told else listed), name


def test_every_file_and_room_is_in_a_table(script):
    text, held = script.PAGE.read_text(encoding="utf-8"), script.rules()
    named = set(re.findall(r"^\| `(\w+)(?:\.py|/)` \|", text, flags=re.M))
    files = {p.relative_to(held.HOUSE).with_suffix("").parts[0] for p in held.HOUSE.rglob("*.py")}
    assert named == files - {"__init__"}


def test_what_is_shown_of_the_source_stands_there():
    shown = [
        block.strip()
        for page in sorted(DESIGN.glob("*.md"))
        for block in re.findall(r"^```py\n(.*?)^```", page.read_text(), flags=re.S | re.M)
    ]
    sources = "\n".join(p.read_text() for p in (ROOT / "microtensor/ops").glob("*.py"))
    sources += "\n".join(p.read_text() for p in (ROOT / "tests").glob("samples*.py"))
    assert len(shown) == 4
    assert [block for block in shown if block.split("  #")[0] not in sources] == []


@pytest.fixture(scope="module")
def readers():
    names = {"__name__": "__main__"}
    for cell in cells((DESIGN / "adding-a-reader.md").read_text()):
        if cell.is_code:
            run(cell.text, names)
    return names


def test_the_picture_has_a_line_for_each_value_and_operand(readers):
    x = Value(2.0, name="x")
    lines = readers["mermaid"](x * x + 1.0).splitlines()
    assert lines == [
        "graph LR",
        '  v0["x<br/>2"]',
        '  v1["multiply<br/>4"]',
        "  v0 --> v1",
        "  v0 --> v1",
        '  v2["add<br/>5"]',
        "  v1 --> v2",
    ]


def test_the_picture_of_a_deep_graph_is_no_recursion(readers):
    y = Value(1.0)
    for _ in range(5_000):
        y = y * 1.0
    assert len(readers["mermaid"](y).splitlines()) == 10_002


def inside(bounds, net, x):
    """Whether the outputs of inputs in an interval lie in the bounds of its reader."""
    rng = np.random.default_rng(0)
    low, high = bounds(np.tanh(net(x)) - 1.0, {x: (x.data - 0.1, x.data + 0.1)})
    tried = x.data + rng.uniform(-0.1, 0.1, (200, *x.shape))
    outputs = np.tanh(tried @ net.weight.data.T + net.bias.data) - 1.0
    return bool(np.all(outputs >= low - 1e-12) and np.all(outputs <= high + 1e-12))


def test_the_bounds_hold_and_a_wrong_rule_would_be_noticed(readers, monkeypatch):
    from microtensor.primitives import registry

    net, x = nn.Linear(3, 4, rng=0, dtype=float), Value(np.ones((2, 3)), name="x")

    def bounds(root, given):
        linear = root.args[0].args[0]
        opened = np.tanh(registry[linear.fn].stands_for(*linear.args)) - 1.0
        return readers["bounds"](opened, given)

    assert inside(bounds, net, x)
    table = readers["ON_INTERVALS"]
    monkeypatch.setitem(table, np.matmul, lambda a, b: (a[0] @ b[0], a[1] @ b[1]))
    assert not inside(bounds, net, x)
