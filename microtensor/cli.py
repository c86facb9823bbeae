"""The `microtensor` command: what can be done without writing a program."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import __version__
from .errors import ArgumentError, MicrotensorError
from .files import write_whole
from .graph import Model, Node

SHOWN = {
    "draw": (
        "draw the graph of a Value, or a model's network",
        "the picture: .svg, .png, .pdf or .dot (default: NAME.svg)",
    ),
    "explain": (
        "tell both passes of a Value's graph step by step",
        "the text: .txt, .md, .tex or .html (default: print it)",
    ),
    "explore": (
        "make a page on which a Value's graph is stepped through and edited",
        "the page (default: NAME.html)",
    ),
    "summary": (
        "summarise a model, or a tuple of a model and inputs to call it with",
        "the table: .txt or .html (default: print it)",
    ),
}
DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130  # exit codes, as shells know them


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and give its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``microtensor``; those of the process by default.

    Returns
    -------
    int
        0 done, 1 failed (the reason is on standard error), 2 misused, 130 interrupted.

    Examples
    --------
    >>> main(["--version"])  # doctest: +ELLIPSIS
    microtensor ...
    0
    """
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as stop:  # argparse has said what was wrong, or has answered
        return int(stop.code or DONE)
    if options.command is None:
        _parser().print_help()
        return DONE
    try:
        if options.command == "demo":
            from . import demo

            demo.run(options.out, epochs=options.epochs, seed=options.seed)
            return DONE
        return _show(options.command, options.target, options.out)
    except KeyboardInterrupt:
        print("\nInterrupted. Files that are there are whole.", file=sys.stderr)
        return INTERRUPTED
    except (MicrotensorError, OSError) as error:
        print(f"microtensor: {error}", file=sys.stderr)
        return FAILED


def _show(command: str, target: str, out: Path | None) -> int:
    """Run the user's file, and draw, explain, explore or summarise what is asked for."""
    from . import scripts, viz

    try:
        name, thing = scripts.found(target)
    except scripts.Ended as end:
        return end.code
    _check_kind(command, name, thing)
    if command == "summary":
        model, *inputs = thing if isinstance(thing, tuple) else (thing,)
        table = viz.summary(model, *inputs)
        if out is None:
            print(table)
        elif out.suffix.lower() in (".html", ".htm"):
            write_whole(out, table.to_html().encode())
        else:
            write_whole(out, (table.to_text(100, color=False, ascii=False) + "\n").encode())
    elif command == "explain":
        explanation = viz.explain(thing)
        if out is None:
            print(explanation)
        else:
            explanation.save(out)
    elif command == "explore":
        out = out or Path(f"{name}.html")
        viz.explore(thing, out)
    else:
        out = out or Path(f"{name}.svg")
        viz.draw(thing).save(out)
    if out is not None:
        print(f"{name} is in {out}")
    return DONE


def _check_kind(command: str, name: str, thing: Any) -> None:
    wanted = {
        "draw": ((Node, Model), "a Value, such as a loss, or a model"),
        "summary": ((Model,), "a model, or a tuple of a model and its inputs"),
    }
    kinds, words = wanted.get(command, ((Node,), "a Value, such as a loss"))
    first = thing[0] if command == "summary" and isinstance(thing, tuple) and thing else thing
    if not isinstance(first, kinds):
        raise ArgumentError(
            f"{command}: {name} is not of a kind that can be shown so.",
            expected=words,
            got=f"a {type(thing).__name__}",
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="microtensor",
        description="Build models, see their computation graphs, study how backpropagation works.",
        epilog="In Python: import microtensor as mt; help(mt)",
    )
    parser.add_argument("--version", action="version", version=f"microtensor {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    demo = commands.add_parser(
        "demo",
        help="train a network on real handwritten digits, and draw what happened",
        description="Train a network on 1,442 real handwritten digits, test it on 355 others, "
        "and leave pictures, weights and figures in a folder.",
    )
    demo.add_argument(
        "--out", type=Path, default=Path("microtensor-demo"), metavar="DIR",
        help="where to leave the files (default: %(default)s)",
    )  # fmt: skip
    demo.add_argument(
        "--epochs", type=positive, default=40, metavar="N",
        help="how often to go through the training images (default: %(default)s)",
    )  # fmt: skip
    demo.add_argument(
        "--seed", type=seed, default=0, metavar="S",
        help="for the first weights and the order of images (default: %(default)s)",
    )  # fmt: skip
    for command, (does, gives) in SHOWN.items():
        showing = commands.add_parser(
            command,
            help=does,
            description=f"Run a Python file as `python FILE` would, and {does}. NAME is what "
            "stands there when it has run; a function is called, and what it gives is taken.",
        )
        showing.add_argument("target", metavar="FILE:NAME", help="such as train.py:loss")
        showing.add_argument("-o", "--out", type=Path, metavar="OUT", help=gives)
    return parser


def positive(text: str) -> int:
    """Read a number of at least 1; argparse names this function in its messages."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number


def seed(text: str) -> int:
    """Read a number that is not negative."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, got {number}")
    return number
