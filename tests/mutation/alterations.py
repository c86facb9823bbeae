"""Ways to alter a line of mathematics by one thing: a sign, a factor, a swapped argument.

An alteration is found in the syntax tree of a file and applied to a fresh copy of it, so that
each mutant differs from the file in one place. Only what runs inside of functions is altered;
messages, docstrings and annotations are not.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from typing import NamedTuple

OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.Pow: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
FUNCTIONS = {
    "less": "less_equal", "less_equal": "less", "greater": "greater_equal",
    "greater_equal": "greater", "equal": "not_equal", "not_equal": "equal",
    "maximum": "minimum", "minimum": "maximum", "logical_and": "logical_or",
    "logical_or": "logical_and", "sin": "cos", "cos": "sin", "sinh": "cosh", "cosh": "sinh",
    "cumsum": "cumprod", "cumprod": "cumsum", "tril": "triu", "triu": "tril",
    "zeros_like": "ones_like", "ones_like": "zeros_like", "sum": "prod", "max": "min",
    "min": "max", "floor": "ceil", "ceil": "floor", "exp": "expm1", "expm1": "exp",
}  # fmt: skip
NOT_COMMUTING = (ast.Sub, ast.Div, ast.MatMult, ast.FloorDiv, ast.Mod, ast.Pow)
PARTNERS = {"a": "b", "b": "a", "x": "y", "y": "x", "g": "y"}  # the letters of the rules


class Mutant(NamedTuple):
    """One altered place.

    Attributes
    ----------
    line : int
    function : str
        The function that it is in; of a lambda, the function whose rule it is.
    before, after : str
        The altered expression; of a number or a name, what it stands in.
    tree : ast.Module
        The whole file with the alteration.
    """

    line: int
    function: str
    before: str
    after: str
    tree: ast.Module


def mutants(source: str) -> Iterator[Mutant]:
    """Give every mutant of a file, in the order of its lines.

    >>> [(m.before, m.after) for m in mutants("f = lambda g, y, x: -g * x")][:3]
    [('-g * x', '-(-g * x)'), ('-g * x', '1.01 * (-g * x)'), ('-g * x', '-g / x')]
    >>> [(m.before, m.after) for m in mutants("f = lambda x: sum(x, axis=-1)")]
    [('sum(x, axis=-1)', 'sum(x, axis=1)'), ('sum(x, axis=-1)', 'sum(x, axis=-2)')]
    """
    body = ast.parse(source).body
    for n, statement in enumerate(body):
        for index, (function, node) in enumerate(_places(statement)):
            for alter in _alterations(function, node):
                twin = copy.deepcopy(statement)
                _, place = _places(twin)[index]
                shown = _context(twin, place)
                before = ast.unparse(shown)
                after = alter(place)
                if after is not None:  # a new expression takes the place of the old one
                    _replace(twin, place, after)
                new = ast.unparse(after if shown is place and after is not None else shown)
                if new == before:  # as the factors of x @ x in the other order
                    continue
                ast.fix_missing_locations(twin)
                name = getattr(function, "name", _registered(statement))
                tree = ast.Module([*body[:n], twin, *body[n + 1 :]], [])
                yield Mutant(node.lineno, name, before, new, tree)


def _places(tree: ast.AST) -> list[tuple[ast.AST, ast.expr]]:
    """List the expressions inside of functions, with the function they are in."""
    found: list[tuple[ast.AST, ast.expr]] = []

    def walk(node: ast.AST, function: ast.AST | None) -> None:
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            body = node.body if isinstance(node.body, list) else [node.body]
            for child in [*node.args.defaults, *node.args.kw_defaults]:
                if child is not None:
                    walk(child, function)
            for child in body:
                walk(child, node)
            return
        if isinstance(node, ast.Raise | ast.AnnAssign) or _is_text(node):
            return
        if function is not None and isinstance(node, ast.expr):
            found.append((function, node))
        for child in ast.iter_child_nodes(node):
            walk(child, function)

    walk(tree, None)
    return found


def _registered(statement: ast.stmt) -> str:
    """Name what a statement is a call with, as fn in ``differentiable(fn, lambda ...)``."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return ast.unparse(call.args[0]) if isinstance(call, ast.Call) and call.args else "<lambda>"


def _context(tree: ast.AST, place: ast.expr) -> ast.expr:
    """Give what shows where an expression stands: of a number or a name, the call around it, ..."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    shown, node = place, place
    small = ast.Constant | ast.Name | ast.Attribute | ast.UnaryOp
    while isinstance(node, small | ast.Tuple | ast.List | ast.Slice | ast.Starred | ast.keyword):
        node = parents[node]  # type: ignore[assignment]
        if isinstance(node, ast.expr):
            shown = node
    return shown


def _is_text(node: ast.AST) -> bool:
    text = node.value if isinstance(node, ast.Expr) else node
    return isinstance(text, ast.JoinedStr) or (
        isinstance(text, ast.Constant) and isinstance(text.value, str)
    )


def _replace(tree: ast.AST, old: ast.expr, new: ast.expr) -> None:
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            if value is old:
                setattr(node, field, new)
            elif isinstance(value, list):
                setattr(node, field, [new if item is old else item for item in value])


def _alterations(function: ast.AST, node: ast.expr) -> Iterator[Callable]:
    """List what can be done to one expression; each alters it in place or gives another."""
    if _is_result_of_a_rule(function, node):
        yield lambda n: ast.UnaryOp(ast.USub(), n)
        yield lambda n: ast.BinOp(ast.Constant(1.01), ast.Mult(), n)
    if isinstance(node, ast.BinOp):
        if type(node.op) in OPERATORS:
            yield _other_operator
        if isinstance(node.op, NOT_COMMUTING):
            yield _swapped
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield lambda n: n.operand
    elif isinstance(node, ast.BoolOp):
        yield _other_operator
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OPERATORS:
        yield _other_comparison
    elif isinstance(node, ast.IfExp):
        yield _turned
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield lambda n: ast.Constant(not n.value)
        elif isinstance(node.value, int | float):
            yield lambda n: ast.Constant(n.value + 1)
    elif isinstance(node, ast.Attribute) and node.attr in FUNCTIONS and _is_numpy(node):
        yield _other_function
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        parameters = {a.arg for a in function.args.args}  # type: ignore[attr-defined]
        if {node.id, PARTNERS.get(node.id)} <= parameters:
            yield lambda n: ast.Name(PARTNERS[n.id], ast.Load())


def _is_result_of_a_rule(function: ast.AST, node: ast.expr) -> bool:
    """Tell whether an expression is what a rule gives; rules begin with g and y."""
    names = [a.arg for a in function.args.args][:2]  # type: ignore[attr-defined]
    if names != ["g", "y"]:
        return False
    if isinstance(function, ast.Lambda):
        return node is function.body
    return any(isinstance(s, ast.Return) and s.value is node for s in ast.walk(function))


def _is_numpy(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "np"


def _other_operator(node: ast.BinOp | ast.BoolOp) -> None:
    node.op = OPERATORS[type(node.op)]()


def _other_comparison(node: ast.Compare) -> None:
    node.ops = [OPERATORS[type(node.ops[0])]()]


def _other_function(node: ast.Attribute) -> None:
    node.attr = FUNCTIONS[node.attr]


def _swapped(node: ast.BinOp) -> None:
    node.left, node.right = node.right, node.left


def _turned(node: ast.IfExp) -> None:
    node.body, node.orelse = node.orelse, node.body
