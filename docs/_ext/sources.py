"""Links into the repository: a file that is no page of the site gets a page with its text.

A link such as ``../microtensor/value.py`` works where the repository is browsed; here it leads to a
page of the file's lines, and one to an example to the example's own page. The entries of the
reference link to the lines that define them.
"""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import public_names
from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

from examples import PROGRAMS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PACKAGE = Path(public_names.microtensor.__file__ or "").parent
KIND = "repository"
LANGUAGES = {".py": "python", ".md": "markdown", ".toml": "toml", ".sh": "bash", ".css": "css"}


def within(path: Path) -> str | None:
    """A path inside the repository and outside of the pages, relative to the repository."""
    if not path.exists() or not path.is_relative_to(ROOT):
        return None
    is_page = path.is_relative_to(DOCS) and path.suffix in (".md", ".rst")
    return None if is_page else path.relative_to(ROOT).as_posix()


class Links(SphinxTransform):
    """Turns links to files and folders of the repository into links to their pages."""

    default_priority = 5  # before anybody looks for the document, or copies the file

    def apply(self, **_) -> None:
        wanted = (addnodes.download_reference, addnodes.pending_xref)
        for node in list(self.document.findall(lambda n: isinstance(n, wanted))):
            if node.get("reftype") != "myst":
                continue
            target, _, anchor = node["reftarget"].partition("#")
            start = DOCS / Path(self.env.docname).parent
            path = Path(target) if target.startswith("/") else (start / target).resolve()
            if node.get("refdomain") == "doc":  # it was taken for a page, with or without suffix
                path = (DOCS / f"{target}.md").resolve()
            if not target or (name := within(path)) is None:
                continue
            self.env.repository_files.setdefault(self.env.docname, set()).add(name)
            link = addnodes.pending_xref(
                "", *node.children, refdomain=None, reftype=KIND, reftarget=name,
                refdoc=self.env.docname, refexplicit=True, anchor=anchor,
            )  # fmt: skip
            node.replace_self(link)


def page_name(name: str) -> str:
    """The page of a file: an example's own, a folder's of the site, else one of its lines."""
    if (ROOT / name / "index.md").exists() and name.startswith("docs/"):
        return f"{name.removeprefix('docs/')}/index"
    if name in {f"examples/{program.name}" for program in PROGRAMS}:
        return name.removesuffix(".py")
    return f"source/{name}"


def resolve(app, _env, node, content):
    """The link to a file's page."""
    if node.get("reftype") != KIND:
        return None
    page = page_name(node["reftarget"])
    uri = app.builder.get_relative_uri(node["refdoc"], page)
    line = node["anchor"].removeprefix("L")
    if line.isdigit() and page.startswith("source/"):
        uri += f"#L-{line}"
    return nodes.reference("", "", content, internal=True, refuri=uri)


def pages(app):
    """The pages of all files that anybody links to, and of those that define public names."""
    linked = set().union(*app.env.repository_files.values())
    names = {name for name in linked if page_name(name).startswith("source/")}
    for name in sorted(names | defining()):
        path = ROOT / name
        body = listing(app, path) if path.is_dir() else lines(app, path)
        yield f"source/{name}", {"title": name, "body": f"<h1>{name}</h1>\n{body}"}, "page.html"


def lines(app, path: Path) -> str:
    """A file's text, its lines numbered, each with an anchor."""
    text = path.read_text(encoding="utf-8")
    language = LANGUAGES.get(path.suffix, "none")
    return app.builder.highlighter.highlight_block(
        text, language, linenos="inline", linespans="L", force=True
    )


def listing(app, folder: Path) -> str:
    """What is in a folder."""
    entries = sorted(p.name + "/" * p.is_dir() for p in folder.iterdir() if p.name[0] not in "._")
    return "<ul>" + "".join(f"<li>{entry}</li>" for entry in entries) + "</ul>"


def defining() -> set[str]:
    """The files that define the public names of ours, and the members of classes among them."""
    things = [entry.thing for entry in public_names.public()]
    bases = [base.__module__ for t in things if inspect.isclass(t) for base in t.__mro__]
    modules = {*bases, *(entry.module for entry in public_names.public())}
    ours = [name for name in modules if name.split(".")[0] == public_names.PACKAGE]
    return {_in_repository(Path(importlib.import_module(name).__file__ or "")) for name in ours}


def _in_repository(path: Path) -> str:
    return f"microtensor/{path.relative_to(PACKAGE).as_posix()}"


def lines_of(domain: str, info: dict) -> str | None:
    """Where a name of the reference is defined, seen from a page of the reference."""
    thing = importlib.import_module(info["module"])
    for part in info["fullname"].split("."):
        thing = getattr(thing, part, None)
    thing = inspect.unwrap(getattr(thing, "fget", None) or thing)
    try:
        path, line = inspect.getsourcefile(thing) or "", inspect.getsourcelines(thing)[1]
    except (TypeError, OSError):  # NumPy's own, or a number
        return None
    if not Path(path).is_relative_to(PACKAGE):
        return None
    return f"../source/{_in_repository(Path(path))}.html#L-{max(line, 1)}"


def setup(app) -> dict[str, bool]:
    def begin(_app, env, _names) -> None:
        if not hasattr(env, "repository_files"):
            env.repository_files = {}

    def forget(_app, env, name: str) -> None:
        getattr(env, "repository_files", {}).pop(name, None)

    def merge(_app, env, _names, other) -> None:
        env.repository_files.update(other.repository_files)

    def tell_lines(_app, config) -> None:
        config.linkcode_resolve = lines_of

    app.connect("config-inited", tell_lines)
    app.connect("env-before-read-docs", begin)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("missing-reference", resolve)
    app.connect("html-collect-pages", pages)
    app.add_transform(Links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
