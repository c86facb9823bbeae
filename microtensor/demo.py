"""The main job: train a network on real digits, test it, and draw what happened.

It is the plain training loop that any model needs, and then the pictures.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import __version__, data, io, losses, nn, optim, viz
from .errors import DependencyError, MissingEngineError
from .files import write_whole
from .graph import no_grad
from .value import Value

HIDDEN = [64, 32]
BATCH = 32
RATE = 3e-3


class History(NamedTuple):
    """What was measured after each epoch."""

    train_loss: list[float]
    test_accuracy: list[float]


def run(out: str | Path, *, epochs: int = 40, seed: int = 0) -> dict[str, Any]:
    """Train, test, draw and save, telling what happens on standard output.

    Parameters
    ----------
    out : str or Path
        The folder for the files; it is made if need be, and files of the same names replaced.
    epochs : int, default 40
        Rounds through the 1,442 training images.
    seed : int, default 0
        For the first weights and the order of the images.

    Returns
    -------
    dict
        What ``metrics.json`` holds: test_accuracy, train_loss, seconds, seed, versions.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    train, test = data.digits()
    net = nn.MLP(64, [*HIDDEN, 10], activation="relu", rng=rng)
    count = sum(p.size for p in net.parameters())
    print(f"{len(train.y):,} images of 8×8 to learn from, {len(test.y)} others to be tested on.")
    print(f"An MLP of {count:,} parameters: 64 → {' → '.join(map(str, HIDDEN))} → 10.\n")

    start = time.perf_counter()
    history = fit(net, train, test, epochs=epochs, rng=rng)
    seconds = time.perf_counter() - start
    metrics: dict[str, Any] = {
        "test_accuracy": history.test_accuracy[-1],
        "train_loss": history.train_loss[-1],
        "seconds": round(seconds, 3),
        "seed": seed,
        "epochs": epochs,
        "versions": {
            "microtensor": __version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }
    right = round(metrics["test_accuracy"] * len(test.y))
    print(f"\nHeld-out accuracy {metrics['test_accuracy']:.1%}: {right} of {len(test.y)} images")
    print(f"that the network had never seen, after {seconds:.1f} s of training.\n")

    io.save(out / "weights.safetensors", net)
    write_whole(out / "metrics.json", (json.dumps(metrics, indent=2) + "\n").encode())
    made = ["weights.safetensors", "metrics.json", *_pictures(out, net, test, history)]
    _tell(out, made)
    return metrics


def fit(net: Any, train: Any, test: Any, *, epochs: int, rng: Any) -> History:
    """Train with Adam on shuffled batches; the learning rate falls to a tenth along the way."""
    history = History([], [])
    optimizer = optim.Adam(net.parameters(), lr=RATE)
    batches = data.batches(*train, size=BATCH, rng=rng)
    with _progress(epochs * len(batches)) as bar:
        for epoch in range(epochs):
            optimizer.lr = RATE * 0.1 ** (epoch / epochs)
            total = 0.0
            for x, y in batches:
                loss = losses.cross_entropy(net(x), y)
                optimizer.zero_grad()
                loss.backward(leaves_only=True)
                optimizer.step()
                total += float(loss) * len(y)
                bar.update()
            history.train_loss.append(total / len(train.y))
            history.test_accuracy.append(accuracy(net, *test))
            _report(bar, epoch, epochs, history)
    return history


def accuracy(net: Any, x: np.ndarray, y: np.ndarray) -> float:
    """Give the share of images whose largest output is their class."""
    with no_grad():
        return float(np.mean(np.argmax(net(x).data, axis=1) == y))


def _progress(steps: int) -> Any:
    """Make a bar for a terminal; piped, it stays silent and `_report` prints lines."""
    from tqdm import tqdm

    return tqdm(
        total=steps,
        disable=not sys.stderr.isatty(),
        ncols=78,
        bar_format="{percentage:3.0f}% |{bar}| {elapsed} (left {remaining}){postfix}",
    )


def _report(bar: Any, epoch: int, epochs: int, history: History) -> None:
    loss, right = history.train_loss[-1], history.test_accuracy[-1]
    bar.set_postfix_str(f"loss {loss:.4f}, accuracy {right:.1%}")
    if bar.disable and (epoch % 10 == 9 or epoch == epochs - 1):
        print(f"epoch {epoch + 1:3}: loss {loss:.4f}, held-out accuracy {right:.1%}")


def _pictures(out: Path, net: Any, test: Any, history: History) -> list[str]:
    """Draw the graph of one small batch's loss, the network, and the history."""
    net.zero_grad()
    x = Value(test.x[:8], name="x")
    loss = losses.cross_entropy(net(x), test.y[:8])
    loss.name = "loss"
    loss.backward()
    title = "The loss of eight digits, and its gradients"
    drawings = {
        "graph": viz.draw(loss, title=title, rankdir="TB"),  # reads down a page
        "network": viz.draw(net, title="The trained network"),
    }
    made = []
    for name, drawing in drawings.items():
        try:
            drawing.save(out / f"{name}.svg")
            made.append(f"{name}.svg")
        except MissingEngineError as error:
            drawing.save(out / f"{name}.dot")
            made.append(f"{name}.dot")
            reason = error
    if "graph.dot" in made:
        print(f"The pictures are left as .dot files. {reason}\n")
    viz.explore(loss, out / "explorer.html", title=title)
    viz.explain(loss).save(out / "explanation.md")
    made += ["explorer.html", "explanation.md"]
    try:
        write_whole(out / "history.svg", history_figure(history))
        made.append("history.svg")
    except DependencyError as error:
        print(f"There is no figure of the history. {error}\n")
    return made


def history_figure(history: History) -> bytes:
    """Draw loss and accuracy over the epochs, as an SVG file's content.

    Raises
    ------
    DependencyError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError as error:
        raise DependencyError(
            "Figures need matplotlib, and it is not installed.",
            hint='pip install "microtensor[plot]"',
        ) from error
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    FigureCanvasSVG(figure)
    left, right = figure.subplots(1, 2)
    epochs = np.arange(1, len(history.train_loss) + 1)
    left.semilogy(epochs, history.train_loss, color="#0B5CAD", linewidth=2)
    left.set(xlabel="epoch", title="training loss (nats)")
    percent = 100 * np.array(history.test_accuracy)
    right.plot(epochs, percent, color="#B34700", linewidth=2)
    right.set(xlabel="epoch", title="held-out accuracy (%)")
    right.annotate(
        f"{percent[-1]:.1f}", (epochs[-1], percent[-1]), xytext=(0, -14),
        textcoords="offset points", ha="right", color="#B34700", weight="bold",
    )  # fmt: skip
    for axes in (left, right):
        axes.grid(color="#D3DBE3", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    content = BytesIO()
    figure.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue()


def _tell(out: Path, made: list[str]) -> None:
    """Say what each file is, and what to try next."""
    what = {
        "graph": "every number of one forward and backward pass",
        "network": "the network, its weights and gradients",
        "history": "loss and accuracy over the epochs",
        "weights": "the trained weights, under the names PyTorch gives them",
        "metrics": "these figures",
        "explorer": "the graph as a page: step through both passes",
        "explanation": "both passes told, step by step",
    }
    print(f"In {out}:")
    for name in sorted(made):
        print(f"  {name:<20} {what[name.split('.')[0]]}")
    print(
        "\nOpen the .svg and .html files in a browser. Then try a graph of your own:\n\n"
        "  import microtensor as mt\n"
        '  x, w = mt.Value(2.0, name="x"), mt.Value(-3.0, name="w")\n'
        "  y = (x * w + 6.5).tanh()\n"
        "  y.backward()\n"
        '  mt.draw(y).save("y.svg")'
    )
