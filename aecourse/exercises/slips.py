"""One slip away from what is right: the reference with one operator, name, number or call changed.

A catalogue holds the misunderstandings that need a sentence of their own. The slips of the pen are
the same everywhere, so they are made by machine: from the source of a right function.
"""

import ast
import contextlib
import copy
import functools
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import NamedTuple

LONGEST = 60  # characters of code that a message quotes


class Slip(NamedTuple):
    """What is wrong, in words, and a function that is wrong in that way."""

    said: str
    function: Callable


@functools.cache
def slips_of(function: Callable) -> list[Slip]:
    """All slips in a function's source; none if it has no source, or is more than a function."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return []
    if not isinstance(tree.body[0], ast.FunctionDef) or function.__code__.co_freevars:
        return []
    return [Slip(said, other) for said, source in changed_sources(tree)
            if (other := defined(source, function))]


def defined(source: str, like: Callable) -> Callable | None:
    """The function that a source defines, among the names of the function ``like``."""
    scope = dict(like.__globals__)
    try:
        exec(source, scope)
    except Exception:
        return None
    return scope[like.__name__]


def changed_sources(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What is wrong, and the source that is wrong in that way; no source twice.

    First every slip in one place, then each that can be made in several, in all of them at once.
    """
    function = tree.body[0]
    names = [argument.arg for argument in function.args.args]
    seen = {ast.unparse(tree)}
    parents = {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
    alike: dict[str, dict[ast.AST, ast.AST]] = {}  # why -> the nodes, and what stands instead
    for node in [n for statement in function.body for n in ast.walk(statement)]:
        for why, new in changes(node, names):
            alike.setdefault(why, {}).setdefault(node, new)
            with replaced({node: new}):
                source, quoted = ast.unparse(tree), quotation(node, parents)
            if source not in seen:
                seen.add(source)
                yield f"It is what comes out with {quoted}: {why}", source
    for why, places in alike.items():
        with replaced(places):
            source, quoted = ast.unparse(tree), quotation(next(iter(places)), parents)
        if source not in seen:
            seen.add(source)
            yield f"It is what comes out with {quoted}: {why[:-1]}, everywhere.", source


@contextlib.contextmanager
def replaced(places: dict[ast.AST, ast.AST]):
    """Nodes of a tree that are others for a while."""
    kept = [(node, dict(node.__dict__), node.__class__) for node in places]
    for node, new in places.items():
        node.__dict__, node.__class__ = dict(new.__dict__), new.__class__
    try:
        yield
    finally:
        for node, fields, kind in kept:
            node.__dict__, node.__class__ = fields, kind


def quotation(node: ast.AST, parents: dict) -> str:
    """A changed place in the code with as much around it as makes it recognisable."""
    def is_enough(parent) -> bool:
        called = isinstance(parent, ast.Call) and parent.func is node
        return isinstance(parent, ast.stmt) or not called and (
            len(ast.unparse(node)) >= LONGEST / 4 or len(ast.unparse(parent)) > LONGEST)

    while (parent := parents.get(node)) and not is_enough(parent):
        node = parent
    text = ast.unparse(node)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Gt: ">", ast.GtE: ">=",
         ast.Lt: "<", ast.LtE: "<="}  # fmt: skip
SWAPPED = {ast.Add: [ast.Sub, ast.Mult], ast.Sub: [ast.Add], ast.Mult: [ast.Div, ast.Add, ast.Sub],
           ast.Div: [ast.Mult], ast.Gt: [ast.GtE, ast.Lt], ast.GtE: [ast.Gt, ast.LtE],
           ast.Lt: [ast.LtE, ast.Gt], ast.LtE: [ast.Lt, ast.GtE]}  # fmt: skip
RENAMED = {"mean": ["sum"], "sum": ["mean"], "std": ["var"], "var": ["std"], "sqrt": ["square"],
           "nanmean": ["mean"], "log": ["log2", "log10"], "max": ["min", "mean"],
           "min": ["max", "mean"], "amax": ["amin"], "argmax": ["argmin"], "ceil": ["floor"],
           "floor": ["ceil"], "tanh": ["sigmoid"], "sigmoid": ["tanh"], "logsumexp": ["sum"],
           "zeros_like": ["ones_like"], "ones_like": ["zeros_like"], "median": ["mean"]}


def changes(node: ast.AST, names: list[str]) -> Iterator[tuple[str, ast.AST]]:
    """The slips that one node of a syntax tree invites: why it is wrong, and the node instead.

    ``names`` are the function's parameters, which are taken for one another.
    """
    def with_(**fields) -> ast.AST:
        new = copy.copy(node)
        new.__dict__ = {**node.__dict__, **fields}
        return new

    if isinstance(node, ast.BinOp):
        yield from changes_of_operation(node, with_)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in SWAPPED.get(type(node.ops[0]), []):
            yield (f"a {SIGNS[other]} stands where a {SIGNS[type(node.ops[0])]} belongs.",
                   with_(ops=[other()]))
    if isinstance(node, ast.UnaryOp):
        yield "a sign before it is left out.", node.operand
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        for value in (node.value + 1, node.value - 1, 2 * node.value):
            yield "another number belongs there.", with_(value=value)
    if isinstance(node, ast.Attribute):
        for other in RENAMED.get(node.attr, []):
            yield f"{other} is not what belongs there.", with_(attr=other)
        if node.attr == "T":
            yield "nothing is transposed.", node.value
    if isinstance(node, ast.Call):
        if node.args and not isinstance(node.args[0], ast.Starred):
            yield "a function is left out.", node.args[0]
        if isinstance(node.func, ast.Attribute):
            yield "what should be done with it is left out.", node.func.value
        if len(node.args) == 1 and isinstance(inner := node.args[0], ast.BinOp):
            yield ("it goes into the function as a whole.", ast.BinOp(
                with_(args=[inner.left]), inner.op, inner.right))
        if isinstance(node.func, ast.Attribute) and node.func.attr == "mean" and not node.args + (
                node.keywords):
            for axis in (0, 1):
                over_one = ast.Call(ast.Attribute(node.func.value, "sum"), [ast.Constant(axis)], [])
                yield ("a sum over one axis is left in it.",
                       with_(func=ast.Attribute(over_one, "mean")))
        for keyword in node.keywords:
            yield (f"it lacks {keyword.arg}.",
                   with_(keywords=[k for k in node.keywords if k is not keyword]))
    if isinstance(node, ast.Subscript):
        yield "it is the whole, where a part of it belongs.", node.value
    if isinstance(node, ast.Slice) and (node.lower is None) != (node.upper is None):
        yield ("the slice is at the wrong end.",
               with_(lower=node.upper, upper=node.lower))
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        for other in names:
            if other != node.id:
                yield f"{other} stands where another variable belongs.", with_(id=other)


def changes_of_operation(node: ast.BinOp, with_: Callable) -> Iterator[tuple[str, ast.AST]]:
    """The slips that an operation such as a + b invites."""
    left, right, kind = node.left, node.right, type(node.op)
    for other in SWAPPED.get(kind, []):
        yield f"a {SIGNS[other]} stands where a {SIGNS[kind]} belongs.", with_(op=other())
    if kind in (ast.Sub, ast.Div, ast.MatMult):
        yield "the two are in the wrong order.", with_(left=right, right=left)
    if kind is ast.Div:
        yield "// rounds down.", with_(op=ast.FloorDiv())
    if kind is ast.MatMult:
        yield "* goes entry by entry.", with_(op=ast.Mult())
    if kind is ast.Pow:
        yield "a power is left out.", left
        yield "the absolute value is no power.", ast.Call(ast.Name("abs"), [left], [])
        yield "* multiplies, and ** is a power.", with_(op=ast.Mult())
    else:
        yield "something that belongs to it is left out.", left
        yield "something that belongs to it is left out.", right
    # a * (b - c) without its brackets, and (a - b) / c
    if kind in (ast.Mult, ast.Div) and isinstance(right, ast.BinOp):
        yield "brackets are missing.", with_(op=right.op, left=with_(right=right.left),
                                             right=right.right)
    if kind in (ast.Mult, ast.Div) and isinstance(left, ast.BinOp):
        yield "brackets are missing.", with_(op=left.op, left=left.left,
                                             right=with_(left=left.right))
    for side, part in (("left", left), ("right", right)):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow) and kind is not ast.Pow:
            yield ("the power takes in too much.",
                   ast.BinOp(with_(**{side: part.left}), ast.Pow(), part.right))
        if isinstance(part, ast.BinOp | ast.Call) and kind in (ast.Mult, ast.Div):
            yield ("it has a root too many.",
                   with_(**{side: ast.BinOp(part, ast.Pow(), ast.Constant(0.5))}))
            yield ("it has a square too many.",
                   with_(**{side: ast.BinOp(part, ast.Pow(), ast.Constant(2))}))
