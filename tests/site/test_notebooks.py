"""The chapters' notebooks are valid, run without an error, and are what the site offers."""

import json
import re

import notebooks
import pytest


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return notebooks.write(tmp_path_factory.mktemp("notebooks"))


@pytest.mark.parametrize("chapter", notebooks.CHAPTERS, ids=lambda path: path.stem)
def test_a_chapters_notebook_runs(written, chapter):
    path = next(p for p in written if p.stem == chapter.stem)
    done = notebooks.run(path)
    code = [cell for cell in done.cells if cell.cell_type == "code"]
    assert code
    assert all(cell.execution_count for cell in code)


def test_a_cell_that_fails_is_noticed(tmp_path):
    book = notebooks.notebook("```python\n1 / 0\n```\n")
    path = tmp_path / "wrong.ipynb"
    path.write_text(json.dumps(book), encoding="utf-8")
    with pytest.raises(Exception, match="ZeroDivisionError"):
        notebooks.run(path)


def test_every_chapter_offers_its_notebook(site, written):
    for path in written:
        page = (site / f"course/{path.stem}.html").read_text(encoding="utf-8")
        (link,) = re.findall(r'href="\.\./(_downloads/[^"]+\.ipynb)"', page)
        assert (site / link).read_text(encoding="utf-8") == path.read_text(encoding="utf-8")
