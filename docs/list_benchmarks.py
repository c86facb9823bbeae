"""What did the benchmarks measure?  ``python docs/list_benchmarks.py`` writes benchmarks.md

From a checkout, with the peers installed::

    python -m benchmarks --json docs/benchmarks.json && python docs/list_benchmarks.py

The first measures, which takes a while; the second writes the figures into the tables of
benchmarks.md and of the README, and prints the figures that a sentence of the README has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("benchmarks.md")
README = PAGE.parent.parent / "README.md"
DATA = PAGE.with_suffix(".json")

OURS = {
    "microtensor": "as it is",
    "compiled": "compiled",
    "compiled-numba": "compiled by Numba",
}
PEERS = {
    "handwritten": "hand-written NumPy",
    "pytorch": "PyTorch",
    "jax": "JAX",
    "autograd": "autograd",
    "mygrad": "MyGrad",
    "micrograd": "micrograd",
    "numpy": "NumPy",
}
MLPS = {
    "tiny": "2-16-16-2 (100)",
    "small": "64-128-128-10 (32)",
    "medium": "784-256-128-10 (128)",
    "large": "784-1024-1024-10 (256)",
}
MODELS = {
    "lenet": "LeNet on 28x28 (64)",
    "lstm": "LSTM of 128, 64 steps (32)",
    "transformer": "two encoder layers of width 128, 64 tokens, AdamW (16)",
}
NAMES = {
    "python": "Python", "numpy": "NumPy", "torch": "PyTorch", "jax": "JAX", "autograd": "autograd",
    "mygrad": "MyGrad", "micrograd": "micrograd",
}  # fmt: skip


def ratio(data: dict[str, Any], race: str, key: str, peer: str) -> float | None:
    """Give what one contestant took over what another took; None where it was not measured."""
    contestants = data["races"].get(race, {}).get("contestants", {})
    return contestants.get(key, {}).get("over", {}).get(peer)


def shown(x: float | None) -> str:
    """Write a ratio: to two places, and small ones to two figures."""
    if x is None:
        return "–"
    return f"{x:.2f}" if x >= 0.095 else f"{x:.2g}"


def against(data: dict[str, Any], races: dict[str, str], peers: Sequence[str]) -> str:
    """Write the table of some races: a row for each of ours, a column for each peer."""
    body = []
    for race, title in races.items():
        for key, how in OURS.items():
            ratios = [ratio(data, race, key, peer) for peer in peers]
            if any(x is not None for x in ratios):
                body.append(((title, how), ratios))
                title = ""  # once for all of ours
    found = [i for i in range(len(peers)) if any(ratios[i] is not None for _, ratios in body)]
    if not body:
        return "Not measured in this run."
    lines = [["what is run", "microtensor", *(PEERS[peers[i]] for i in found)]]
    lines += [["---", "---", *["---:"] * len(found)]]
    lines += [[*named, *(shown(ratios[i]) for i in found)] for named, ratios in body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def tables(data: dict[str, Any]) -> dict[str, str]:
    """Write all tables of the page, by their names."""
    all_five = ("handwritten", "pytorch", "jax", "autograd", "mygrad")
    models, three = MODELS, ("handwritten", "pytorch", "jax")
    scalar = {
        "scalar-small": "`MLP(2, [16, 16, 1])`",
        "scalar-large": "`MLP(8, [32, 32, 1])`",
    }
    chain = {"chain-time": "time of a step", "chain-memory": "memory of a step"}
    return {
        "versions": versions(data),
        "mlp": against(data, {f"mlp-{k}": title for k, title in MLPS.items()}, all_five),
        "models": against(data, models, three),
        "scalar": against(data, scalar, ("micrograd",)),
        "chain": against(data, chain, ("pytorch", "autograd", "mygrad", "micrograd")),
        "import": against(data, {"import": "import"}, ("numpy", "pytorch", "jax", "autograd")),
        "memory": against(
            data,
            {f"memory-{k}": title for k, title in MLPS.items()},
            ("handwritten", "autograd", "mygrad"),
        ),
        "model-memory": against(
            data, {f"memory-{k}": title for k, title in models.items()}, ("handwritten", "pytorch")
        ),
    }


def versions(data: dict[str, Any]) -> str:
    """Say what was installed when it was measured."""
    found = data["versions"]
    named = [f"{name} {found[key]}" for key, name in NAMES.items() if found.get(key)]
    return f"Measured with {', '.join(named)}."


def page(text: str, data: dict[str, Any]) -> str:
    """Put the tables into the page, each between its two marks."""
    for mark, written in tables(data).items():
        new = f"<!-- {mark} -->\n\n{written}\n\n<!-- end -->"
        text, count = re.subn(rf"<!-- {mark} -->\n.*?<!-- end -->", lambda _, w=new: w, text,
                              flags=re.S)  # fmt: skip
        assert count == 1, f"the page has {count} places for the table {mark!r}"
    return text


# The README has two tables of the same figures, and a sentence of others.


def readme(text: str, data: dict[str, Any]) -> str:
    """Put the figures into the README's two tables, where the old ones stand."""
    for head, body in ((_mlps(data)), (_models(data))):
        width = head.count("|") - 1
        written = "\n".join([head, "|" + "---|" * width, *body]) + "\n"
        first = re.escape(head.split("|")[1].strip())
        text, count = re.subn(rf"\| {first} \|.*\n(?:\|.*\n)+", lambda _, w=written: w, text)
        assert count == 1, f"the README has {count} tables of {first}"
    return text


def _named(data: dict[str, Any], key: str) -> str:
    version = data["versions"].get(key) or ""
    return " ".join([NAMES[key], *[".".join(version.split(".")[:2])] * bool(version)])


def _mlps(data: dict[str, Any]) -> tuple[str, list[str]]:
    peers = ("handwritten", "pytorch", "jax", "autograd", "mygrad")
    names = [
        "hand-written NumPy",
        _named(data, "torch"),
        _named(data, "jax") + ", jit",
        _named(data, "autograd"),
        _named(data, "mygrad"),
    ]  # fmt: skip
    body = []
    for key, how in (
        ("microtensor", ""),
        ("compiled", "*compiled*, as NumPy: "),
        ("compiled-numba", "*compiled*, by Numba: "),
    ):
        for i, (race, title) in enumerate(MLPS.items()):
            asked = peers if key == "microtensor" else peers[:3]
            cells = [shown(ratio(data, f"mlp-{race}", key, peer)) for peer in asked]
            named = title if key == "microtensor" else title.split(" (")[0]
            cells += [""] * (len(peers) - len(asked))
            body.append(
                "| " + (how if i == 0 else "") + " | ".join([named, *cells]).rstrip() + " |"
            )
    return f"| MLP (batch) | {' | '.join(names)} |", [re.sub(r"\|  (?=\|)", "| ", b) for b in body]


def _models(data: dict[str, Any]) -> tuple[str, list[str]]:
    names = [_named(data, "torch"), _named(data, "jax") + ", jit"]
    body = []
    for race, title in MODELS.items():
        for key, how in (("microtensor", title), ("compiled", "compiled"),
                         ("compiled-numba", "compiled by Numba")):  # fmt: skip
            if key == "compiled-numba" and race != "transformer":
                continue
            cells = [ratio(data, race, key, "pytorch"), ratio(data, race, key, "jax"),
                     ratio(data, f"memory-{race}", key, "pytorch")]  # fmt: skip
            body.append(f"| {how} | {' | '.join(map(shown, cells))} |")
    return f"| model (batch) | {' | '.join(names)} | memory, of PyTorch's |", body


def sentence(data: dict[str, Any]) -> str:
    """Say the README's other figures."""

    def of(race: str, key: str, peer: str) -> str:
        return shown(ratio(data, race, key, peer))

    small, large = (f"scalar-{size}" for size in ("small", "large"))
    return (
        f"micrograd's own network: {of(small, 'microtensor', 'micrograd')} and "
        f"{of(large, 'microtensor', 'micrograd')} of micrograd's time; compiled, "
        f"{of(small, 'compiled', 'micrograd')} and {of(large, 'compiled', 'micrograd')} of it.\n"
        f"A chain: {of('chain-time', 'microtensor', 'pytorch')} of PyTorch's time a step and "
        f"{of('chain-time', 'microtensor', 'autograd')} of autograd's.\n"
        f"`import microtensor`: {of('import', 'microtensor', 'numpy')} times `import numpy`."
    )


if __name__ == "__main__":
    measured = json.loads(DATA.read_text(encoding="utf-8"))
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), measured), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8"), measured), encoding="utf-8")
    print(sentence(measured))
