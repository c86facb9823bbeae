"""Who lays it out? Graphviz, as a program of its own beside ours.

The system's ``dot`` where there is one, else ``graphviz-pure``, which comes as a Python package.
Always a child process: it can be interrupted, and it is stopped when it takes too long.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from ..errors import DrawingError, GraphTooLargeError, MissingEngineError

SECONDS = 20.0  # how long a layout may take

# graphviz-pure estimates the width of what is not ASCII from its bytes and warns once; the
# estimate of the signs we use (minus, times, sigma ...) is right within a point.
_HARMLESS = "no value for width of non-ASCII character"


def find_programs() -> list[str]:
    """List the programs that can lay out a graph, best first; perhaps none.

    Returns
    -------
    list of str
        Paths of the system's ``dot`` and of ``graphviz-pure``.
    """
    found = [shutil.which("dot"), _find_pure()]
    return [program for program in found if program is not None]


def _find_pure() -> str | None:
    """Find the program of the package graphviz-pure, which need not be on the PATH."""
    name = "graphviz-pure.exe" if os.name == "nt" else "graphviz-pure"
    try:  # where its installer says that it put it
        files = importlib.metadata.files("graphviz-pure") or []
        places = [Path(str(f.locate())) for f in files if f.name == name]
    except importlib.metadata.PackageNotFoundError:
        places = []
    # beside this interpreter, as in a virtual environment that was not activated
    places += [Path(sysconfig.get_path("scripts")) / name, Path(sys.executable).parent / name]
    for place in places:
        if place.is_file() and os.access(place, os.X_OK):
            return os.path.realpath(place)
    return shutil.which("graphviz-pure")


def run(
    source: str,
    format: str,
    *,
    layout: str | None = None,
    options: tuple[str, ...] = (),
    seconds: float = SECONDS,
) -> tuple[bytes, tuple[str, ...]]:
    """Lay out a graph and write it in a format.

    Parameters
    ----------
    source : str
        The graph in the DOT language.
    format : str
        What to write: svg, png, dot, ... ; pdf where the engine can.
    layout : str, optional
        The layout engine: dot if not given.
    options : tuple of str
        Further options of the program.
    seconds : float
        How long it may take.

    Returns
    -------
    bytes, tuple of str
        The picture, and what the program warned of.

    Raises
    ------
    MissingEngineError
        If there is no program to run.
    GraphTooLargeError
        If it took too long.
    DrawingError
        If no program could do it.
    """
    programs = find_programs()
    if not programs:
        raise missing_engine()
    complaints = []
    for program in programs:
        command = [program, f"-T{format}", *([f"-K{layout}"] if layout else []), *options]
        try:
            # Were we interrupted, run() would stop the program and wait for it to be gone.
            done = subprocess.run(
                command, input=source.encode(), capture_output=True, timeout=seconds
            )
        except subprocess.TimeoutExpired:
            raise _too_slow(program, seconds) from None
        except OSError as error:
            complaints.append(f"{Path(program).name}: {error.strerror or error}")
            continue
        lines = done.stderr.decode(errors="replace").splitlines()
        said = tuple(line for line in lines if line.strip() and _HARMLESS not in line)
        if done.returncode == 0 and done.stdout:
            return done.stdout, said
        complaints.append(f"{Path(program).name}: {said[0] if said else 'wrote nothing'}")
    raise DrawingError(
        f"The picture could not be written as {format}.",
        got="\n            ".join(complaints),
        hint=_formats_hint(format),
    )


def missing_engine() -> MissingEngineError:
    """Build the error for a machine without Graphviz: both ways to mend it."""
    return MissingEngineError(
        "Drawing needs Graphviz, and there is none on this machine.",
        expected="the program dot of Graphviz, or the Python package graphviz-pure",
        got="neither",
        hint='Install one of them: pip install "microtensor[draw]", or apt-get install graphviz\n'
        "(brew, conda, dnf and winget have it too). Until then, .save('graph.dot') works.",
    )


def _too_slow(program: str, seconds: float) -> GraphTooLargeError:
    return GraphTooLargeError(
        f"{Path(program).name} was stopped: the layout took more than {seconds:g} seconds.",
        hint="Draw fewer boxes: draw(..., depth=0) folds modules up, and between=(w, loss) or\n"
        "neighbourhood=w draw a part. mt.explore(value, 'page.html') opens all of it box by box.",
    )


def _formats_hint(format: str) -> str:
    if format == "pdf":
        return "graphviz-pure writes no PDF: install Graphviz (apt-get install graphviz), or .svg."
    return "Save it as .svg, .png or .dot instead."
