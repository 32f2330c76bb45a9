"""`slicer.app.ioManager()`: reads and writes the files of panels with the real logics and storage nodes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer
from PySide6.QtCore import QObject, Signal

from .pythonqt import standin

_BY_ENDING = {
    (".mrml", ".mrb"): "SceneFile",
    (".seg.nrrd", ".seg.nhdr"): "SegmentationFile",
    (
        ".nrrd",
        ".nhdr",
        ".nii",
        ".nii.gz",
        ".mha",
        ".mhd",
        ".dcm",
        ".png",
        ".jpg",
        ".jpeg",
        ".tif",
        ".bmp",
    ): "VolumeFile",
    (".csv", ".tsv"): "TableFile",
    (".txt",): "TextFile",
    (".mrk.json", ".fcsv"): "MarkupsFile",
    (".ctbl",): "ColorTableFile",
}
_WRITERS = {
    "vtkMRMLSegmentationNode": "SegmentationFile",
    "vtkMRMLVolumeNode": "VolumeFile",
    "vtkMRMLTableNode": "TableFile",
    "vtkMRMLTextNode": "TextFile",
    "vtkMRMLMarkupsNode": "MarkupsFile",
    "vtkMRMLColorTableNode": "ColorTableFile",
}
_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")


def _as_nrrd(path: str) -> str:
    """A picture in a format that this wheel reads: it was built without ITK's readers of PNG, JPEG and TIFF."""
    import SimpleITK

    copy = str(Path(slicer.app.temporaryPath) / (Path(path).stem + ".nrrd"))
    SimpleITK.WriteImage(SimpleITK.ReadImage(path), copy)
    return copy


@standin
class qSlicerIOManager(QObject):
    """Loads and saves nodes and scenes."""

    newFileLoaded = Signal(object)
    fileSaved = Signal(object)

    def fileType(self, path: str) -> str:
        name = Path(path).name.lower()
        return next((kind for endings, kind in _BY_ENDING.items() if name.endswith(endings)), "NoFile")

    def fileWriterFileType(self, node: Any, _file_format: str = "") -> str:
        return next((kind for cls, kind in _WRITERS.items() if node.IsA(cls)), "NoFile")

    def loadNodes(self, kind: str, properties: dict[str, Any], nodes: Any = None, messages: Any = None) -> bool:
        path = str(properties["fileName"])
        readers: dict[str, Callable[[str, dict[str, Any]], Any]] = {
            "VolumeFile": self._load_volume,
            "SegmentationFile": self._load_segmentation,
            "TableFile": lambda p, _: slicer.modules.tables.logic().AddTable(p),
            "TextFile": lambda p, _: self._load_text(p),
            "MarkupsFile": lambda p, _: self._load_markups(p),
            "ColorTableFile": lambda p, _: slicer.modules.colors.logic().LoadColorFile(p),
        }
        if kind == "SceneFile":
            return self.loadScene(path, bool(properties.get("clear", False)))
        if kind not in readers or not Path(path).exists():
            return False
        node = readers[kind](path, properties)
        if node is None:
            return False
        if nodes is not None:
            nodes.AddItem(node)
        self.newFileLoaded.emit(dict(properties))
        return True

    def _load_volume(self, path: str, properties: dict[str, Any]) -> Any:
        name = properties.get("name") or Path(path).name.split(".")[0]
        label, center, single, auto = 1, 2, 4, 8
        options = auto if properties.get("autoWindowLevel", True) else 0
        for key, bit in (("labelmap", label), ("center", center), ("singleFile", single)):
            options |= bit if properties.get(key) else 0
        readable = _as_nrrd(path) if path.lower().endswith(_PICTURES) else path
        node = slicer.modules.volumes.logic().AddArchetypeVolume(readable, name, options)
        if node is not None and readable != path:
            node.GetStorageNode().SetFileName(path)
        if node is not None and properties.get("show", True):
            selection = slicer.app.applicationLogic().GetSelectionNode()
            if node.IsA("vtkMRMLLabelMapVolumeNode"):
                selection.SetActiveLabelVolumeID(node.GetID())
            else:
                selection.SetActiveVolumeID(node.GetID())
            slicer.app.applicationLogic().PropagateVolumeSelection()
        return node

    def _load_segmentation(self, path: str, properties: dict[str, Any]) -> Any:
        name = properties.get("name") or Path(path).name.split(".")[0]
        auto_opacities = True
        return slicer.modules.segmentations.logic().LoadSegmentationFromFile(path, auto_opacities, name)

    def _load_text(self, path: str) -> Any:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode", Path(path).stem)
        node.SetText(Path(path).read_text(encoding="utf-8"))
        return node

    def _load_markups(self, path: str) -> Any:
        node_id = slicer.modules.markups.logic().LoadMarkups(path, Path(path).name.split(".")[0])
        return slicer.mrmlScene.GetNodeByID(node_id.split(",")[0]) if node_id else None

    def saveNodes(self, kind: str, properties: dict[str, Any], messages: Any = None) -> bool:
        path = str(properties["fileName"])
        if kind == "SceneFile":
            return self.saveScene(path)
        node = slicer.mrmlScene.GetNodeByID(properties["nodeID"])
        if node is None or kind == "NoFile":
            return False
        return self._write(node, path, properties)

    def _write(self, node: Any, path: str, properties: dict[str, Any]) -> bool:
        storage = node.GetStorageNode()
        if storage is None:
            node.AddDefaultStorageNode(path)
            storage = node.GetStorageNode()
        storage.SetFileName(path)
        if "useCompression" in properties:
            storage.SetUseCompression(bool(properties["useCompression"]))
        written = bool(storage.WriteData(node))
        if written:
            self.fileSaved.emit(dict(properties))
        return written

    def exportNodes(
        self, ids: list[str], paths: list[str], properties: Any, harden: bool = False, messages: Any = None
    ) -> bool:
        if harden:
            msg = "The host does not harden transforms"
            raise NotImplementedError(msg)
        done = []
        for node_id, path in zip(ids, paths, strict=True):
            node = slicer.mrmlScene.GetNodeByID(node_id)
            storage = node.CreateDefaultStorageNode()
            storage.UnRegister(None)
            storage.SetFileName(str(path))
            done.append(bool(storage.WriteData(node)))
        return all(done)

    def fileWriterExtensions(self, node: Any) -> list[str]:
        storage = node.CreateDefaultStorageNode()
        storage.UnRegister(None)
        types = storage.GetSupportedWriteFileTypes()
        return [types.GetValue(i) for i in range(types.GetNumberOfValues())]

    def extractKnownExtension(self, path: str, node: Any = None) -> str:
        name = Path(path).name.lower()
        endings = [e for group in _BY_ENDING for e in group if name.endswith(e)]
        return max(endings, key=len, default=Path(path).suffix)

    def loadScene(self, path: str, clear: bool = True) -> bool:
        scene = slicer.mrmlScene
        if path.endswith(".mrb"):
            return bool(scene.ReadFromMRB(path, clear))
        scene.SetURL(path)
        return bool(scene.Connect() if clear else scene.Import())

    def saveScene(self, path: str, _thumbnail: Any = None) -> bool:
        scene = slicer.mrmlScene
        if path.endswith(".mrb"):
            return bool(scene.WriteToMRB(path))
        scene.SetURL(path)
        return bool(scene.Commit(path))
