"""How does a context decorate a function? As ``with`` around its body, generators' too."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import ContextDecorator
from typing import Any

from .errors import ArgumentError


class Decorator(ContextDecorator):
    """A context that may stand above a function: each call enters one of its own.

    The body of a generator runs in pieces, each when the next value is asked for. It is entered
    for each piece, and left while the generator waits.

    Examples
    --------
    >>> class told(Decorator):
    ...     def __enter__(self):
    ...         print("in")
    ...     def __exit__(self, *_):
    ...         print("out")
    >>> @told()
    ... def numbers():
    ...     yield 1
    ...     print("between")
    >>> list(numbers())
    in
    out
    in
    between
    out
    [1]
    """

    def _recreate_cm(self) -> Any:
        return type(self)()

    def __call__(self, f: Callable) -> Any:
        if inspect.iscoroutinefunction(f) or inspect.isasyncgenfunction(f):
            raise ArgumentError(
                f"{type(self).__name__}: an async function has waits, in which others run.",
                expected="a function, or a generator",
                got=f"async def {f.__name__}",
                hint=f"Write it inside, between two waits: with {type(self).__name__}(): ...",
            )
        if not inspect.isgeneratorfunction(f):
            return super().__call__(f)

        @functools.wraps(f)
        def pieces(*args: Any, **kwargs: Any) -> Iterator[Any]:
            generator = f(*args, **kwargs)
            resume, given = generator.send, None
            while True:
                try:
                    with self._recreate_cm():
                        value = resume(given)
                except StopIteration as end:
                    return end.value
                try:
                    resume, given = generator.send, (yield value)
                except BaseException as error:  # what was thrown in, or that it is closed
                    resume, given = generator.throw, error

        return pieces
