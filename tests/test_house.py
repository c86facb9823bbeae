"""How the house is built: imports point downwards, files stay small, and importing stays cheap."""

import ast
import importlib.util
import json
import subprocess
import sys
import types
from pathlib import Path

import pytest

import microtensor as mt

HOUSE = Path(mt.__file__).parent

# The core is a line: each may import what stands before it, and no more than its entry says.
LINE = [
    "errors", "heap", "signatures", "dispatching", "learning", "primitives", "lending", "ops",
    "decorating", "graph", "nesting", "notes", "ownership", "batches", "fitting", "backward",
    "contributing", "calls", "numbers", "at", "methods", "words", "value",
    "batched", "running", "derivatives", "recomputing", "cures", "anomalies", "lines",
    "differences", "verdicts", "slopes", "checking", "checks",
]  # fmt: skip
LATE = {  # loaded when they are named, as rooms are
    "anomalies", "batched", "checking", "checks", "contributing", "cures", "derivatives",
    "differences", "lending", "lines", "nesting", "recomputing", "running", "slopes", "verdicts",
}  # fmt: skip
ROOMS = [
    "nn",
    "losses",
    "optim",
    "data",
    "io",
    "special",
    "viz",
    "compiler",
]  # they never import each other
UPPER = ["teaching", "train"]  # they use the rooms, and no room uses them
TOOLS = [
    "amounts",
    "files",
    "flops",
    "randomness",
    "tables",
    "terminals",
    "workspaces",
]  # below the rooms, beside the core
TOPS = ["cli", "demo", "scripts", "__main__"]  # they use the rooms
ONLY = {
    "signatures": set(),
    "dispatching": set(),
    "learning": set(),
    "lending": {"workspaces"},
    "ownership": set(),
    "primitives": {"errors", "signatures", "dispatching", "learning"},
    "ops": {"errors", "lending", "primitives", "randomness"},  # rules never see a Value
    "decorating": {"errors"},
    "graph": {"decorating", "errors"},
    "at": {"ops", "calls"},
    "checking": {*LINE, "randomness"},
    "recomputing": {
        "backward",
        "calls",
        "errors",
        "graph",
        "nesting",
        "ops",
        "primitives",
        "randomness",
    },
    "data": {"errors", "randomness"},  # NumPy, and no Value
    "losses": {"errors", "primitives", "ops"},
    "randomness": {"errors"},
    "amounts": set(),
    "files": set(),
    "heap": set(),
    "flops": set(),
    "tables": set(),
    "teaching": {"errors"},  # it knows no engine but by the public words
    "terminals": set(),
    "words": set(),
    "workspaces": set(),
}


def allowed(room):
    """Tell what a room may import, or None for everything."""
    if room in ONLY:
        return ONLY[room]
    if room in LINE:
        return set(LINE[: LINE.index(room)])
    if room in ROOMS:
        return {*LINE, *TOOLS}
    if room in UPPER:
        return {*LINE, *TOOLS, *ROOMS}
    if room in ("micrograd", "__init__"):
        return set(LINE)
    return None if room in TOPS else set()


def is_for_types_only(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def statements(node):
    """Walk through all that runs, imports inside of functions included."""
    for child in ast.iter_child_nodes(node):
        if not is_for_types_only(child):
            yield child
            yield from statements(child)


def imports(path, house):
    """List the rooms that a file imports from its own package."""
    here = [house.name, *path.relative_to(house).with_suffix("").parts]
    found = []
    for node in statements(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level] if node.level else []
            base = base + (node.module.split(".") if node.module else [])
            names = [base] if len(base) > 1 else [[*base, alias.name] for alias in node.names]
        rooms = [n[1] for n in names if n[0] == house.name and len(n) > 1 and is_room(n[1], house)]
        found += [(node.lineno, room) for room in rooms]
    return found


def is_room(name, house):
    return (house / name).is_dir() or (house / f"{name}.py").is_file()


def violations(house):
    """List the imports that point upwards or sideways."""
    wrong = []
    for path in sorted(house.rglob("*.py")):
        room = path.relative_to(house).with_suffix("").parts[0]
        may = allowed(room)
        for line, target in imports(path, house):
            if may is not None and target != room and target not in may:
                wrong.append(f"{path.relative_to(house).as_posix()}:{line} imports {target}")
    return wrong


def test_imports_point_downwards():
    assert violations(HOUSE) == []


def test_every_file_has_its_place():
    rooms = {p.relative_to(HOUSE).with_suffix("").parts[0] for p in HOUSE.rglob("*.py")}
    known = {*LINE, *ROOMS, *UPPER, *TOOLS, *TOPS, *ONLY, "micrograd", "__init__"}
    assert rooms - known == set()


@pytest.mark.parametrize(
    ("file", "source", "complaint"),
    [
        ("graph.py", "from .value import Value", "graph.py:1 imports value"),
        ("backward.py", "def f():\n    from . import calls", "backward.py:2 imports calls"),
        ("ops/new.py", "from ..graph import Node", "ops/new.py:1 imports graph"),
        ("nn/new.py", "from .. import losses, ops", "nn/new.py:1 imports losses"),
        ("nn/new.py", "import microtensor.viz.cards", "nn/new.py:1 imports viz"),
        ("nn/new.py", "from microtensor import viz", "nn/new.py:1 imports viz"),
        ("viz/new.py", "try:\n    from ..nn import x\nexcept: pass", "viz/new.py:2 imports nn"),
        ("nn/new.py", "from ..train import fit", "nn/new.py:1 imports train"),
        ("train/new.py", "from .. import cli", "train/new.py:1 imports cli"),
        ("data/new.py", "from ..value import Value", "data/new.py:1 imports value"),
        ("losses/new.py", "from ..graph import Node", "losses/new.py:1 imports graph"),
        ("micrograd.py", "from .nn import MLP", "micrograd.py:1 imports nn"),
        ("__init__.py", "from .viz import draw", "__init__.py:1 imports viz"),
        ("helpers.py", "from .errors import ShapeError", "helpers.py:1 imports errors"),
    ],
)
def test_an_import_that_points_elsewhere_is_objected_to(tmp_path, file, source, complaint):
    house = tmp_path / "microtensor"
    for room in [*LINE, *ROOMS, *UPPER, "cli"]:
        place = house / room if (HOUSE / room).is_dir() else house / f"{room}.py"
        place.parent.mkdir(exist_ok=True)
        place.mkdir() if not place.suffix else place.write_text("")
    (house / file).write_text(source)
    assert violations(house) == [complaint]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("value.py", "from .graph import Node\nfrom . import calls"),
        ("viz/new.py", "from ..graph import Node\nfrom .cards import x"),
        ("train/new.py", "from .. import optim, files\nfrom ..data import batches"),
        ("viz/new.py", "from .. import __version__"),
        ("graph.py", "if TYPE_CHECKING:\n    from .value import Value"),
        ("cli.py", "from . import nn, viz"),
        ("nn/new.py", "import numpy as np\nfrom . import init"),
    ],
)
def test_an_import_that_points_downwards_is_not(tmp_path, file, source):
    house = tmp_path / "microtensor"
    for room in ("viz", "nn", "train", "data", "optim"):
        (house / room).mkdir(parents=True)
    for room in ("graph", "calls", "value", "viz/cards", "nn/init"):
        (house / f"{room}.py").write_text("")
    (house / file).write_text(source)
    assert violations(house) == []


def test_the_page_of_the_house_is_up_to_date():
    path = HOUSE.parent / "docs" / "list_house.py"
    spec = importlib.util.spec_from_file_location("list_house", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    text = script.PAGE.read_text(encoding="utf-8")
    assert script.page(text) == text, "run: python docs/list_house.py"


# Size


def too_long(house, most=400):
    return [
        f"{path.relative_to(house).as_posix()} has {n} lines"
        for path in sorted(house.rglob("*.py"))
        if (n := len(path.read_text().splitlines())) > most
    ]


def test_a_file_answers_one_question_in_at_most_400_lines(tmp_path):
    assert too_long(HOUSE) == []
    (tmp_path / "long.py").write_text("\n" * 401)
    assert too_long(tmp_path) == ["long.py has 401 lines"]


# Safety

FORBIDDEN = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "urllib", "requests"}


def unsafe(source):
    """List what runs text as code, reads code from files, or goes to the network."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None)
            names = [module] if module else [alias.name for alias in node.names]
            found += [n for n in names if n.split(".")[0] in FORBIDDEN]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found += [node.func.id] if node.func.id in ("eval", "exec", "compile") else []
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            found += [] if ast.unparse(node.value) == "False" else ["allow_pickle"]
    return found


def test_no_text_is_run_and_no_pickle_read():
    for path in HOUSE.rglob("*.py"):
        is_generated = path.parts[-2:] == ("compiler", "generated.py")  # executes our own text
        assert unsafe(path.read_text()) == (["exec", "compile"] if is_generated else []), path
    assert unsafe("eval('1')\nimport pickle\nfrom urllib.request import urlopen") != []
    assert unsafe("np.load('x', allow_pickle=True)") == ["allow_pickle"]
    assert unsafe("np.load('x', allow_pickle=False)") == []


# The public words


def run(source):
    """Run code in a Python of its own, and give what it prints, read as JSON."""
    command = [sys.executable, "-W", "error", "-c", source]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=HOUSE.parent)
    return json.loads(done.stdout)


def test_importing_loads_neither_rooms_nor_anything_large():
    loaded = run("import sys, json, microtensor; print(json.dumps(sorted(sys.modules)))")
    ours = {name.split(".")[1] for name in loaded if name.startswith("microtensor.")}
    assert ours == {*LINE} - LATE
    large = {"scipy", "matplotlib", "graphviz", "graphviz_pure", "safetensors", "tqdm", "sklearn"}
    assert large.isdisjoint(name.split(".")[0] for name in loaded)


def test_rooms_and_late_names_load_when_they_are_named():
    source = (
        "import sys, json, microtensor as mt; mt.optim; mt.seed(0); from microtensor import data;"
        "print(json.dumps(sorted(sys.modules)))"
    )
    loaded = run(source)
    assert {"microtensor.optim", "microtensor.randomness", "microtensor.data"} <= set(loaded)
    assert "microtensor.viz" not in loaded


def test_dir_shows_what_loads_late():
    names = run("import json, microtensor; print(json.dumps(dir(microtensor)))")
    assert set(names) >= {*mt.__all__, "draw", "seed", "load", "save", *ROOMS, *UPPER, "micrograd"}
    with pytest.raises(AttributeError) as error:
        mt.no_such_name  # looked up only
    assert str(error.value) == "module 'microtensor' has no attribute 'no_such_name'"


def undocumented(module):
    names = getattr(module, "__all__", [])
    return [n for n in names if not (getattr(getattr(module, n), "__doc__", None) or "").strip()]


def test_every_public_name_has_a_docstring():
    for module in (mt, *(getattr(mt, room) for room in [*ROOMS, *UPPER, "micrograd"])):
        assert module.__doc__
        assert undocumented(module) == [], module
    blank = types.SimpleNamespace(__all__=["f"], f=lambda: 0)
    assert undocumented(blank) == ["f"]


def test_public_names_are_listed_in_order_once():
    assert list(mt.__all__) == sorted(set(mt.__all__))


def test_every_family_of_rules_is_loaded():
    files = {p.stem for p in (HOUSE / "ops").glob("*.py")} - {"__init__", "usual", "others"}
    of_scipy = {"bessel", "polynomials", "special"}  # arrivals loads them with SciPy's
    named = {*mt.ops.__all__, *mt.ops.usual.__all__, *mt.ops.others.__all__}
    assert files - of_scipy - named == set()
