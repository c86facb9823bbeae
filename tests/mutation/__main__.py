"""Do the tests notice when one thing in the rules is wrong?  ``python -m tests.mutation``

Every mutant of ``microtensor/ops`` is put in place of the original code of its function, in a
process of its own, and the tests that run this function are run until one fails. A mutant that no
test notices has survived: either a test is missing, or the mutant computes the same, for a reason
that `EQUIVALENT` in ``equivalents.py`` gives.
"""

from __future__ import annotations

import argparse
import functools
import gc
import os
import signal
import sys
import time
import types
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import microtensor

from .alterations import Mutant, mutants
from .equivalents import EQUIVALENT

OPS = Path(microtensor.__file__).parent / "ops"
SECONDS = 60  # a test that takes longer runs for ever: the mutant is noticed
TESTS = [
    "tests/test_functions.py", "tests/test_functions_kinks.py", "tests/test_ops_numerics.py",
    "tests/test_functions_errors.py", "tests/test_calls.py",
]  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("files", nargs="*", help="files of microtensor/ops; all if none is named")
    parser.add_argument("--share", default="1/1", help="2/3: every third mutant, from the second")
    return parser.parse_args()


class Mutation:
    """A plugin of pytest: collects the tests as ever, and then runs them on mutants."""

    def __init__(self, files: list[Path], share: tuple[int, int]) -> None:
        self.files, self.share = files, share
        self.survivors: list[tuple[str, Mutant]] = []
        self.failures: list[Any] = []  # of the test that runs
        self.trouble: list[str] = []
        self.counts = {"noticed": 0, "equivalent": 0, "survived": 0, "not run by any test": 0}

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failures.append(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        tests = self.tests_of_each_function(session)
        if self.trouble:
            return True
        number = 0
        for path in self.files:
            source = path.read_text(encoding="utf-8")
            original = compile(source, str(path), "exec")
            everything = {i.nodeid: i for k, its in tests.items() if k[0] == str(path) for i in its}
            if self.noticed([], list(everything.values())):
                self.trouble.append(f"{path.name}: its tests fail without any mutant")
                return True
            for mutant in mutants(source):
                number += 1
                if number % self.share[1] != self.share[0] % self.share[1]:
                    continue
                altered = compile(mutant.tree, str(path), "exec")
                pairs = list(differing(original, altered))
                ran = {i.nodeid: i for old, _ in pairs for i in tests[key(old)]}
                self.judge(path.name, mutant, pairs, list(ran.values()))
        return True

    def tests_of_each_function(self, session: pytest.Session) -> dict[tuple, list[Any]]:
        """Run all tests once, and note which of them runs which function, the fastest first."""
        ran: dict[tuple, list[tuple[float, int, Any]]] = defaultdict(list)
        for n, item in enumerate(session.items):
            seen: set[types.CodeType] = set()

            def note(frame: Any, event: str, _: Any, seen: set = seen) -> None:
                if event == "call" and frame.f_code.co_filename.startswith(str(OPS)):
                    seen.add(frame.f_code)

            start = time.perf_counter()
            sys.setprofile(note)
            try:
                passed = run(item, self.failures)
            finally:
                sys.setprofile(None)
            if not passed:
                self.trouble.append(f"{item.nodeid} fails without any mutant")
            took = time.perf_counter() - start
            for code in seen:
                ran[key(code)].append((took, n, item))
        found = defaultdict(list)
        for code_key, timed in ran.items():
            found[code_key] = [item for _, _, item in sorted(timed, key=lambda t: t[:2])]
        return found

    def judge(self, name: str, mutant: Mutant, pairs: list, items: list[Any]) -> None:
        what = (name, mutant.function, mutant.before, mutant.after)
        if what in EQUIVALENT:
            verdict = "equivalent"
        elif not items:
            verdict = "not run by any test"
        else:
            verdict = "noticed" if self.noticed(pairs, items) else "survived"
        self.counts[verdict] += 1
        if verdict in ("survived", "not run by any test"):
            self.survivors.append((name, mutant))
            print(f"\n{verdict}: {name}:{mutant.line} {mutant.function}", flush=True)
            print(f"    {mutant.before}\n    {mutant.after}", flush=True)

    def noticed(self, pairs: list, items: list[Any]) -> bool:
        """Run tests on a mutant in a process of its own; tell whether one of them fails."""
        child = os.fork()
        if child == 0:
            code = 2
            try:
                silence = os.open(os.devnull, os.O_WRONLY)
                os.dup2(silence, 1)
                os.dup2(silence, 2)
                put_in_place(pairs)
                code = 0 if all(map(self.passes_in_time, items)) else 1
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        return status != 0

    def passes_in_time(self, item: Any) -> bool:
        signal.alarm(SECONDS)  # it ends the process
        return run(item, self.failures)


def key(code: types.CodeType) -> tuple:
    return code.co_filename, code.co_qualname, code.co_firstlineno, code.co_code, code.co_consts


def differing(a: types.CodeType, b: types.CodeType) -> Any:
    """Pair the functions of two files that differ, the innermost first.

    The outer ones are there because a function or a comprehension inside may be made anew from
    their code at each call.
    """
    for x, y in zip(a.co_consts, b.co_consts, strict=False):
        if isinstance(x, types.CodeType) and isinstance(y, types.CodeType) and x != y:
            yield from differing(x, y)
            yield x, y


def put_in_place(pairs: list) -> None:
    """Give every function that runs the original code the mutant's."""
    new = {key(old): altered for old, altered in pairs}
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and key(thing.__code__) in new:
            thing.__code__ = new[key(thing.__code__)]
        elif isinstance(thing, functools._lru_cache_wrapper):
            thing.cache_clear()  # what the original computed would hide the mutant


def run(item: Any, failures: list[Any]) -> bool:
    """Run one test as pytest does; tell whether it passed."""
    failures.clear()
    with np.errstate():
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
    return not failures


def main() -> int:
    given = arguments()
    files = [OPS / name for name in given.files] or sorted(OPS.glob("*.py"))
    part, parts = map(int, given.share.split("/"))
    tests = TESTS + [
        str(p)
        for kind in ("kinks", "properties")
        for p in sorted(Path("tests").glob(f"test_{kind}_*.py"))
    ]
    plugin = Mutation(files, (part, parts))
    pytest.main(
        ["-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:xdist", *tests], plugins=[plugin]
    )
    total = sum(plugin.counts.values())
    print(f"\n{total} mutants: " + ", ".join(f"{n} {what}" for what, n in plugin.counts.items()))
    print("\n".join(plugin.trouble))
    return 1 if plugin.survivors or plugin.trouble or not total else 0


if __name__ == "__main__":
    sys.exit(main())
