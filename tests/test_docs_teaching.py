"""The page on teaching: what it shows as printed is what its code prints, in this order."""

import html
import re
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = (DOCS / "teaching.md").read_text()


def shown_and_printed(page, capsys):
    """Run the page's code, and pair each printed block with what the code above it printed."""
    names, printed, pairs = {}, "", []
    for language, text in re.findall(r"```(python)?\n(.*?)```", page, flags=re.S):
        if language:
            exec(text, names)
            printed = capsys.readouterr().out
        else:
            pairs.append((text, printed))
    return pairs


def test_every_block_is_what_was_printed(capsys):
    pairs = shown_and_printed(PAGE, capsys)
    assert len(pairs) == 4
    for shown, printed in pairs:
        assert shown in printed


def test_a_block_that_was_not_printed_is_noticed(capsys):
    ((shown, printed),) = shown_and_printed("```python\nprint(1)\n```\n```\n2\n```\n", capsys)
    assert shown not in printed


def test_every_chapter_is_in_the_table():
    from microtensor.teaching.chapters import CHAPTERS

    rows = re.findall(r"^\| ([A-Z][\w ]+) \|", PAGE, flags=re.M)
    assert rows == [chapter.name for chapter in CHAPTERS]
    assert f"tries {sum(len(c.behaviours) for c in CHAPTERS)} behaviours" in PAGE


# The quizzes, and the six lessons


def lessons():
    """The rows of the plan: each a list of its cells."""
    rows = re.findall(r"^\| (\d \| .*) \|$", PAGE, flags=re.M)
    return [[cell.strip() for cell in row.split("|")] for row in rows]


def test_six_lessons_use_every_quiz_exercise_and_chapter_of_the_grader_once():
    from microtensor.teaching import exercises, quizzes
    from microtensor.teaching.chapters import CHAPTERS

    plan = lessons()
    assert [row[0] for row in plan] == list("123456")
    assert [int(c) for row in plan for c in re.findall(r"\[(\d+)\]", row[2])] == [*range(1, 11)]
    assert {row[3] for row in plan} == {quiz.name for quiz in quizzes()}
    names = [name for row in plan for name in re.findall(r"`(\w+)`", row[4])]
    assert names == [exercise.name for exercise in exercises()]
    parts = [part for row in plan[:-1] for part in row[5].split(", ") if part]
    rest = {"Arrays", "Second derivatives"}  # of engines that have them
    assert sorted(parts) == sorted({chapter.name for chapter in CHAPTERS} - rest)


def test_a_lesson_s_quiz_goes_with_one_of_its_chapters():
    from microtensor.teaching import quizzes

    chapter = {quiz.name: quiz.chapter for quiz in quizzes()}
    for row in lessons():
        if row[3] != "dead-relu":  # of chapter 2, and what learning comes to a stop by
            assert chapter[row[3]] in row[2]


def test_every_quiz_has_its_page_and_its_row(tmp_path):
    from microtensor.teaching import quizzes

    sys.path.insert(0, str(DOCS / "_ext"))
    from quiz_pages import write_pages

    write_pages(tmp_path / "quizzes")
    text = (DOCS / "quizzes.md").read_text()
    rows = re.findall(r'^\| <a href="(.*)">(.*)</a> \| .* \| \[.*\]\((.*)\) \|$', text, flags=re.M)
    expected = {(f"quizzes/{q.name}.html", q.title, f"course/{q.chapter}.md") for q in quizzes()}
    assert set(rows) == expected
    assert [row[2] for row in rows] == sorted(row[2] for row in rows)
    for href, title, chapter in rows:
        assert f"<title>{html.escape(title)}</title>" in (tmp_path / href).read_text()
        assert (DOCS / chapter).exists()
