"""Is an engine right? Each behaviour is tried by itself, and whatever goes wrong is caught."""

from __future__ import annotations

import contextlib
import io
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .behaviours import Behaviour, Chapter, Comparison, agrees, result
from .chapters import CHAPTERS
from .engines import Engine
from .limits import StoppedError, at_most
from .reports import Report, Result

_HERE = Path(__file__).parent
_OF_ERRORS: dict[type[BaseException], str] = {
    RecursionError: "Something calls itself without end, or once for every value of the graph. "
    "Python allows about 1,000 calls inside of each other: use a loop and a list.",
    StoppedError: "It did not come to an end and was stopped. Look for a loop that waits for "
    "something that never happens, or that goes through the same values again and again.",
    AttributeError: "Something is asked for that is not there: an attribute that the class lacks, "
    "or a plain number that was not wrapped in a Value.",
    NotImplementedError: "The engine itself says that this is still to be written.",
}


def check(engine: Any, *chapters: str) -> Report:
    """Grade an engine like micrograd's by some seventy behaviours, each failure explained.

    An engine is a class whose ``Value(number)`` has ``+ - * / **``, ``.data``, ``.grad`` and
    ``backward()``. Functions (``relu``, ``tanh``, ``exp``, ``log``, ``sigmoid``), arrays and
    ``backward(create_graph=True)`` are graded where they are offered. Slopes are compared with
    differences. An engine that raises, recurses or does not end fails that behaviour, and the next
    one is tried.

    Parameters
    ----------
    engine : type, module or callable
        The class; or a module that has it as ``Value`` and may have the functions beside it; or a
        function that makes a value of a number.
    *chapters : str
        Which to grade, such as "Reuse" and "Order"; all, if none is named.

    Returns
    -------
    Report
        True if every behaviour is right; print it for what is wrong, why, and how to mend it.

    Raises
    ------
    ArgumentError
        If it is none of these, or there is no chapter of such a name.

    References
    ----------
    .. [1] A. Karpathy, *micrograd* (2020), https://github.com/karpathy/micrograd: the interface.

    Examples
    --------
    >>> import microtensor as mt
    >>> report = mt.teaching.check(mt.Value)
    >>> bool(report), report.failures
    (True, ())
    """
    spoken = Engine(engine)
    results: dict[str, Result] = {}
    for chapter in _chosen(chapters):
        for behaviour in chapter.behaviours:
            results[behaviour.name] = _tried(behaviour, spoken, results)
    return Report(spoken.name, tuple(results.values()))


def _chosen(names: tuple[str, ...]) -> list[Chapter]:
    for name in names:
        if name not in (known := [chapter.name for chapter in CHAPTERS]):
            raise ArgumentError(
                "check: there is no such chapter.",
                expected=f"one or more of {', '.join(known)}",
                got=repr(name),
            )
    return [chapter for chapter in CHAPTERS if not names or chapter.name in names]


def _tried(behaviour: Behaviour, engine: Engine, before: dict[str, Result]) -> Result:
    """Try one behaviour, if the engine offers what it needs."""
    earlier = before.get(behaviour.after)
    if earlier is not None and earlier.status != "right":
        raised = earlier.raised or f"not tried, since {earlier.name!r} is wrong"
        return _made(behaviour, engine, "wrong", raised=raised, explanation=earlier.explanation)
    for need in (*behaviour.needs, *behaviour.functions):
        if not _offers(engine, need):
            return _made(behaviour, engine, "not offered")
    try:
        with _watched(behaviour):
            returned = behaviour.run(engine.make, *map(engine.function, behaviour.functions))
            got = result(returned)
            del returned  # a graph may be long in being freed, and is the engine's work as well
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return _raised(behaviour, engine, error)
    rows = tuple(map(Comparison, behaviour.compared, behaviour.expected, got))
    if all(row.agrees for row in rows):
        return _made(behaviour, engine, "right", rows)
    return _made(behaviour, engine, "wrong", rows, explanation=_of_numbers(behaviour, got))


@contextlib.contextmanager
def _watched(behaviour: Behaviour) -> Iterator[None]:
    """Count steps, and keep what an engine prints or warns of out of the reader's sight."""
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        with at_most(behaviour.steps, by_lines=behaviour.by_lines):
            yield


def _offers(engine: Engine, need: str) -> bool:
    """Ask whether an engine offers something; one that fails when it is asked does not."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), at_most(100_000):
            warnings.simplefilter("ignore")
            return engine.offers(need)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return False


def _raised(behaviour: Behaviour, engine: Engine, error: BaseException) -> Result:
    """Tell what an exception means for a behaviour."""
    refuses = behaviour.may_refuse and isinstance(error, TypeError | AssertionError)
    if refuses or (isinstance(error, NotImplementedError) and behaviour.functions):
        return _made(behaviour, engine, "not offered")
    known = [text for key, text in behaviour.mistakes if _is_kind(error, key)]
    known += [text for kind, text in _OF_ERRORS.items() if isinstance(error, kind)]
    explanation = known[0] if known else behaviour.why
    return _made(behaviour, engine, "wrong", raised=_told(error), explanation=explanation)


def _is_kind(error: BaseException, key: Any) -> bool:
    return isinstance(key, type) and isinstance(error, key)


def _told(error: BaseException) -> str:
    """Give an exception in a line, with the place in the engine that it comes from."""
    if isinstance(error, StoppedError):
        return "stopped: it had not come to an end"
    message = " ".join(str(error).split())
    told = f"{type(error).__name__}: {message}" if message else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    if frames and not Path(frames[0].filename).is_relative_to(_HERE):
        told += f" ({Path(frames[0].filename).name}, line {frames[0].lineno})"
    return told


def _of_numbers(behaviour: Behaviour, got: tuple) -> str:
    """Explain wrong numbers: as the mistake that is known to give them, if there is one."""
    for numbers, text in behaviour.mistakes:
        same_length = isinstance(numbers, tuple) and len(numbers) == len(got)
        if same_length and all(map(agrees, got, numbers)):
            return text
    return behaviour.why


def _made(
    behaviour: Behaviour,
    engine: Engine,
    status: str,
    rows: tuple[Comparison, ...] = (),
    raised: str = "",
    explanation: str = "",
) -> Result:
    if not behaviour.graded and status != "not offered":
        status = "told"
    wanted = zip(behaviour.compared, behaviour.expected, strict=True)
    return Result(
        behaviour.name,
        behaviour.chapter,
        status,
        engine.spelled(behaviour.example),
        rows or tuple(Comparison(*row, None) for row in wanted),
        raised,
        explanation or behaviour.why,
    )
