"""What surrounds the loop? One training: how far it is, what it measured, and why it stopped."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .. import optim
from ..errors import ArgumentError, GradientError, ShapeError
from ..graph import Node
from . import checkpoints
from .callbacks import Callback
from .chances import Generators
from .checkpoints import Checkpoint
from .compiled import CompiledStep, as_options
from .detective import Detective
from .evaluation import measure, mode
from .feeding import Part, as_batches, groups
from .history import History
from .interrupts import Interrupts
from .measures import Measures, named
from .progress import Progress
from .steering import as_clip, as_schedule, rate


class Run:
    """One training, as `fit` makes it and callbacks are shown it.

    Attributes
    ----------
    model, loss, optimizer, schedule
        What was given to `fit`.
    epochs : int
        How many there are to be.
    epoch : int
        How many are done.
    step : int
        How many optimizer steps of this epoch are done.
    steps : int
        How many there were in all.
    history : History
    """

    def __init__(self, model: Any, loss: Callable, data: Any, **options: Any) -> None:
        self.model, self.loss = _function("model", model), _function("loss", loss)
        self.optimizer = _optimizer(options["optimizer"])
        self.epochs = _count("epochs", options["epochs"], 0)
        self.accumulate = _count("accumulate", options["accumulate"], 1)
        rng = options["rng"]
        self.batches = as_batches(data, learning=True, rng=rng, epochs=self.epochs)
        self.validation = options["validation"]
        if self.validation is not None:
            self.validation = as_batches(self.validation, learning=False, epochs=self.epochs)
        metrics = named(options["metrics"])
        self.measures, self.validated = Measures(metrics), Measures(metrics)
        self.callbacks = _callbacks(options["callbacks"])
        self.schedule = as_schedule(options["schedule"], self.optimizer)
        self._clip = as_clip(options["clip"])
        compiling = as_options(options.get("compile"), self.optimizer)
        self._compiled: CompiledStep | None = None
        if compiling is not None:
            steps = self.model, self.loss, self.optimizer, self._clip, _check
            self._compiled = CompiledStep(*steps, bool(self.measures.names), compiling)
        kept = options["checkpoint"]
        self.checkpoint = kept if isinstance(kept, Checkpoint | None) else Checkpoint(kept)
        if self.checkpoint is not None and not hasattr(model, "state_dict"):
            raise ArgumentError(
                "fit: only what has a state can be kept in a checkpoint.",
                expected="a Module, or checkpoint=None",
                got=f"a {type(model).__name__}",
            )
        self.shown = bool(options["progress"])
        self.history = History()
        self.epoch = self.step = self.steps = 0
        self.before_epoch: Any = None  # where the generators stood when this epoch began
        self.generators = Generators(
            model=model, loss=loss, data=self.batches, validation=self.validation,
            callbacks=self.callbacks, rng=rng,
        )  # fmt: skip
        self._detective = Detective(model, loss, self.optimizer)
        self._interrupts = Interrupts()
        self._after_step = [
            c.after_step for c in self.callbacks if type(c).after_step is not Callback.after_step
        ]
        self._left: Iterator[list[Part]] | None = None  # of an epoch that is resumed
        self._stopping: str | None = None
        self._is_partial = False  # whether the epoch was stopped inside
        self._rows, self._sum = 0, 0.0  # of this step
        self.closure = self._closure if isinstance(self.optimizer, optim.LBFGS) else None

    def stop(self, reason: str) -> None:
        """End training after this step, or after this epoch where it is over."""
        self._stopping = self._stopping or reason

    # The loop

    @contextmanager
    def prepared(self, resume: Any) -> Iterator[None]:
        """Begin, or go on; and in the end put back what was changed for training only."""
        for callback in self.callbacks:
            callback.before_training(self)
        path = _resumed_from(resume, self.checkpoint)
        if path is not None:
            checkpoints.resume(path, self)
        known = hasattr(self.batches, "__len__")
        steps = -(-len(self.batches) // self.accumulate) if known else None
        with ExitStack() as stack:
            stack.enter_context(self._interrupts)
            stack.enter_context(mode(self.model, training=True))
            self._progress = Progress(self.epochs, steps, self.steps, self.shown)
            stack.callback(self._progress.close)
            yield
            for callback in self.callbacks:
                callback.after_training(self)

    def rounds(self) -> Iterator[int]:
        """Give the number of each epoch that is still to be done, from 0."""
        while self.epoch < self.epochs and self._stopping is None:
            self._began = time.perf_counter()
            if self._left is None:
                self.step = 0
                self.measures.reset()
                if self.schedule is not None:
                    self.schedule.before_epoch(self.epoch)
                if self.checkpoint is not None:
                    self.before_epoch = self.generators.states()
            yield self.epoch
        self.history.stopped = self._stopping

    def groups(self) -> Iterator[list[Part]]:
        """Give the batches of this epoch that are still to be learned from."""
        left, self._left = self._left, None
        for group in left or groups(self.batches, self.accumulate):
            self._detective.remember(group)
            self._group, self._asked = group, False
            yield group
            if self._interrupts.asked:
                self._progress.say("Ctrl-C: this epoch ends here. Once more stops at once.")
                self.stop(f"Ctrl-C in epoch {self.epoch + 1}, after step {self.step} of it")
            if self._stopping is not None:
                break
        else:
            return
        self._stopped_inside()

    def takes(self, group: list[Part]) -> bool:
        """Take a step as a program, if it is to be one; tell whether it was taken."""
        seen = None if self._compiled is None else self._compiled(group)
        if seen is None:
            return False
        for part, (error, outputs) in zip(group, seen, strict=True):
            self.saw(error, part.targets, outputs, part.rows)
        return True

    def saw(self, error: Any, targets: Any, outputs: Any, rows: int) -> None:
        """Take the loss of a batch into account; one that is not finite ends training."""
        _check(error)
        loss = float(error._data)
        if not math.isfinite(loss):
            self._detective.explain(f"fit: the loss became {loss} {self._where()}.")
        self._rows, self._sum = self._rows + rows, self._sum + loss * rows
        self.measures.add(loss, targets, outputs, rows)

    def clip(self) -> None:
        """Make the gradients as small as they are to be; the step is too large without it."""
        if self._clip is not None:
            try:
                self._clip(self.optimizer.parameters)
            except GradientError:
                if all(p.grad is None for p in self.optimizer.parameters):
                    raise
                self._detective.explain(f"fit: the gradient is not finite {self._where()}.")

    def _closure(self) -> float:
        """Give the loss of this step's batches, and its gradient, as often as LBFGS asks."""
        if not self._asked:  # the first time, both are there
            self._asked = True
            return self._sum / self._rows
        self.optimizer.zero_grad()
        total = 0.0
        for inputs, targets, _, share in self._group:
            error = self.loss(self.model(*inputs), targets)
            error.backward(share, leaves_only=True)
            total += float(error) * (share or 1.0)
        self.clip()
        return total

    def after_step(self) -> None:
        """Count a step, and let the others know."""
        self.step += 1
        self.steps += 1
        for after_step in self._after_step:
            after_step(self)
        if self.schedule is not None:
            self.schedule.after_step(self._sum / self._rows)
        if self.checkpoint is not None and self.checkpoint.due(self.steps):
            self._keep()
        self._progress.step(self.epoch + 1, self._rows, self.measures.loss / self.measures.rows)
        self._rows, self._sum = 0, 0.0

    def after_epoch(self) -> None:
        """Measure, remember, and let the others know."""
        if not self.measures.rows:
            raise ArgumentError("fit: the data gave no batch.", expected="at least one an epoch")
        results = self.measures.results()
        is_last = self.epoch + 1 == self.epochs or self._stopping is not None
        if is_last or self.validation is not None or self.checkpoint is not None:
            self._check_numbers()  # else the next loss shows it
        if self.validation is not None:
            measure(self.model, self.loss, self.validation, self.validated)
            results |= {f"val_{name}": x for name, x in self.validated.results().items()}
        results["lr"] = rate(self.optimizer)
        seconds = time.perf_counter() - self._began
        self.history.append(results, seconds)
        for callback in self.callbacks:
            callback.after_epoch(self)
        self._progress.epoch(self.epoch + 1, results, seconds)
        if self._is_partial:
            return
        if self.schedule is not None:
            self.schedule.after_epoch(results)
        self.epoch, self.step = self.epoch + 1, 0
        self.measures.reset()
        if self.checkpoint is not None:
            self._keep()
        if self._interrupts.asked:
            self.stop(f"Ctrl-C after epoch {self.epoch}")

    def _stopped_inside(self) -> None:
        """Keep where the epoch was left, to go on from there; the part of it is measured yet."""
        self._is_partial = True
        if self.checkpoint is not None:
            self._keep()

    def _keep(self) -> None:
        """Write a checkpoint; but nan must not take the place of numbers."""
        self._check_numbers()
        checkpoints.save(self.checkpoint.path, self)  # type: ignore[union-attr]  # it is due

    def _check_numbers(self) -> None:
        if spoiled := self._detective.spoiled():
            after = f"after step {self.step} of epoch {self.epoch + 1}"
            self._detective.explain(f"fit: {spoiled} is not finite {after}.")

    # Resuming

    def go_to(self, place: Any, before_epoch: Any, step: int) -> None:
        """Go to a step inside an epoch: batches that know their place, or by taking them again."""
        if place is not None and hasattr(self.batches, "load_state_dict"):
            self.batches.load_state_dict(place)
            self._left = groups(self.batches, self.accumulate)
            return
        self.generators.restore(before_epoch)
        self._left = groups(self.batches, self.accumulate)
        for i in range(step):
            if next(self._left, None) is None:
                raise ArgumentError(
                    "fit: the data give fewer batches than when the checkpoint was written.",
                    expected=f"at least {step} steps an epoch",
                    got=f"{i}",
                )

    def _where(self) -> str:
        return f"in epoch {self.epoch + 1}, step {self.step + 1}, at lr {rate(self.optimizer):.3g}"


def _count(name: str, x: Any, least: int) -> int:
    if isinstance(x, bool) or not isinstance(x, int | np.integer) or x < least:
        raise ArgumentError(f"fit: {name} must be an integer of at least {least}.", got=repr(x))
    return int(x)


def _function(name: str, x: Any) -> Any:
    if callable(x) and not isinstance(x, type):
        return x
    examples = {"model": "a module, such as nn.MLP(2, [16, 2])", "loss": "such as losses.mse"}
    raise ArgumentError(
        f"fit: the {name} must be what can be called.",
        expected=examples[name],
        got=f"the class {x.__name__}" if isinstance(x, type) else _shown(x),
    )


def _shown(x: Any) -> str:
    """Show what was given, unless it is long: data in the place of a loss are."""
    return shown if len(shown := repr(x)) <= 60 else f"a {type(x).__name__}"


def _optimizer(given: Any) -> Any:
    words = ("parameters", "param_groups", "zero_grad", "step")
    if not isinstance(given, type) and all(hasattr(given, word) for word in words):
        return given
    raise ArgumentError(
        "fit: the optimizer must be one of microtensor.optim.",
        expected="such as optim.Adam(model.parameters(), lr=0.001)",
        got=f"the class {given.__name__}" if isinstance(given, type) else repr(given),
    )


def _callbacks(given: Any) -> list[Callback]:
    found = [given] if isinstance(given, Callback) else list(given)
    for callback in found:
        if not isinstance(callback, Callback):
            raise ArgumentError(
                "fit: callbacks must be Callbacks.",
                expected="instances of classes derived from train.Callback",
                got=f"the class {callback.__name__}"
                if isinstance(callback, type)
                else f"a {type(callback).__name__}",
            )
    return found


def _resumed_from(resume: Any, checkpoint: Checkpoint | None) -> Path | None:
    if resume is False or resume is None:
        return None
    if resume is not True:
        return Path(resume)
    if checkpoint is None:
        raise ArgumentError(
            "fit: resume=True goes on from the file that checkpoint= names, and there is none.",
            expected='checkpoint="run.checkpoint", or resume="run.checkpoint"',
            got="checkpoint=None",
        )
    return checkpoint.path if checkpoint.path.exists() else None


def _check(error: Any) -> None:
    """Raise if a loss is not a scalar Value."""
    if not isinstance(error, Node):
        raise _no_value(error)
    if np.ndim(error._data):
        raise _no_scalar(np.shape(error._data))


def _no_value(error: Any) -> GradientError:
    return GradientError(
        "fit: the loss must be a Value, so that it can be differentiated.",
        expected="a scalar Value, such as losses.cross_entropy(outputs, targets) gives",
        got=f"a {type(error).__name__}",
        hint="float(x), x.data and x.item() leave the graph.",
    )


def _no_scalar(shape: tuple[int, ...]) -> ShapeError:
    return ShapeError(
        "fit: the loss must be one number for the whole batch.",
        expected="shape (), such as losses.cross_entropy(outputs, targets) gives",
        got=f"shape {shape}",
        hint="Take the mean over the rows, as reduction='mean' does.",
    )
