"""The command line of the races; see `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import gc
import json
import sys
from pathlib import Path

from benchmarks import protocol


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; 0 when every race was valid, 1 when one was void, 2 for bad usage."""
    options = parser().parse_args(arguments)
    protocol.settle()  # before anything imports NumPy
    from benchmarks.race import DisagreementError
    from benchmarks.races import choose

    try:
        if options.child:
            return child(*options.child, quick=options.quick)
        if options.profile:
            from benchmarks.profile import profile

            print(profile(options.profile))
            return 0
        races = choose(options.only)
        if options.list:
            for race in races:
                print(f"{race.name:14} {race.title}")
                print(f"{'':14} {', '.join(c.key for c in race.contestants)}")
            return 0
        return run(races, options)
    except LookupError as error:
        print(f"benchmarks: {error.args[0]}", file=sys.stderr)
        return 2
    except DisagreementError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Race microtensor against hand-written NumPy and the other libraries.",
    )
    add = made.add_argument
    add("--list", action="store_true", help="print the races and their contestants")
    add(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="a race, or the beginning of several (mlp, scalar, memory); may be repeated",
    )
    add("--contestants", metavar="A,B", help="let only these take part")
    add("--quick", action="store_true", help="few repeats, short chains: does it run, not how fast")
    add("--json", type=Path, metavar="PATH", help="write the results here as well")
    add("--profile", metavar="NAME", help="profile our own step of a race of steps instead")
    add("--child", nargs=2, metavar=("RACE", "CONTESTANT"), help=argparse.SUPPRESS)
    return made


def child(race: str, key: str, quick: bool) -> int:
    """One contestant of a race of processes: prints what it measured as a line of JSON."""
    from benchmarks.races import RACES

    contestant = next(c for c in RACES[race].contestants if c.key == key)
    gc.collect()
    gc.freeze()  # what the races imported is no heap of the contestant's
    print(json.dumps(contestant.enter(quick)))
    return 0


def run(races: list, options: argparse.Namespace) -> int:
    """Run the races one after the other, printing each table as it is done."""
    from benchmarks import report

    keys = options.contestants.split(",") if options.contestants else None
    unknown = set(keys or ()) - {c.key for race in races for c in race.contestants}
    if unknown:
        raise LookupError(f"no contestant of these races is called {', '.join(sorted(unknown))}")
    data = {}
    for race in races:
        data[race.name] = report.as_data(race, race.run(keys, options.quick))
        print(report.table(race.name, data[race.name]), flush=True)
    if options.json:
        settings = protocol.settings() | {"quick": options.quick}
        everything = {"versions": protocol.versions(), "settings": settings, "races": data}
        options.json.write_text(json.dumps(everything, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
