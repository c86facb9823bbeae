"""Whatever the documentation shows is run: docstrings, README, examples."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import microtensor

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(
    m.name for m in pkgutil.walk_packages(microtensor.__path__, "microtensor.")
    if m.name != "microtensor.__main__"
)  # fmt: skip
EXAMPLES = sorted((ROOT / "examples").glob("[0-9]*.py"))
WRITTEN = ("_build", "examples", "reference")  # in docs, by the build of the site
PAGES = [
    ROOT / "README.md",
    *sorted(
        page
        for page in (ROOT / "docs").rglob("*.md")
        if page.relative_to(ROOT / "docs").parts[0] not in WRITTEN
    ),
]
CHAPTERS = sorted((ROOT / "docs/course").glob("[0-9]*.md"))


def doctests_of(module: object) -> doctest.TestResults:
    return doctest.testmod(module, optionflags=doctest.ELLIPSIS)


@pytest.mark.parametrize("name", ["microtensor", *MODULES])
def test_every_example_of_a_docstring_runs_and_prints_what_it_says(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert doctests_of(importlib.import_module(name)).failed == 0


def test_a_wrong_docstring_is_noticed(capsys):
    module = type(sys)("wrong")
    module.__doc__ = ">>> 1 + 1\n3\n"
    assert doctests_of(module).failed == 1


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda p: p.stem)
def test_every_example_runs_and_leaves_its_picture(script, tmp_path):
    run = subprocess.run(
        [sys.executable, "-W", "error", script, tmp_path, "--quick"],
        capture_output=True, text=True, cwd=tmp_path, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    pictures = list(tmp_path.glob("*.svg"))
    assert pictures, f"{script.name} left no picture"
    assert all("</svg>" in p.read_text() for p in pictures)


def test_there_are_examples():
    assert len(EXAMPLES) >= 6


def python_blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.S)


@pytest.mark.parametrize("page", [p for p in PAGES if p not in CHAPTERS], ids=lambda p: p.name)
def test_every_code_block_of_a_page_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in python_blocks(page):
        if block.startswith("differentiable("):  # a line of our source, shown as it stands there
            line = block.split("#")[0].strip()
            sources = "\n".join(p.read_text() for p in (ROOT / "microtensor/ops").glob("*.py"))
            assert line in sources
            continue
        expected = re.findall(r"print\(.*\)  # (.*)", block)
        capsys.readouterr()
        exec(compile(block, str(page), "exec"), names)  # our own page, run as a reader would
        if expected:
            assert capsys.readouterr().out.split("\n")[: len(expected)] == expected


def test_every_link_of_the_readme_leads_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text())
    local = [link for link in links if not link.startswith("http")]
    assert local
    assert [link for link in local if not (ROOT / link).exists()] == []


def test_every_chapter_of_the_course_is_read_by_a_test():
    tests = "\n".join(p.read_text() for p in (ROOT / "tests").glob("test_course_*.py"))
    assert [c.stem for c in CHAPTERS if f'reading("course/{c.stem}")' not in tests] == []


def pages_of_how_to(index):
    """Give the pages that the index links to in its tables, and those of its tree, in order."""
    tables, tree = index.split("```{toctree}")
    linked = re.findall(r"^\|.*\| \[([^]]+)\]\((\S+)\.md\) \|$", tables, re.MULTILINE)
    return linked, re.findall(r"^[./a-z-]+$", tree, re.MULTILINE)


def test_every_page_of_how_to_is_found_by_its_task():
    folder = ROOT / "docs/how-to"
    linked, tree = pages_of_how_to((folder / "index.md").read_text(encoding="utf-8"))
    assert [page for _, page in linked] == tree
    own = {path.stem for path in folder.glob("*.md")} - {"index"}
    assert sorted(tree) == sorted(own | {"../your-own-module", "../your-own-operation"})
    for title, page in linked:
        heading = (folder / f"{page}.md").read_text(encoding="utf-8").splitlines()[0]
        assert heading.startswith(f"# {title}")


def test_a_page_of_how_to_that_is_in_no_table_is_noticed():
    index = "| a | [A](a.md) |\n\n```{toctree}\n:hidden:\n\na\nb\n```\n"
    assert pages_of_how_to(index) == ([("A", "a")], ["a", "b"])
