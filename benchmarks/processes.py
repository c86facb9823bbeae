"""Races whose contestants each get a process of their own, in turn, several times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.race import Contestant, Race, Result, agree

ROOT = Path(__file__).resolve().parent.parent


def run_fresh(*arguments: str) -> str:
    """What a fresh Python, with these arguments, prints; its errors become ours.

    Python keeps what it compiled, as it does for everybody: an environment that forbids it would
    time the compiler, and only for packages that no installer has compiled.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"python {' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout


@dataclass(frozen=True, kw_only=True)
class ProcessRace(Race):
    """`enter(quick)` runs in a fresh process and gives a dict: `value`, and if wanted `check`.

    What contestants give as `check` (a list of losses) must agree; a `note` is printed once.
    """

    rounds: int = 5

    def measure(self, contestants: list[Contestant], quick: bool, result: Result) -> None:
        for _ in range(1 if quick else self.rounds):
            checks: dict[str, list[float]] = {}
            for contestant in contestants:
                got = self.in_own_process(contestant, quick)
                result.samples.setdefault(contestant.key, []).append(got["value"])
                if "check" in got:
                    checks[contestant.key] = got["check"]
                note = f"{contestant.title}: {got['note']}" if "note" in got else None
                if note and note not in result.notes:
                    result.notes.append(note)
            if checks:
                agree(checks)

    def in_own_process(self, contestant: Contestant, quick: bool) -> dict[str, Any]:
        flags = ["--quick"] if quick else []
        printed = run_fresh("-m", "benchmarks", "--child", self.name, contestant.key, *flags)
        return json.loads(printed.splitlines()[-1])
