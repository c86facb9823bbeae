"""Write what the code of read-your-backward-pass.md prints, and its tables of numbers, into it.

    python docs/read_your_backward_pass.py

A block after ``<!-- printed -->`` is what the block of code before it prints, and is run as well if
it is Python. A table between ``<!-- numbers: NAME -->`` and ``<!-- end -->`` sets each line of a
program's text beside what `mt.explain` says of the same graph.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import microtensor as mt
from microtensor.compiler.callers import local_names
from microtensor.compiler.identifiers import path_identifier

PAGE = Path(__file__).with_name("read-your-backward-pass.md")
ARTICLE = PAGE.parent.parent / "tests/published/mazur2015.json"
ARTICLE_NAMES = {  # of the article's numbers, by those of the text
    "out_h1": "out_h1", "out_h2": "out_h2", "net_o1": "net_o1", "out_o1": "out_o1",
    "out_o2": "out_o2", "E_o1": "E_o1", "E_o2": "E_o2", "E_total": "E_total",
    "d_out_o1": "dE_dout_o1", "d_net_o1": "dEo1_dnet_o1", "d_out_h1": "dE_dout_h1",
    "d_w5": "dE_dw5", "d_w1": "dE_dw1",
}  # fmt: skip
PART = re.compile(
    r"(?P<printed><!-- printed -->\n)?```(?P<kind>\w*)\n(?P<text>.*?)```"
    r"|<!-- numbers: (?P<name>\w+) -->\n.*?<!-- end -->",
    flags=re.S,
)


def written(page: str) -> str:
    """Give the page, with all that is printed and computed filled in."""
    names: dict[str, Any] = {}
    output = ""

    def fill(part: re.Match) -> str:
        nonlocal output
        if part["name"]:
            rows = TABLES[part["name"]](names)
            return f"<!-- numbers: {part['name']} -->\n{rows}\n<!-- end -->"
        text = part["text"]
        if part["printed"]:
            text = output.rstrip() + "\n"
        if part["kind"] == "python":
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(text, str(PAGE), "exec"), names)
            output = printed.getvalue()
        return f"{part['printed'] or ''}```{part['kind']}\n{text}```"

    return PART.sub(fill, page)


def table(text: dict[str, Any], told: dict[str, str], printed: dict[str, str]) -> str:
    """Write the lines of a text beside what `mt.explain` says of them, and an article prints."""
    head = "| line | text | `mt.explain` |" + (" article |" if printed else "")
    lines = [head, "|---|---|---|" + ("---|" if printed else "")]
    for name in text:
        if name in told:
            row = f"| `{name}` | {shown(text[name])} | {told[name]} |"
            lines.append(row + (f" {printed.get(name, '')} |" if printed else ""))
    return "\n".join(lines)


def shown(x: Any) -> str:
    """Write a number in nine digits; of an array, its length."""
    return f"‖{np.linalg.norm(x):.9f}‖" if np.ndim(x) else f"{float(x):.9f}"


def variables_of(function: Callable, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Call a function, and give what its variables hold when it returns, in their order."""
    found: dict[str, Any] = {}

    def look(frame: Any, event: str, _: Any) -> None:
        if event == "return" and frame.f_code is function.__code__:  # type: ignore[attr-defined]
            order = [*frame.f_code.co_varnames]
            found.update({name: frame.f_locals[name] for name in order if name in frame.f_locals})

    sys.setprofile(look)
    try:
        function(*args, **kwargs)
    finally:
        sys.setprofile(None)
    return found


def explained(root: mt.Value, names: dict[str, Any]) -> dict[str, str]:
    """Give the numbers of `mt.explain`, by what the text calls them; the last one said counts."""
    found: dict[str, str] = {}
    for line in str(mt.explain(root, digits=12, names=names)).splitlines():
        said, _, note = line.partition("     (")
        step = re.match(r" *\d+\. (∂\S+?/∂)?(\S+) \+?= ", said)
        if step is None:
            continue
        number = (note if " is used again: " in note else said).rpartition(" = ")[2]
        found[("d_" if step[1] else "") + path_identifier(step[2])] = plain(number)
    return found


def plain(told: str) -> str:
    """Write a number of an explanation as the tables do, and leave out an array's shape."""
    told = told.strip().replace("−", "-").replace("e-", "e−").strip("()")
    if told.startswith("["):
        row = [float(entry.replace("e−", "e-")) for entry in told.strip("[]").split(",")]
        told = f"‖{float(np.linalg.norm(row))!r}‖"
    length = re.search(r"‖(.*)‖", told)
    number = float((length[1] if length else told).replace("e−", "e-"))
    return f"‖{number:.9f}‖" if length else f"{number:.9f}"


def mazur(names: dict[str, Any]) -> str:
    """Set Mazur's numbers beside each other."""
    text = variables_of(names["value_and_grad_of_mazur"], *names["numbers"])
    leaves = [mt.Value(x, name=f"w{k}") for k, x in enumerate(names["numbers"][:8], 1)]
    with local_names() as called:
        root = names["mazur"](*leaves, *names["numbers"][8:])
    article = json.loads(ARTICLE.read_text(encoding="utf-8"))["published"]
    printed = {name: article[key] for name, key in ARTICLE_NAMES.items()}
    return table(text, explained(root, by_name(called)), printed)


def by_name(called: dict[Any, str]) -> dict[str, Any]:
    return {name: value for value, name in called.items()}


def mlp(names: dict[str, Any]) -> str:
    """Set the gradients of the step's parameters beside those that are explained."""
    net = copy.deepcopy(names["net"])
    for name, p in net.named_parameters():
        p.data = names["state"][path_identifier(name)]  # the step of the page has changed it
    rates = {"lr": 0.1, "momentum": 0.0, "weight_decay": 0.0}
    text = variables_of(names["step"], names["x"], names["labels"], **names["state"], **rates)
    loss = names["losses"].cross_entropy(net(names["x"]), names["labels"])
    return table(text, explained(loss, {"loss": loss}), {})


def head(names: dict[str, Any]) -> str:
    """Set the head's lines beside what is explained of them."""
    head, places = names["head"], names["places"]
    state = {path_identifier(name): p.data for name, p in head.named_parameters()}
    text = variables_of(names["head_step"], places, **state)
    with local_names() as called:
        loss = np.mean(head(places) ** 2)
    return table(text, explained(loss, {**by_name(called), "loss": loss}), {})


TABLES = {"mazur": mazur, "mlp": mlp, "head": head}


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"docs/{PAGE.name}")
