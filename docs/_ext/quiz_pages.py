"""The pages of the quizzes, written beside the site's own when it is built: quizzes/NAME.html."""

from __future__ import annotations

from pathlib import Path

from microtensor.teaching import quizzes


def write_pages(folder: Path) -> None:
    """Write each quiz's page into a folder."""
    for quiz in quizzes():
        quiz.page(folder / f"{quiz.name}.html")


def setup(app) -> dict[str, bool]:
    def finish(app, error) -> None:
        if error is None and app.builder.format == "html":
            write_pages(Path(app.outdir) / "quizzes")

    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
