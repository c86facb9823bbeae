"""Where was training? All that goes on changing, in one file, so that it can go on from there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError, MicrotensorError, ParameterError
from ..io import load_checkpoint, save_checkpoint

if TYPE_CHECKING:
    from .runs import Run


class Checkpoint:
    """Where and how often `fit` keeps all that it needs to go on.

    Parameters
    ----------
    path : str or path
        The file; each checkpoint replaces the one before, in one step.
    every : "epoch" or int, default "epoch"
        After each epoch, or after so many optimizer steps and after each epoch.

    Raises
    ------
    ArgumentError
        If every is neither.

    Examples
    --------
    >>> Checkpoint("run.checkpoint", every=500)
    Checkpoint('run.checkpoint', every=500)
    """

    def __init__(self, path: str | os.PathLike[str], *, every: str | int = "epoch") -> None:
        counts = isinstance(every, int) and not isinstance(every, bool) and every > 0
        if not (counts or every == "epoch"):
            raise ArgumentError(
                "Checkpoint: every says when the file is written.",
                expected='"epoch", or a number of steps such as 500',
                got=repr(every),
            )
        self.path, self.every = Path(path), every

    def due(self, steps: int) -> bool:
        """Tell whether one is to be written after so many steps in all."""
        return self.every != "epoch" and steps % int(self.every) == 0

    def __repr__(self) -> str:
        return f"Checkpoint({os.fspath(self.path)!r}, every={self.every!r})"


def save(path: Path, run: Run) -> None:
    """Write all that a run needs to go on."""
    save_checkpoint(path, state_of(run))


def resume(path: Path, run: Run) -> None:
    """Put a run where a checkpoint left one; if that fails, it is left as it is.

    Raises
    ------
    FileFormatError
        If the file is no checkpoint, or damaged.
    ParameterError, ArgumentError
        If it is of another model, optimizer or training.
    """
    state = load_checkpoint(path)
    before = state_of(run)
    try:
        _check_kinds(state, before)
        _put(run, state)
    except BaseException as error:
        _put(run, before)
        if isinstance(error, KeyError | TypeError | ValueError | AttributeError) and not (
            isinstance(error, MicrotensorError)
        ):
            raise ParameterError(
                f"fit: {path} is not a checkpoint of such a training; nothing was changed.",
                expected="a file that fit wrote, with checkpoint=",
                got=f"another state: {type(error).__name__}: {error}",
            ) from error
        error.add_note(f"resuming from {path}; nothing was changed")
        raise


def state_of(run: Run) -> dict[str, Any]:
    """Collect all that goes on changing, as nested dicts and lists of arrays and plain words."""
    return {
        "epoch": run.epoch,
        "step": run.step,
        "steps": run.steps,
        "accumulate": run.accumulate,
        "model": run.model.state_dict(),
        "optimizer": {"kind": type(run.optimizer).__name__, **_whole(run.optimizer)},
        "schedule": {"kind": getattr(run.schedule, "kind", "none"), **_whole(run.schedule)},
        "callbacks": [{"kind": type(c).__name__, **_whole(c)} for c in _remembering(run)],
        "data": _whole(run.batches)["state"],
        "generators": {"before_epoch": run.before_epoch, "now": run.generators.states()},
        "measures": run.measures.state_dict(),
        "history": run.history.state_dict(),
    }


def _remembering(run: Run) -> list[Any]:
    """List the callbacks that have something to remember; others may come and go."""
    return [callback for callback in run.callbacks if callback.state_dict()]


def _whole(x: Any) -> dict[str, Any]:
    return {"state": x.state_dict() if hasattr(x, "state_dict") else None}


def _check_kinds(state: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Refuse the checkpoint of another training by what can be told before anything changes."""
    for part in ("optimizer", "schedule"):
        _same(f"the {part}", state[part]["kind"], own[part]["kind"])
    kinds = [[c["kind"] for c in s["callbacks"]] for s in (state, own)]
    _same("the list of callbacks that remember", *[", ".join(k) or "none" for k in kinds])
    if state["step"]:
        _same("accumulate", state["accumulate"], own["accumulate"])
    for name, array in state["model"].items():
        if name in own["model"]:  # the model says what is missing or unexpected
            _same(f"the dtype of {name}", str(array.dtype), str(own["model"][name].dtype))


def _same(what: str, then: Any, now: Any) -> None:
    if then != now:
        raise ParameterError(
            f"fit: {what} is another one than when the checkpoint was written.",
            expected=str(then),
            got=str(now),
        )


def _put(run: Run, state: Mapping[str, Any]) -> None:
    run.model.load_state_dict(state["model"])
    run.optimizer.load_state_dict(state["optimizer"]["state"])
    _load(run.schedule, state["schedule"])
    for callback, its in zip(_remembering(run), state["callbacks"], strict=True):
        _load(callback, its)
    run.measures.load_state_dict(state["measures"])
    run.history.load_state_dict(state["history"])
    run.generators.restore(state["generators"]["now"])
    if state["step"]:
        run.go_to(state["data"], state["generators"]["before_epoch"], state["step"])
        run.generators.restore(state["generators"]["now"])
    run.epoch, run.step, run.steps = state["epoch"], state["step"], state["steps"]
    run.before_epoch = state["generators"]["before_epoch"]


def _load(x: Any, state: Mapping[str, Any]) -> None:
    if state["state"] is not None:
        x.load_state_dict(state["state"])
