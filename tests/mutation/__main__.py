"""Do the tests notice when one thing in the rules is wrong?  ``python -m tests.mutation``

Every mutant of ``microtensor/ops`` is put in place of the original code of its function, in a
process of its own, and the tests that run this function are run until one fails. A mutant that no
test notices has survived: either a test is missing, or the mutant computes the same, for a reason
that `EQUIVALENT` in ``equivalents.py`` gives. A mutant is shown as timed out when no test failed
before one ran for ever.
"""

from __future__ import annotations

import argparse
import functools
import gc
import itertools
import os
import signal
import sys
import time
import types
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import microtensor

from .alterations import Mutant, mutants
from .equivalents import EQUIVALENT

OPS = Path(microtensor.__file__).parent / "ops"
SECONDS = 60  # of the processor: a test that takes more runs for ever
GOOD = "noticed", "timed out", "equivalent"
BAD = "survived", "not run by any test", "wrongly called equivalent"
Claim = tuple[str, str, str, str]  # the file, the function, before, after
TESTS = [
    "tests/test_functions.py", "tests/test_functions_kinks.py", "tests/test_ops_numerics.py",
    "tests/test_functions_errors.py", "tests/test_calls.py", "tests/test_attention.py",
    "tests/test_normalizing.py", "tests/test_nn_batch_norms.py", "tests/test_nn_dropping.py",
    "tests/test_nn_recurrent.py", "tests/test_nn_projected_lstm.py", "tests/test_transformer.py",
    "tests/test_backward_in_place.py", "tests/test_functions_lists.py",
]  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("files", nargs="*", help="files of microtensor/ops; all if none is named")
    parser.add_argument("--share", default="1/1", help="2/3: every third mutant, from the second")
    parser.add_argument(
        "--doubt", action="store_true", help="run equivalent mutants too; none may be noticed"
    )
    return parser.parse_args()


class Mutation:
    """A plugin of pytest: collects the tests as ever, and then runs them on mutants."""

    def __init__(self, files: list[Path], share: tuple[int, int], doubt: bool) -> None:
        self.files, self.share, self.doubt = files, share, doubt
        self.failures: list[Any] = []  # of the test that runs
        self.trouble: list[str] = []
        self.counts = dict.fromkeys([*GOOD, *BAD], 0)
        self.took: dict[str, float] = {}  # seconds of each test
        self.runs: Counter[str] = Counter()  # how many mutants each test has met,
        self.wins: Counter[str] = Counter()  # and how many it has noticed

    def pytest_configure(self, config: pytest.Config) -> None:
        config.option.tbstyle = "native"  # the quickest: nobody reads why a test failed

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failures.append(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        tests = self.tests_of_each_function(session)
        if self.trouble:
            return True
        gc.collect()
        things = things_that_keep_code(str(OPS))
        gc.freeze()  # children leave what is there alone, so that its memory stays shared
        number = 0
        for path in self.files:
            source = path.read_text(encoding="utf-8")
            original = compile(source, str(path), "exec")
            claimed = {what for what in EQUIVALENT if what[0] == path.name}
            for mutant in mutants(source):
                claimed.discard(claim(path, mutant))
                number += 1
                if number % self.share[1] != self.share[0] % self.share[1]:
                    continue
                altered = compile(mutant.tree, str(path), "exec")
                pairs = list(differing(original, altered))
                ran = {i.nodeid: i for old, _ in pairs for i in tests[key(old)]}
                self.judge(claim(path, mutant), mutant.line, pairs, things, list(ran.values()))
            self.trouble += [f"equivalent, but no mutant: {what}" for what in sorted(claimed)]
        winners = [item for item in session.items if self.wins[item.nodeid]]
        if self.verdict([], things, winners) != "survived":
            self.trouble.append("a test that noticed a mutant fails without one, run once more")
        return True

    def tests_of_each_function(self, session: pytest.Session) -> dict[tuple, list[Any]]:
        """Run all tests once, and note which of them runs which function, and how long it takes."""
        ran: dict[tuple, list[Any]] = defaultdict(list)
        for item in session.items:
            seen: dict[int, types.CodeType] = {}

            def note(frame: Any, event: str, _: Any, seen: dict = seen) -> None:
                if event == "call":
                    seen[id(frame.f_code)] = frame.f_code

            start = time.perf_counter()
            sys.setprofile(note)
            try:
                passed = run(item, self.failures)
            finally:
                sys.setprofile(None)
            if not passed:
                self.trouble.append(f"{item.nodeid} fails without any mutant")
            self.took[item.nodeid] = time.perf_counter() - start
            for code in seen.values():
                if code.co_filename.startswith(str(OPS)):
                    ran[key(code)].append(item)
        return ran

    def judge(self, what: Claim, line: int, pairs: list, things: list, items: list[Any]) -> None:
        claimed = what in EQUIVALENT
        if claimed and not self.doubt:
            verdict = "equivalent"
        elif not items:
            verdict = "not run by any test"
        else:
            verdict = self.verdict(pairs, things, sorted(items, key=self.seconds_per_win))
        if claimed:
            verdict = "wrongly called equivalent" if verdict == "noticed" else "equivalent"
        self.counts[verdict] += 1
        if verdict not in ("noticed", "equivalent"):
            name, function, before, after = what
            print(f"\n{verdict}: {name}:{line} {function}\n    {before}\n    {after}", flush=True)

    def seconds_per_win(self, item: Any) -> float:
        """Estimate how long a test must run to notice one mutant, of all that it meets."""
        name = item.nodeid
        return self.took[name] * (self.runs[name] + 2) / (self.wins[name] + 1)

    def verdict(self, pairs: list, things: list, items: list[Any]) -> str:
        """Run tests on a mutant in a process of its own, until one of them fails."""
        result, report = os.pipe()
        child = os.fork()
        if child == 0:
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            try:
                put_in_place(pairs, things)
                ran = 1 + sum(1 for _ in itertools.takewhile(self.passes_in_time, items))
                os.write(report, str(ran).encode())
            finally:
                os._exit(0)
        os.close(report)
        with open(result, encoding="ascii") as stream:
            ran = int(stream.read() or 0)
        _, status = os.waitpid(child, 0)
        if ran > len(items):
            return "survived"
        if ran == 0:
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGALRM):
                return "timed out"
            raise RuntimeError(f"a mutant's process ended unasked: {status=}")
        self.runs.update(item.nodeid for item in items[:ran])
        self.wins[items[ran - 1].nodeid] += 1
        return "noticed"

    def passes_in_time(self, item: Any) -> bool:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # it ends the process
        signal.alarm(10 * SECONDS)  # so does this, which is for tests that wait
        return run(item, self.failures)


def claim(path: Path, mutant: Mutant) -> Claim:
    return path.name, mutant.function, mutant.before, mutant.after


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


def things_that_keep_code(path: str) -> list[Any]:
    """List the functions that the files of a path have made, and all that keeps their results.

    Of all objects there are only the type is asked: other libraries' may answer with a warning.
    """
    return [
        thing
        for thing in gc.get_objects()
        if (
            type(thing) is functools._lru_cache_wrapper
            and str(thing.__module__).startswith("microtensor")
        )
        or (type(thing) is types.FunctionType and thing.__code__.co_filename.startswith(path))
    ]


def put_in_place(pairs: list, things: Iterable[Any]) -> None:
    """Give every function that runs the original code the mutant's."""
    new = {key(old): altered for old, altered in pairs}
    for thing in things:
        if not isinstance(thing, types.FunctionType):
            thing.cache_clear()  # what the original computed would hide the mutant
        elif key(thing.__code__) in new:
            thing.__code__ = new[key(thing.__code__)]


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
    plugin = Mutation(files, (part, parts), given.doubt)
    without = [x for name in ("terminal", "cacheprovider", "xdist") for x in ("-p", f"no:{name}")]
    pytest.main(["--assert=plain", *without, *tests], plugins=[plugin])
    total = sum(plugin.counts.values())
    print(f"\n{total} mutants: " + ", ".join(f"{n} {what}" for what, n in plugin.counts.items()))
    print("\n".join(plugin.trouble))
    return 1 if plugin.trouble or not total or any(plugin.counts[v] for v in BAD) else 0


if __name__ == "__main__":
    sys.exit(main())
