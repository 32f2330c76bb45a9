"""Slice and 3D views: trame-slicer's render windows behind the widgets that scripts know from the layout manager."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import slicer
import vtk
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget
from trame_slicer.views.render_scheduler import NoScheduleRendering
from trame_slicer.views.slice_view import SliceView
from trame_slicer.views.threed_view import ThreeDView
from vtk.util.numpy_support import vtk_to_numpy

from .pythonqt import declared, standin
from .standins import State, stored

SLICE_NAMES = ("Red", "Green", "Yellow")


class _Slice(SliceView):
    """A slice view on a node that the layout logic already made."""

    def set_scene(self, scene: Any) -> None:
        super(SliceView, self).set_scene(scene)
        self._logic.SetMRMLScene(scene)
        node = _view_node("vtkMRMLSliceNode", self.name)
        self._logic.SetSliceNode(node)
        self.set_view_node(node)

    def _reset_node_view_properties(self) -> None:
        """Leave the node as the layout made it."""

    @property
    def logic(self) -> Any:
        return self._logic


class _ThreeD(ThreeDView):
    """A 3D view on a node that the layout logic already made."""

    def set_scene(self, scene: Any) -> None:
        super(ThreeDView, self).set_scene(scene)
        self._logic.SetMRMLScene(scene)
        self.set_view_node(_view_node("vtkMRMLViewNode", self.name))

    @property
    def logic(self) -> Any:
        return self._logic


def _view_node(kind: str, tag: str) -> Any:
    return slicer.mrmlScene.GetSingletonNode(tag, kind)


def _open(kind: type, name: str, application_logic: Any) -> Any:
    # trame-slicer observes an event of which VTK 9.6 says at length that it is going away.
    warned = vtk.vtkObject.GetGlobalWarningDisplay()
    vtk.vtkObject.SetGlobalWarningDisplay(0)
    view = kind(slicer.mrmlScene, application_logic, name, scheduled_render_strategy=NoScheduleRendering())
    vtk.vtkObject.SetGlobalWarningDisplay(warned)
    return view


def picture(view: Any, width: int, height: int) -> np.ndarray:
    """The view as an array of bytes [row, column, RGB], rows from the top."""
    view.update_size(width, height)
    if isinstance(view, _Slice):
        view.logic.ResizeSliceNode(width, height)
    view.render()
    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(view.render_window())
    grab.ReadFrontBufferOff()
    grab.Update()
    image = grab.GetOutput()
    columns, rows, _ = image.GetDimensions()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(rows, columns, -1)
    return pixels[::-1, :, :3].copy()


def save_picture(pixels: np.ndarray, path: str | Path) -> None:
    """An RGB array as a PNG file."""
    rows, columns, _ = pixels.shape
    data = np.ascontiguousarray(pixels)
    image = QImage(data.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
    if not image.save(str(path)):
        msg = f"{path} cannot be written"
        raise OSError(msg)


@standin
class qMRMLSliceView(QWidget):
    """What a script sees of a rendered slice."""

    resized = Signal(object)
    _values: dict
    _view: Any

    def __init__(self, view: Any) -> None:
        super().__init__()
        self._view = view

    def renderWindow(self) -> Any:
        return self._view.render_window()

    def interactor(self) -> Any:
        return self._view.interactor()

    def mrmlSliceNode(self) -> Any:
        return self._view.get_view_node()

    def forceRender(self) -> None:
        self._view.render()

    def scheduleRender(self) -> None:
        """The host renders when a picture is asked for."""

    def displayableManagerByClassName(self, name: str) -> Any:
        return self._view.get_displayable_manager_by_class(name)

    def setBackgroundColor(self, color: Any) -> None:
        self._view.set_background_color([color.red(), color.green(), color.blue()])

    cornerAnnotationText = stored(str, "cornerAnnotationText", "")
    backgroundColor = declared("QVariant", lambda w: QColor("black"), setBackgroundColor)


@standin
class qMRMLSliceControllerWidget(QWidget):
    """The bar above a slice."""

    _values: dict
    _owner: Any

    def __init__(self, owner: Any) -> None:
        super().__init__()
        self._owner = owner

    def fitSliceToBackground(self) -> None:
        self._owner.fitSliceToBackground()

    def sliceLogic(self) -> Any:
        return self._owner.sliceLogic()

    def mrmlSliceNode(self) -> Any:
        return self._owner.mrmlSliceNode()

    def mrmlSliceCompositeNode(self) -> Any:
        return self._owner.mrmlSliceCompositeNode()

    def setSliceOffsetValue(self, offset: float) -> None:
        self._owner.sliceLogic().SetSliceOffset(offset)

    def setSliceVisible(self, visible: bool) -> None:
        self._owner.mrmlSliceNode().SetSliceVisible(visible)

    def setSliceLink(self, linked: bool) -> None:
        self._owner.mrmlSliceCompositeNode().SetLinkedControl(linked)

    def setForegroundOpacity(self, opacity: float) -> None:
        self._owner.mrmlSliceCompositeNode().SetForegroundOpacity(opacity)


@standin
class qMRMLSliceWidget(QWidget):
    """One slice viewer: view, controller and logic."""

    _values: dict
    _view: Any
    _parts: tuple

    def __init__(self, name: str, application_logic: Any) -> None:
        super().__init__()
        self._view = _open(_Slice, name, application_logic)
        self._parts = (qMRMLSliceView(self._view), qMRMLSliceControllerWidget(self))
        self.resize(500, 500)

    def sliceView(self) -> qMRMLSliceView:
        return self._parts[0]

    viewWidget = sliceView

    def sliceController(self) -> qMRMLSliceControllerWidget:
        return self._parts[1]

    controllerWidget = sliceController

    def sliceLogic(self) -> Any:
        return self._view.logic

    logic = sliceLogic

    def mrmlSliceNode(self) -> Any:
        return self._view.get_view_node()

    mrmlAbstractViewNode = mrmlSliceNode

    def mrmlSliceCompositeNode(self) -> Any:
        return self._view.logic.GetSliceCompositeNode()

    def fitSliceToBackground(self) -> None:
        self._view.update_size(self.property("width"), self.property("height"))
        self._view.logic.FitSliceToBackground()
        self._view.logic.SnapSliceOffsetToIJK()

    def setSliceOrientation(self, orientation: str) -> None:
        self.mrmlSliceNode().SetOrientation(orientation)

    sliceOrientation = declared(str, lambda w: w.mrmlSliceNode().GetOrientation(), setSliceOrientation)
    sliceViewName = declared(str, lambda w: w.mrmlSliceNode().GetLayoutName())
    sliceViewLabel = declared(str, lambda w: w.mrmlSliceNode().GetLayoutLabel())


@standin
class qMRMLThreeDView(QWidget):
    """What a script sees of a rendered 3D view."""

    _values: dict
    _view: Any

    def __init__(self, view: Any) -> None:
        super().__init__()
        self._view = view

    def renderWindow(self) -> Any:
        return self._view.render_window()

    def interactor(self) -> Any:
        return self._view.interactor()

    def mrmlViewNode(self) -> Any:
        return self._view.get_view_node()

    def cameraNode(self) -> Any:
        return self._view.get_camera_node()

    def resetFocalPoint(self) -> None:
        self._view.reset_focal_point()

    def resetCamera(self, *_: Any) -> None:
        self._view.reset_camera()

    def forceRender(self) -> None:
        self._view.render()

    def scheduleRender(self) -> None:
        """The host renders when a picture is asked for."""


@standin
class qMRMLThreeDWidget(QWidget):
    """One 3D viewer."""

    _values: dict
    _view: Any
    _part: qMRMLThreeDView

    def __init__(self, name: str, application_logic: Any) -> None:
        super().__init__()
        self._view = _open(_ThreeD, name, application_logic)
        self._part = qMRMLThreeDView(self._view)
        self.resize(500, 500)

    def threeDView(self) -> qMRMLThreeDView:
        return self._part

    viewWidget = threeDView

    def mrmlViewNode(self) -> Any:
        return self._view.get_view_node()

    mrmlAbstractViewNode = mrmlViewNode

    def viewLogic(self) -> Any:
        return self._view.logic


@standin
class qSlicerLayoutManager(QObject):
    """Views by name on the real layout logic; a view's window opens when it is first asked for."""

    layoutChanged = Signal(int)
    _values: dict
    _application_logic: Any
    _logic: Any
    _slices: dict
    _volumes: dict
    _tags: list

    def __init__(self, application_logic: Any) -> None:
        super().__init__()
        self._application_logic = application_logic
        self._slices, self._volumes = {}, {}
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLScene(slicer.mrmlScene)
        node, scene = self._logic.GetLayoutNode(), slicer.mrmlScene
        self._tags = [
            (node, node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._on_layout)),
            (scene, scene.AddObserver(scene.EndCloseEvent, self._on_layout)),
        ]
        self.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
        for name in SLICE_NAMES:
            self.sliceWidget(name)
        self._on_layout()

    def _shown(self) -> set[str]:
        views = self._logic.GetViewNodes()
        return {views.GetItemAsObject(i).GetID() for i in range(views.GetNumberOfItems())}

    def _on_layout(self, *_: Any) -> None:
        shown = self._shown()
        for node in slicer.util.getNodesByClass("vtkMRMLAbstractViewNode"):
            node.SetMappedInLayout(node.GetID() in shown)
        arrangement = self._logic.GetLayoutNode().GetViewArrangement()
        if arrangement != State.of(self).get("arrangement"):
            State.of(self)["arrangement"] = arrangement
            self.layoutChanged.emit(arrangement)

    def _stop(self) -> None:
        for caller, tag in self._tags:
            caller.RemoveObserver(tag)

    def layoutLogic(self) -> Any:
        return self._logic

    def setLayout(self, layout: int) -> None:
        self._logic.GetLayoutNode().SetViewArrangement(layout)

    def sliceViewNames(self) -> list[str]:
        return [n.GetLayoutName() for n in slicer.util.getNodesByClass("vtkMRMLSliceNode")]

    def sliceWidget(self, name: str) -> Any:
        if name not in self._slices:
            if _view_node("vtkMRMLSliceNode", name) is None:
                return None
            self._slices[name] = qMRMLSliceWidget(name, self._application_logic)
        return self._slices[name]

    def threeDWidget(self, which: int | str) -> Any:
        nodes = slicer.util.getNodesByClass("vtkMRMLViewNode")
        names = [n.GetLayoutName() for n in nodes]
        name = names[which] if isinstance(which, int) and which < len(names) else which
        if name not in names:
            return None
        if name not in self._volumes:
            self._volumes[name] = qMRMLThreeDWidget(name, self._application_logic)
        return self._volumes[name]

    def mrmlSliceLogics(self) -> Any:
        return self._application_logic.GetSliceLogics()

    def mrmlScene(self) -> Any:
        return slicer.mrmlScene

    def resetSliceViews(self) -> None:
        for widget in self._slices.values():
            widget.fitSliceToBackground()

    def resetThreeDViews(self) -> None:
        for widget in self._volumes.values():
            widget.threeDView().resetFocalPoint()

    def pauseRender(self) -> None:
        """The host renders when a picture is asked for."""

    resumeRender = pauseRender

    layout = declared(int, lambda w: w._logic.GetLayoutNode().GetViewArrangement(), setLayout)
    threeDViewCount = declared(int, lambda w: len(slicer.util.getNodesByClass("vtkMRMLViewNode")))
    tableViewCount = declared(int, lambda w: 0)
    plotViewCount = declared(int, lambda w: 0)
