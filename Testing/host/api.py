"""Holds panels against `slicer_api.json`, the list of what Python sees in the running Slicer 5.12.3.

Two ways: `check_source` reads Python, and `guard` watches every attribute that the product's own code asks of a Qt
object while tests run, and refuses what the list does not have.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

# PythonQt gives these to every object, beside the members of its class.
_ALWAYS = {"connect", "disconnect", "className", "name", "inherits", "exec_", "print_", "raise_", "del_", "delete"}
# The list was read from a build without an extensions manager; a release has one.
_RELEASE_ONLY = {"slicer.app": {"extensionsManagerModel"}}
# Python modules of which the list has every public name.
_PLAIN_MODULES = ("slicer.util", "slicer.packaging", "slicer.i18n")
# The application's own objects are listed under the call that gives them.
_LISTED_AS = {
    "qSlicerApplication": "slicer.app",
    "qSlicerLayoutManager": "slicer.app.layoutManager()",
    "qSlicerIOManager": "slicer.app.ioManager()",
    "qSlicerModuleManager": "slicer.app.moduleManager()",
    "qSlicerMainWindow": "slicer.util.mainWindow()",
    "qSlicerModuleSelectorToolBar": "slicer.util.moduleSelector()",
}


class Listing:
    """Classes of Slicer with their properties, signals and methods, bases included."""

    def __init__(self, path: Path) -> None:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        self._classes: dict[str, Any] = content["classes"]
        self.python: dict[str, Any] = content["python"]
        self.properties = cache(self._properties)
        self.signals = cache(self._signals)
        self.members = cache(self._members)

    def knows(self, name: str) -> bool:
        return name in self._classes

    def _family(self, name: str) -> Iterator[dict[str, Any]]:
        for member in (name, *self._classes[name].get("bases", [])):
            if member in self._classes:
                yield self._classes[member]

    def _properties(self, name: str) -> dict[str, str]:
        return {p: kind for c in self._family(name) for p, kind in c.get("properties", {}).items()}

    def _signals(self, name: str) -> set[str]:
        return {signal for c in self._family(name) for signal in c.get("signals", [])}

    def _members(self, name: str) -> set[str]:
        methods = {method for c in self._family(name) for method in c.get("methods", [])}
        signals = {signal.split("(")[0] for signal in self.signals(name)}
        return methods | signals | set(self.properties(name)) | _ALWAYS | _RELEASE_ONLY.get(name, set())


# Python


def check_source(paths: Iterable[Path], listing: Listing) -> list[str]:
    """What is wrong with Python files: one sentence each."""
    found = []
    for path in paths:
        reader = _Reader(listing)
        reader.visit(ast.parse(path.read_text(encoding="utf-8")))
        found += [f"{path.name}:{line}: {sentence}" for line, sentence in reader.found]
    return found


class _Reader(ast.NodeVisitor):
    """Follows variables that are made by `qt.X()`, `ctk.X()` or `slicer.qMRMLX()` within a file."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.kinds: dict[str, str] = {}
        self.found: list[tuple[int, str]] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outer, self.kinds = self.kinds, dict(self.kinds)
        for argument in [*node.args.args, *node.args.kwonlyargs]:
            kind = self._class_of(argument.annotation)
            if kind:
                self.kinds[argument.arg] = kind
        self.generic_visit(node)
        # What a method hangs on `self` is there in the methods below it; local names are not.
        self.kinds = outer | {name: kind for name, kind in self.kinds.items() if name.startswith("self.")}

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        outer, self.kinds = self.kinds, dict(self.kinds)
        # `setup` or `__init__` may stand below a method that uses what it makes.
        for statement in (s for s in ast.walk(node) if isinstance(s, ast.Assign)):
            self._learn(statement.targets, statement.value, only_self=True)
        self.generic_visit(node)
        self.kinds = outer

    def visit_Assign(self, node: ast.Assign) -> None:
        self._learn(node.targets, node.value)
        self.generic_visit(node)

    def _learn(self, targets: list[ast.expr], value: ast.expr, only_self: bool = False) -> None:
        kind = self._class_of(value.func) if isinstance(value, ast.Call) else None
        for target in targets:
            name = _dotted(target)
            if name and name.startswith("self.") >= only_self:
                if kind:
                    self.kinds[name] = kind
                elif not only_self:
                    self.kinds.pop(name, None)

    def visit_Call(self, node: ast.Call) -> None:
        kind = self._class_of(node.func)
        if kind and node.keywords:
            self._say(node, f"{kind} takes no keyword arguments in PythonQt")
        if isinstance(node.func, ast.Attribute):
            owner = self._kind_of(node.func.value)
            if owner and node.func.attr in self.listing.properties(owner):
                self._say(node, f"{owner}.{node.func.attr} is a property, it cannot be called")
            text = node.args[0] if node.args else None
            by_string = owner and node.func.attr == "connect" and isinstance(text, ast.Constant)
            if by_string and str(text.value).replace(" ", "") not in self.listing.signals(owner):
                self._say(node, f"{owner} has no signal {text.value}")
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        owner = self._kind_of(node.value)
        if owner and node.attr not in self.listing.members(owner):
            self._say(node, f"{owner} has no member {node.attr}")
        module = _dotted(node.value)
        if module in _PLAIN_MODULES and node.attr not in self.listing.python[module]:
            self._say(node, f"{module} has no {node.attr}")
        name = _dotted(node)
        is_class = name and name.startswith(("ctk.ctk", "slicer.qMRML", "slicer.qSlicer")) and name.count(".") == 1
        if is_class and not self.listing.knows(node.attr):
            self._say(node, f"the class {name} is not on the list")
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.value, ast.Attribute):
            owner = self._kind_of(node.value.value)
            signals = {s.split("(")[0] for s in self.listing.signals(owner)} if owner else set()
            if node.value.attr in signals:
                self._say(node, f"the signal {node.value.attr} takes no overload in brackets in PythonQt")
        self.generic_visit(node)

    def _say(self, node: ast.expr, sentence: str) -> None:
        self.found.append((node.lineno, sentence))

    def _class_of(self, node: ast.AST | None) -> str | None:
        """The listed class that an expression such as `qt.QLabel` names."""
        name = _dotted(node) or ""
        module, _, kind = name.partition(".")
        return kind if module in ("qt", "ctk", "slicer") and self.listing.knows(kind) else None

    def _kind_of(self, node: ast.AST) -> str | None:
        """The listed class of a variable or of one of the application's objects."""
        text = ast.unparse(node).replace('"', "'")
        if text in ("slicer.app", "slicer.util.mainWindow()") or text.startswith("slicer.app."):
            return text if self.listing.knows(text) else None
        name = _dotted(node) or ""
        return self.kinds.get(name)


def _dotted(node: ast.AST | None) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        outer = _dotted(node.value)
        return f"{outer}.{node.attr}" if outer else None
    return None


# The running application


def guard(listing: Listing, folders: Iterable[Path]) -> None:
    """From now on refuse code below `folders` what the list does not have: AttributeError, as Slicer would raise."""
    from . import pythonqt

    watched = tuple(f"{Path(folder).resolve()}/" for folder in folders)

    def check(instance: Any, name: str) -> None:
        frame = sys._getframe(1).f_back  # of who asks: this function is called by the hook of the attribute
        if frame is None:
            return
        code = frame.f_code
        # Qt too looks for attributes, of virtual methods, below calls of the code; that code does not spell them.
        if name not in code.co_names or not code.co_filename.startswith(watched):
            return
        cls = next((k for k in type(instance).__mro__ if pythonqt.plays_cpp(k)), None)
        if cls is None or _defined_in_python(type(instance), cls, name, instance):
            return
        listed = _LISTED_AS.get(cls.__name__, cls.__name__)
        if listing.knows(listed) and name not in listing.members(listed) and hasattr(cls, name):
            msg = f"{listed} has no attribute named '{name}' in Slicer"
            raise AttributeError(msg)

    pythonqt.watch(check)


def _defined_in_python(kind: type, cpp: type, name: str, instance: Any) -> bool:
    own = kind.__mro__[: kind.__mro__.index(cpp)]
    return any(name in vars(k) for k in own) or (bool(own) and name in instance.__dict__)
