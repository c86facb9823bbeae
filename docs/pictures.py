"""Draw every picture of pictures.md: ``python docs/pictures.py`` writes docs/pictures/*.svg

The page's own code draws them, so what it shows is what its code gives. It is always
graphviz-pure that lays them out, which gives the same bytes on every machine.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from microtensor.viz import engine

PAGE = Path(__file__).with_name("pictures.md")
FOLDER = PAGE.with_suffix("")


def pictures() -> dict[str, bytes]:
    """Run the page's code, and give the pictures that it saves, by their names."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.S)
    pure, found, here = engine._find_pure(), engine.find_programs, Path.cwd()
    if pure is None:
        raise engine.missing_engine()
    with tempfile.TemporaryDirectory() as folder:
        engine.find_programs = lambda: [pure]
        os.chdir(folder)
        try:
            exec(compile("\n".join(blocks), str(PAGE), "exec"), {})
            return {path.name: path.read_bytes() for path in sorted(Path().glob("*.svg"))}
        finally:
            os.chdir(here)
            engine.find_programs = found


if __name__ == "__main__":
    for name, picture in pictures().items():
        (FOLDER / name).write_bytes(picture)
        print(f"docs/pictures/{name}")
