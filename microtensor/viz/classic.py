"""How does micrograd draw it? Its picture: a record for each value, a circle for each operation."""

from __future__ import annotations

from .briefly import describe
from .drawing import Drawing
from .folding import Scene
from .snapshots import Node
from .theme import Theme, clean, quoted, shape_word

_RECORD_SIGNS = "\\{}|<>"


def picture(drawing: Drawing, shown: Scene, colors: Theme) -> None:
    """Write the records, the circles and the arrows of micrograd's ``draw_dot``."""
    for box in shown.boxes:
        node = box.node
        words = describe(node) if node is not None else box.title
        line = colors.failed[1] if node is not None and node.kind == "failed" else colors.op[1]
        fields = _fields(node) if node is not None else _field(words)
        drawing.body.append(
            f'\t{box.id} [shape=record id="{box.id}" color="{line}" fontsize=11 height=0.4 '
            f'tooltip={quoted(words)} label="{fields}"]\n'
        )
        if node is not None and node.op is not None:
            drawing.body.append(
                f'\t{box.id}_op [shape=ellipse color="{line}" label={quoted(node.op, 28)}]\n'
                f"\t{box.id}_op -> {box.id}\n"
            )
    made = {box.id for box in shown.boxes if box.node is not None and box.node.op is not None}
    for edge in shown.arrows:
        target = f"{edge.dst}_op" if edge.dst in made else edge.dst
        drawing.body.append(f'\t{edge.src} -> {target} [id="{edge.id}"]\n')


def _fields(node: Node) -> str:
    name = _field(node.name, 24) if node.name else " "
    if node.kind == "failed":
        return f"{{ failed | {_field((node.health or ' ').splitlines()[0])} }}"
    if not node.is_scalar:
        return f"{{ {name} | {shape_word(node.shape)} }}"
    grad = "—" if node.grad is None else f"{node.grad:.4f}"
    return f"{{ {name} | data {node.value:.4f} | grad {grad} }}"


def _field(text: str, limit: int = 60) -> str:
    """Escape a text for a field of a record, where braces and bars are structure."""
    out = clean(text, limit).replace("&", "&amp;").replace('"', "&quot;")
    return "".join(f"\\{c}" if c in _RECORD_SIGNS else c for c in out)
