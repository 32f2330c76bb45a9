"""The class decorator `parameterNodeWrapper`."""

from __future__ import annotations

from typing import Any

import slicer

from . import gui
from .serializers import members_of, serializer_for

_RESERVED = {
    "parameterNode",
    "allParameters",
    "default",
    "isCached",
    "dataType",
    "getValue",
    "setValue",
    "StartModify",
    "EndModify",
    "Modified",
    "AddObserver",
    "RemoveObserver",
    "connectGui",
    "connectParametersToGui",
    "disconnectGui",
}


def isParameterNodeWrapper(classOrObj: Any) -> bool:
    return hasattr(classOrObj if isinstance(classOrObj, type) else type(classOrObj), "_is_parameterNodeWrapper")


class _Wrapper:
    """What every wrapped class can do beside its parameters."""

    _is_parameterNodeWrapper = True
    _serializers: dict[str, Any]
    _kinds: dict[str, Any]

    def __init__(self, parameterNode: Any, prefix: str | None = None) -> None:
        if parameterNode is None or not parameterNode.IsA("vtkMRMLScriptedModuleNode"):
            raise TypeError("A parameter node wrapper needs a vtkMRMLScriptedModuleNode")
        self.__dict__.update(parameterNode=parameterNode, _prefix=f"{prefix}_" if prefix else "", _connections={})
        tag = parameterNode.StartModify()
        for name, serializer in self._serializers.items():
            if not serializer.isIn(parameterNode, self._prefix + name):
                serializer.write(parameterNode, self._prefix + name, serializer.default())
        parameterNode.EndModify(tag)

    def getValue(self, name: str) -> Any:
        return self._serializers[name].read(self.parameterNode, self._prefix + name)

    def setValue(self, name: str, value: Any) -> None:
        self._serializers[name].write(self.parameterNode, self._prefix + name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._serializers:
            self.setValue(name, value)
        elif name.startswith("_") or hasattr(type(self), name):
            self.__dict__[name] = value
        else:
            msg = f"{type(self).__name__} has no parameter {name}"
            raise AttributeError(msg)

    def default(self, name: str) -> Any:
        return self._serializers[name].default()

    def dataType(self, name: str) -> Any:
        return self._kinds[name]

    def isCached(self, name: str) -> bool:
        return False

    def StartModify(self) -> int:
        return self.parameterNode.StartModify()

    def EndModify(self, tag: int) -> int:
        return self.parameterNode.EndModify(tag)

    def Modified(self) -> None:
        self.parameterNode.Modified()

    def AddObserver(self, event: Any, callback: Any, priority: float = 0.0) -> int:
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag: int) -> None:
        self.parameterNode.RemoveObserver(tag)

    # Panels

    def connectGui(self, panel: Any) -> int:
        """Tie every widget with the dynamic property `SlicerParameterName` to the parameter of that name."""
        children = slicer.util.findChildren(panel) if hasattr(panel, "inherits") else vars(panel).values()
        named = [(w, w.property("SlicerParameterName")) for w in children]
        return self._connect([(name, widget) for widget, name in named if name])

    def connectParametersToGui(self, mapping: dict[str, Any]) -> int:
        return self._connect(list(mapping.items()))

    def _connect(self, pairs: list[tuple[str, Any]]) -> int:
        connectors = [(name, gui.connector_for(widget, *self._described(name))) for name, widget in pairs]
        connection = gui.Connection(self, connectors)
        tag = max(self._connections, default=0) + 1
        self._connections[tag] = connection
        return tag

    def _described(self, name: str) -> tuple[Any, tuple[Any, ...]]:
        """(type, extras) of a parameter."""
        if name not in self._serializers:
            msg = f"There is no parameter {name}"
            raise ValueError(msg)
        serializer = self._serializers[name]
        return serializer.inner, serializer.extras

    def disconnectGui(self, tag: int) -> None:
        self._connections.pop(tag).disconnect()


def parameterNodeWrapper(classtype: type | None = None) -> Any:
    """Class decorator: the annotations of the class become parameters of a node."""
    if classtype is None:
        return parameterNodeWrapper
    members = members_of(classtype)
    taken = _RESERVED & set(members)
    if taken:
        msg = f"{sorted(taken)} cannot be names of parameters: the wrapper uses them"
        raise ValueError(msg)
    own = {k: v for k, v in vars(classtype).items() if k not in members and k not in ("__dict__", "__weakref__")}
    serializers = {name: serializer_for(kind, default) for name, (kind, default) in members.items()}
    kinds = {name: kind for name, (kind, _) in members.items()}
    body = {**own, "_serializers": serializers, "_kinds": kinds, "allParameters": kinds}
    for name in members:
        body[name] = property(
            lambda self, n=name: self.getValue(n), lambda self, value, n=name: self.setValue(n, value)
        )
    return type(classtype.__name__, (_Wrapper,), body)
