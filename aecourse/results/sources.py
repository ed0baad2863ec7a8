"""What a result depends on: a digest of every definition that its script can reach.

A script is read, not run. Each function, class and constant that it uses is followed into
``aecourse`` and into the modules beside the script, and from there on, so that no callee can be
forgotten. What does not change the figures does not change a digest: comments, docstrings, layout,
annotations, the wording of errors, the module in which a definition lives, and the machinery in
which results are saved.
"""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

PACKAGE, MACHINERY = "aecourse", "aecourse.results"
MAIN = "the script's own statements"
_WITHOUT_EFFECT = {"annotation", "returns", "ctx", "type_comment", "kind", "type_params"}


@dataclass
class _Module:
    """A parsed file: what it defines, and what its names stand for elsewhere."""

    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)  # name → its statements
    imports: dict[str, tuple[str, str | None]] = field(default_factory=dict)  # → module, attribute
    statements: list[ast.stmt] = field(default_factory=list)  # the rest


def sources_of(script: str | Path, tree: str | Path | None = None) -> dict[str, str]:
    """Digest of every definition that a script reaches, by name, and of its own statements.

    Definitions of one name in several modules share one digest.

    Args:
        script: path of a Python file, such as ``experiments/NN_name.py``.
        tree: folder that holds ``aecourse/``; two levels above the script unless given.
    """
    script = Path(script).resolve()
    finder = _Finder(Path(tree) if tree else script.parents[1], script)
    found: dict[str, set[str]] = {}
    for name, statements in finder.reached():
        found.setdefault(name, set()).add(digest(statements))
    return {name: _joined(digests) for name, digests in sorted(found.items())}


def changed(saved: dict[str, str], now: dict[str, str]) -> list[str]:
    """Names whose digest differs, or that only one of the two knows."""
    return sorted(name for name in saved.keys() | now.keys() if saved.get(name) != now.get(name))


def digest(source: str | list[ast.stmt]) -> str:
    """SHA-256 of what Python code does. The same for every version of Python."""
    body = ast.parse(source).body if isinstance(source, str) else source
    return hashlib.sha256(_effect(_without_docstring(body)).encode()).hexdigest()[:16]


def _joined(digests: set[str]) -> str:
    if len(digests) == 1:
        return next(iter(digests))
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()[:16]


def _effect(node) -> str:
    """A syntax tree as text, without what has no effect on figures.

    ``ast.dump`` would do, but prints the same tree differently in different versions.
    """
    if isinstance(node, list):
        return f"[{','.join(map(_effect, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, ast.Raise):  # which error is raised may matter, what it says does not
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return f"Raise({ast.unparse(raised) if raised else ''})"
    parts = []
    for name, value in ast.iter_fields(node):
        if name == "body" and isinstance(value, list):
            value = _without_docstring(value)
        if name not in _WITHOUT_EFFECT and value is not None and value != []:
            parts.append(f"{name}={_effect(value)}")
    return f"{type(node).__name__}({','.join(parts)})"


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    def is_text(statement) -> bool:
        value = getattr(statement, "value", None)
        return isinstance(statement, ast.Expr) and isinstance(getattr(value, "value", None), str)

    return [statement for statement in body if not is_text(statement)]


# --------------------------------------------------------------------------- following names


class _Finder:
    """Follows names from a script through the package."""

    def __init__(self, tree: Path, script: Path):
        self.tree, self.script = tree, script
        self.module = cache(self._module)

    def reached(self):
        """(name, statements) of the script's own code and of all that it reaches."""
        start = self.module(self.script.stem)
        yield MAIN, start.statements
        yield from self._borrowed(self.script.stem, start.statements)
        waiting, seen = self._used(self.script.stem, start.statements), set()
        while waiting:
            module, name = waiting.pop()
            if (module, name) in seen:
                continue
            seen.add((module, name))
            statements = self.module(module).definitions[name]
            yield name, statements
            yield from self._borrowed(module, statements)
            waiting += self._used(module, statements)

    def _borrowed(self, module: str, statements: list[ast.stmt]):
        """What other packages' names stand for, so that another import under the same name shows."""
        imports = self.module(module).imports
        for first in {names[0] for names in _names_in(statements) if names[0] in imports}:
            origin, attribute = imports[first]
            if self._path(origin) is None and origin.split(".")[0] != PACKAGE:
                yield f"import {first}", ast.parse(f"{origin}.{attribute or ''}".rstrip(".")).body

    def _path(self, module: str) -> Path | None:
        """The file of a module of the package, or of one beside the script."""
        beside = self.script.parent / f"{module}.py"
        if "." not in module and beside.is_file():
            return beside
        if module.split(".")[0] != PACKAGE or f"{module}.".startswith(f"{MACHINERY}."):
            return None
        folder = self.tree.joinpath(*module.split("."))
        for path in (folder.with_suffix(".py"), folder / "__init__.py"):
            if path.is_file():
                return path
        return None

    def _module(self, name: str) -> _Module:
        found = _Module()
        body = ast.parse(self._path(name).read_text(encoding="utf-8")).body
        for statement in _without_docstring(body):
            names = _defined(statement)
            for defined in names:
                found.definitions.setdefault(defined, []).append(statement)
            if not names and not isinstance(statement, (ast.Import, ast.ImportFrom)):
                found.statements.append(statement)
        for node in ast.walk(ast.Module(body, [])):
            if isinstance(node, ast.Import):
                for alias in node.names:  # import a.b binds a; import a.b as c binds c to a.b
                    top = alias.name.split(".")[0]
                    found.imports[alias.asname or top] = (alias.name if alias.asname else top, None)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    found.imports[alias.asname or alias.name] = (node.module, alias.name)
        return found

    def _used(self, module: str, statements: list[ast.stmt]) -> list[tuple[str, str]]:
        """The definitions that some statements of a module name."""
        targets = [self._resolve(module, names) for names in _names_in(statements)]
        return [target for target in targets if target]

    def _resolve(self, module: str, names: list[str]) -> tuple[str, str] | None:
        """Where a dotted name, as written in a module, is defined; None outside the project."""
        if not names or self._path(module) is None:
            return None
        known, (first, *rest) = self.module(module), names
        if first in known.definitions:
            return module, first
        if first in known.imports:
            origin, attribute = known.imports[first]
            return self._resolve_in(origin, [*([attribute] if attribute else []), *rest])
        return None

    def _resolve_in(self, module: str, names: list[str]) -> tuple[str, str] | None:
        """Where ``module.a.b`` is defined: in a submodule, or through what the module imports."""
        if names and self._path(f"{module}.{names[0]}"):
            known = self.module(module) if self._path(module) else _Module()
            is_shadowed = names[0] in known.definitions or names[0] in known.imports
            if not is_shadowed:
                return self._resolve_in(f"{module}.{names[0]}", names[1:])
        return self._resolve(module, names)


def _names_in(statements: list[ast.stmt]) -> list[list[str]]:
    """Every dotted name in some statements, as a list of its parts."""
    nodes = [node for statement in statements for node in ast.walk(statement)]
    found = [_dotted(node) for node in nodes if isinstance(node, (ast.Name, ast.Attribute))]
    return [names for names in found if names]


def _defined(statement: ast.stmt) -> list[str]:
    """The names that a statement at the top of a module defines."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
        targets = [statement.target]
    else:
        return []
    return [node.id for target in targets for node in ast.walk(target)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]  # fmt: skip


def _dotted(node: ast.AST) -> list[str]:
    """``a.b.c`` as ["a", "b", "c"]; empty if it does not begin with a name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    return [node.id, *parts] if isinstance(node, ast.Name) else []
