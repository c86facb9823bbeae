"""Which files stand where in the house?  ``python docs/list_house.py`` writes the-house.md

Its tables say what each file and room answers, in the first line of its own docstring, and what it
may import, by the table that ``tests/test_house.py`` holds.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "design" / "the-house.md"


def rules() -> ModuleType:
    """Load the test that holds the table of imports."""
    spec = importlib.util.spec_from_file_location("house", ROOT / "tests" / "test_house.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def question(name: str, house: Path) -> str:
    """Give the first line of a file's docstring, or of a room's."""
    path = house / name / "__init__.py" if (house / name).is_dir() else house / f"{name}.py"
    first = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return first.split("\n\n")[0].replace("\n", " ").replace("``", "`").replace("|", "\\|")


def may_import(name: str, held: ModuleType) -> str:
    """Say in words what a file or room may import from the house."""
    if name in held.ONLY and name != "checking":
        named = [n for n in [*held.LINE, *held.TOOLS] if n in held.ONLY[name]]
        return ", ".join(f"`{n}`" for n in named) or "nothing"
    if name == held.LINE[0]:
        return "nothing"
    if name in held.LINE:
        return "what is above" + (", `randomness`" if name in held.ONLY else "")
    if name in held.ROOMS:
        return "the core, and what is beside it"
    if name in held.UPPER:
        return "the core, what is beside it, the rooms"
    return "the core" if name == "micrograd" else "everything"


def table(names: list[str], held: ModuleType) -> str:
    """Write a table: the file or room, its question, and what it may import."""
    rows = ["| file | what it answers | may import |", "|---|---|---|"]
    for name in names:
        shown = f"`{name}/`" if (held.HOUSE / name).is_dir() else f"`{name}.py`"
        rows.append(f"| {shown} | {question(name, held.HOUSE)} | {may_import(name, held)} |")
    return "\n".join(rows)


def page(text: str, held: ModuleType | None = None) -> str:
    """Put the tables into the page, each between its two marks."""
    held = held or rules()
    tables = {
        "line": held.LINE,
        "tools": held.TOOLS,
        "rooms": held.ROOMS,
        "upper": [*held.UPPER, *held.TOPS, "micrograd"],
    }
    for mark, names in tables.items():
        written = f"<!-- {mark} -->\n\n{table(names, held)}\n\n<!-- end -->"
        text, count = re.subn(
            rf"<!-- {mark} -->\n.*?<!-- end -->", lambda _, w=written: w, text, flags=re.S
        )
        assert count == 1, f"the page has {count} places for the table {mark!r}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
