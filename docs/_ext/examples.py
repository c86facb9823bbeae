"""A page for each file of examples/: what it says of itself, its source, what it prints and draws.

The pages are written when the site is built, into docs/examples, and are not kept: each example is
run with ``--quick``, as the tests run it, and an example that fails stops the build.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from ast import get_docstring, parse
from pathlib import Path

from written import write

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = sorted((ROOT / "examples").glob("[0-9]*.py"))
FOLDER = ROOT / "docs/examples"

HEAD = """\
# Examples

Whole programs, each with a picture at its end. Run one from a checkout, as in
`.venv/bin/python examples/04_digits.py`; what its page shows was made by `--quick`, which learns
for less long. Longer runs, which others published, are [beside their results](../results.md).

```{toctree}
:maxdepth: 1

"""


def title_of(words: str) -> str:
    """The first words of a docstring, up to its first colon or the end of its sentence."""
    return re.split(r":\s|\.\s|\.$", " ".join(words.split()), maxsplit=1)[0]


def linked(words: str) -> str:
    """The text, with addresses as links."""
    return re.sub(r"https?://[^\s),]+", lambda address: f"<{address[0]}>", words)


def first_line(program: str) -> int:
    """The number of the first line below the docstring."""
    return parse(program).body[1].lineno


def run(program: Path, folder: Path) -> str:
    """What a program prints, its pictures left in the folder."""
    paths = os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH")) if p)
    surroundings = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(
        [sys.executable, program, folder, "--quick"],
        capture_output=True, text=True, cwd=folder, timeout=600, env=surroundings,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{program.name} failed:\n{done.stderr}")
    return done.stdout.replace(f"{folder}{os.sep}", "").replace(str(folder), ".")


def page_of(program: Path, printed: str, pictures: list[str]) -> str:
    """The page of a program, in Markdown."""
    source = program.read_text(encoding="utf-8")
    words = get_docstring(parse(source)) or ""
    start = first_line(source)
    file = f"../../examples/{program.name}"
    parts = [
        f"# {title_of(words)}",
        linked(words),
        f"```{{literalinclude}} {file}\n:language: python\n:lines: {start}-\n```",
        f"The whole file: {{download}}`{program.name} <{file}>`.",
    ]
    if printed.strip():
        parts += ["## It prints", f"```text\n{printed.rstrip()}\n```"]
    parts += ["## It draws", *[f"![]({picture})" for picture in pictures]]
    return "\n\n".join(parts) + "\n"


def is_fresh(page: Path, program: Path) -> bool:
    """Whether a page was written after its program, this file and the library were changed."""
    sources = [program, Path(__file__), *(ROOT / "microtensor").rglob("*.py")]
    return page.exists() and page.stat().st_mtime > max(s.stat().st_mtime for s in sources)


def write_pages() -> None:
    """Run every example that changed, and write its page and the list of all."""
    wanted = {"index.md"} | {f"{program.stem}.md" for program in PROGRAMS}
    for program in PROGRAMS:
        if is_fresh(FOLDER / f"{program.stem}.md", program):
            continue
        with tempfile.TemporaryDirectory() as folder:
            printed = run(program, Path(folder))
            drawn = sorted([*Path(folder).glob("*.svg"), *Path(folder).glob("*.png")])
            place = FOLDER / "pictures" / program.stem
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            for picture in drawn:
                shutil.copy(picture, place)
        names = [f"pictures/{program.stem}/{picture.name}" for picture in drawn]
        page = FOLDER / f"{program.stem}.md"
        write(page, page_of(program, printed, names))
        os.utime(page)
    entries = "".join(f"{program.stem}\n" for program in PROGRAMS)
    write(FOLDER / "index.md", f"{HEAD}{entries}```\n")
    for page in FOLDER.glob("*.md"):
        if page.name not in wanted:
            page.unlink()


def setup(app) -> dict[str, bool]:
    app.connect("builder-inited", lambda _app: write_pages())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
