"""What was drawn at random while a program was traced? What the library draws, a program draws too.

What the function draws by itself, with NumPy, would be the same numbers at each call.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import randomness
from ..errors import CompileError
from ..randomness import generator, get_state, mark
from .watching import Watch


class Draws:
    """Where all generators stand that a function may draw from, before it runs."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self._default: Any = generator()
        self._before: dict[int, tuple[Any, Any, Callable[[], None]]] = {}
        self._left: dict[int, Any] = {}  # where the library's calls left what they drew from
        self._python = random.getstate()
        self._by_hand: Any = None
        for rng in (self._default, np.random.mtrand._rand, *watch.generators.values()):
            self._look(rng)

    def _look(self, rng: Any) -> None:
        if id(rng) not in self._before:
            self._before[id(rng)] = (rng, get_state(rng), mark(rng))

    def begin(self, rng: Any) -> None:
        """Take note that a call of the library draws from a generator now."""
        if id(rng) in self._left and self._left[id(rng)] != get_state(rng):
            self._by_hand = rng
        self._look(rng)

    def end(self, rng: Any) -> None:
        """Take note of where such a call has left it."""
        self._left[id(rng)] = get_state(rng)

    def check(self, name: str) -> None:
        """Raise CompileError if the function drew by itself, or from a generator of the moment."""
        for rng, before, _ in self._before.values():
            if self._by_hand is None and get_state(rng) != self._left.get(id(rng), before):
                self._by_hand = rng
        if random.getstate() != self._python:
            self._by_hand = random
        if self._by_hand is not None or generator() is not self._default:
            raise CompileError(
                f"{name}: random numbers that NumPy draws while the program is written.",
                expected="the numbers as an argument, drawn before each call",
                got=self._which(self._by_hand),
                hint="They would be the same at each call. What the library itself draws, as\n"
                "nn.Dropout does, is drawn anew.",
            )
        known = {id(self._default), *self.watch.generators}
        for number, (rng, _, _) in self._before.items():
            if number in self._left and number not in known:
                raise CompileError(
                    f"{name}: a generator that is made inside of the function is drawn from.",
                    expected="one that is made before it, which goes on from call to call",
                    got=f"a {type(rng).__name__} that nothing outside refers to, such as of rng=0",
                    hint="Make it outside: rng = np.random.default_rng(0).",
                )

    def _which(self, rng: Any) -> str:
        if rng is None:
            return "mt.seed(...) inside of the function"
        if rng is random:
            return "a draw from Python's random"
        if rng is np.random.mtrand._rand:
            return "a draw from np.random"
        which = "the process's generator" if rng is self._default else f"a {type(rng).__name__}"
        return f"a draw from {which}"

    def put_back(self) -> None:
        """Have each generator stand where it stood."""
        if generator() is not self._default:
            randomness.put_back(self._default)
        for _, _, back in self._before.values():
            back()
        random.setstate(self._python)
