"""What is repeated? Forward, backward, step: the loop that any model is trained by.

Read `fit` first; the `Run` beside it does what a loop of one's own would leave out: it shows how
far training is, measures, notes Ctrl-C, keeps checkpoints, and finds out where a nan came from.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .callbacks import Callback
from .checkpoints import Checkpoint
from .history import History
from .runs import Run


def fit(
    model: Any,
    loss: Callable,
    data: Any,
    *,
    optimizer: Any,
    epochs: int = 1,
    validation: Any = None,
    metrics: Any = (),
    callbacks: Iterable[Callback] = (),
    schedule: Any = None,
    clip: Any = None,
    accumulate: int = 1,
    checkpoint: str | os.PathLike[str] | Checkpoint | None = None,
    resume: bool | str | os.PathLike[str] = False,
    compile: bool | str | Mapping[str, Any] = False,
    progress: bool = True,
    rng: Any = None,
) -> History:
    """Train a model: for each batch forward, backward, and a step against the gradient.

    Parameters
    ----------
    model : Module
        In training mode meanwhile, and then each part of it in the mode that it was in.
    loss : callable
        A function of (outputs, targets) that gives a Value, the mean over the rows, such as
        ``losses.cross_entropy``.
    data : (x, y), Dataset, or iterable of batches
        Arrays and datasets are taken 32 rows at a time, in another random order each epoch;
        ``data.batches(x, y, size=64)`` says it otherwise. Anything that can be looped over once
        per epoch and gives tuples will do: the model's inputs, and last the targets.
    optimizer : Optimizer
    epochs : int, default 1
        Rounds through the data, those before a ``resume`` included.
    validation : as data, optional
        What is measured after each epoch, and not learned from.
    metrics : str, callable, list, or dict of str to callable
        Functions of (targets, outputs) that give a number; see `microtensor.train.metrics`. They
        are shown plain arrays, with all rows of the epoch at once unless they are `averaged`; so
        scikit-learn's work: ``{"f1": lambda t, o: f1_score(t, o.argmax(axis=1))}``.
    callbacks : list of Callback
    schedule : LRScheduler of this optimizer, or callable
        It moves as its ``every`` says. ReduceLROnPlateau is shown the validation loss, or else the
        loss; ``(schedule, "val_accuracy")`` names another number. A function of the epoch, from 0,
        gives the learning rate for it.
    clip : float, {"norm": float} or {"value": float}, optional
        The greatest norm of all gradients together, or the greatest entry.
    accumulate : int, default 1
        How many batches make one step: the same gradient as of one batch with all their rows,
        if the loss is their plain mean. A mean that leaves rows out or weighs them, as with
        ``ignore_index``, counts by all rows of its batch; so does the loss in the history.
    checkpoint : path or Checkpoint, optional
        A file in which all that training needs to go on is kept after each epoch.
    resume : bool or path, default False
        Whether to go on from the checkpoint, with the very numbers that would have come without
        the interruption. True begins anew where there is no file yet; a path must be there.
    compile : bool, str or dict, default False
        Whether a step runs as a program, as `microtensor.compile` makes them, one for each shape of
        batches: faster, with the numbers of the plain loop to the last bit where sums keep their
        order. A word names the backend; a dict has the options ``backend`` and ``fallback``.
    progress : bool, default True
        Whether to show a bar, or a few lines where there is no terminal, on standard error.
    rng : None, int, Generator or RandomState
        Where the order of arrays and datasets comes from; batches have their own. A generator is
        kept in checkpoints, whatever else draws from it.

    Returns
    -------
    History
        The loss and the metrics after each epoch; why training stopped, if it did before its end.

    Raises
    ------
    CompileError
        With ``compile``, if what the model or the loss does depends on numbers, or it has hooks.
    AnomalyError
        If the loss is not finite: with the operation, the line and the module that made it so.
    ArgumentError
        If an argument is none of what is listed here.
    FileFormatError, ParameterError
        If a checkpoint is damaged, or of another training; nothing is changed then.
    KeyboardInterrupt
        At the second Ctrl-C. The first one lets the step end, measures, and returns.

    Examples
    --------
    >>> from microtensor import data, losses, nn, optim, train
    >>> net = nn.MLP(2, [16, 2], activation="tanh", rng=0)
    >>> history = train.fit(
    ...     net, losses.cross_entropy, data.moons(200, rng=0), epochs=20, metrics="accuracy",
    ...     optimizer=optim.Adam(net.parameters(), lr=0.05), progress=False, rng=0)
    >>> history["accuracy"][-1] > 0.9
    True
    """
    run = Run(
        model,
        loss,
        data,
        optimizer=optimizer,
        epochs=epochs,
        validation=validation,
        metrics=metrics,
        callbacks=callbacks,
        schedule=schedule,
        clip=clip,
        accumulate=accumulate,
        checkpoint=checkpoint,
        compile=compile,
        progress=progress,
        rng=rng,
    )
    with run.prepared(resume):
        for _ in run.rounds():
            for group in run.groups():  # of batches: one, unless accumulate says more
                if not run.takes(group):  # compile=True: what follows, as a program
                    optimizer.zero_grad()
                    for inputs, targets, rows, share in group:
                        outputs = model(*inputs)
                        error = loss(outputs, targets)
                        run.saw(error, targets, outputs, rows)
                        error.backward(share, leaves_only=True)
                    run.clip()
                    optimizer.step(run.closure)  # None, but for LBFGS, which asks again
                run.after_step()
            run.after_epoch()
    return run.history
