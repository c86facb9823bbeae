"""What does the comparison say? ``python tests/conformance/page.py`` writes docs/conformance.md."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any, NamedTuple

import spellings
from counterparts import COUNTERPARTS, LOSSES, NAMES, outcomes_of
from disagreements import DISAGREEMENTS, MODULE_DISAGREEMENTS, Disagreement
from left_out import LEFT_OUT_NAMES, MODULES_LEFT_OUT_NAMES
from own_samples import OWN

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
HEAD = """\
# Agreement with PyTorch

PyTorch tests its operators and modules with databases of samples of their arguments. Here they are
computed by PyTorch and by this library, and compared:

    pip install torch==2.13.0
    python -m pytest tests/conformance

This page is written by `python tests/conformance/page.py`, and the run fails where it is not up to
date, where a sample disagrees that is not listed here, and where a listed one agrees.
"""
OPERATORS = """\
## Operators

`tests/conformance` spells every operator of
`torch.testing._internal.common_methods_invocations.op_db` that has a counterpart here in NumPy's
words and this library's, and compares, on all samples in float64: the value, the gradient of every
argument for a random cotangent, and, where PyTorch has it, the gradient of that gradient along a
random direction.
"""
TOLERANCES = """\
Values and gradients must agree to 1e-9 of the result's size, second derivatives to 1e-7; shapes,
dtypes, integers and the places of nan and infinity exactly.
"""
MODULES = """\
## Modules

Every module of `torch.testing._internal.common_modules.module_db` that has a counterpart here is
made with the same arguments, and takes PyTorch's weights through its `state_dict`, whose keys and
shapes must be the same. Outputs, the gradients of all arguments and parameters for a random
cotangent, and the buffers afterwards must agree to 1e-9 in float64, in training and in use. So are
the modules that the database lacks, on samples of our own. Weights that PyTorch saved as
safetensors are loaded here, and the other way round, and give the same outputs.
"""


class Figures(NamedTuple):
    names: int
    samples: int
    agreeing: int
    once: int  # samples whose gradients were compared
    twice: int  # of these, those whose second derivatives were compared


def figures(outcomes: dict[str, dict[str, list[Any]]]) -> Figures:
    """Count, given each operator's variants' outcomes."""
    flat = [o for variants in outcomes.values() for each in variants.values() for o in each]
    return Figures(
        len(outcomes),
        len(flat),
        sum(not o.complaint for o in flat),
        sum(o.orders >= 1 for o in flat),
        sum(o.orders == 2 for o in flat),
    )


def summary(f: Figures) -> str:
    """Say it in one line."""
    return (
        f"{f.names} operators of PyTorch, {f.samples} samples: {f.agreeing} agree "
        f"({100 * f.agreeing / f.samples:.2f} %); gradients of {f.once} samples were compared, "
        f"second derivatives of {f.twice}"
    )


def of_operators(f: Figures) -> str:
    """Write the section of operators."""
    disagreeing = f.samples - f.agreeing
    lines = [
        OPERATORS,
        "| | |",
        "|---|---:|",
        f"| operators compared | {f.names:,} |",
        f"| samples | {f.samples:,} |",
        f"| samples that agree | {f.agreeing:,} ({100 * f.agreeing / f.samples:.2f} %) |",
        f"| samples whose gradients were compared | {f.once:,} |",
        f"| samples whose second derivatives were compared | {f.twice:,} |",
        "",
        TOLERANCES,
        "### Operators that disagree",
        "",
        f"{disagreeing} samples:",
        "",
        *disagreements("operator", DISAGREEMENTS),
        "",
        "### Operators that are compared",
        "",
        *families(),
        "",
        "### Operators that are left out",
        "",
        *left_out(LEFT_OUT_NAMES),
        "",
    ]
    return "\n".join(lines)


def of_modules(f: Figures) -> str:
    """Write the section of modules."""
    names = [name.removeprefix("nn.") for name in COUNTERPARTS]
    lines = [
        MODULES,
        "| | |",
        "|---|---:|",
        f"| modules and losses compared | {f.names} |",
        f"| samples | {f.samples:,} |",
        f"| samples that agree | {f.agreeing:,} ({100 * f.agreeing / f.samples:.2f} %) |",
        f"| samples whose gradients were compared | {f.once:,} |",
        "",
        "### Modules that disagree",
        "",
        f"{f.samples - f.agreeing} samples:",
        "",
        *disagreements("module", MODULE_DISAGREEMENTS),
        "",
        "### Modules that are compared",
        "",
        listed("modules", sorted(n for n in names if n not in LOSSES)),
        listed("losses, which are functions here", sorted(LOSSES)),
        listed("modules, on samples of our own", sorted(OWN)),
        "",
        "### Modules that are left out",
        "",
        *left_out(MODULES_LEFT_OUT_NAMES),
        "",
    ]
    return "\n".join(lines)


def disagreements(kind: str, known: dict[str, Disagreement]) -> list[str]:
    """Write the table of disagreements."""
    rows = [f"| `{d.operator}` | {len(d.samples)} | {d.reason} |" for d in sorted(known.values())]
    return [f"| {kind} | samples | why |", "|---|---:|---|", *rows]


def families() -> list[str]:
    """Name the compared operators by the file that spells them."""
    rows = []
    for family in spellings.FAMILIES:
        names = sorted(n for n in family.SPELLINGS if "[" not in n)
        title = family.__doc__.partition(", in our words")[0].removeprefix("PyTorch's ")
        rows.append(listed(title, names))
    return rows


def left_out(names_by_reason: dict[str, list[str]]) -> list[str]:
    """Name what has no counterpart, by reason."""
    return [listed(reason, names) for reason, names in names_by_reason.items()]


def listed(title: str, names: list[str]) -> str:
    """Write one entry of a list of names."""
    text = f"- {title} ({len(names)}): " + ", ".join(f"`{n}`" for n in names)
    return textwrap.fill(text, 100, subsequent_indent="  ", break_on_hyphens=False)


def main() -> None:
    """Compare everything, and write the page."""
    import operators

    database = operators.database()
    found = {}
    for name in spellings.NAMES:
        variants = {operators.full_name(v): v for v in database[name]}
        found[name] = {
            full: operators.compare(variant, spellings.spelling_of(full))
            for full, variant in variants.items()
        }
    modules = {name: outcomes_of(name) for name in NAMES}
    PAGE.write_text("\n".join([HEAD, of_operators(figures(found)), of_modules(figures(modules))]))
    print(summary(figures(found)))


if __name__ == "__main__":
    main()
