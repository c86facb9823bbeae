"""The `microtensor` command: what can be done without writing a program."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import __version__
from .errors import MicrotensorError

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
    from . import demo

    try:
        demo.run(options.out, epochs=options.epochs, seed=options.seed)
    except KeyboardInterrupt:
        print("\nInterrupted. Files that are there are whole.", file=sys.stderr)
        return INTERRUPTED
    except (MicrotensorError, OSError) as error:
        print(f"microtensor: {error}", file=sys.stderr)
        return FAILED
    return DONE


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
