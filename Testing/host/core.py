"""The real half of the host: scene, application logic and module logics of the `slicer-core` wheel."""

from __future__ import annotations

import colorsys
from pathlib import Path
from typing import Any

import slicer
import trame_slicer
import vtk

# Module name as in `slicer.modules.<lower case>` -> class of its logic in the wheel.
LOGICS = {
    "Units": "vtkSlicerUnitsLogic",
    "Colors": "vtkSlicerColorLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Terminologies": "vtkSlicerTerminologiesModuleLogic",
    "Data": "vtkSlicerDataModuleLogic",
    "Cameras": "vtkSlicerCamerasModuleLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "Transforms": "vtkSlicerTransformLogic",
    "Models": "vtkSlicerModelsLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Texts": "vtkSlicerTextsLogic",
    "Plots": "vtkSlicerPlotsLogic",
    "Sequences": "vtkSlicerSequencesLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "ViewControllers": "vtkSlicerViewControllersLogic",
    "VolumeRendering": "vtkSlicerVolumeRenderingLogic",
    "CropVolume": "vtkSlicerCropVolumeLogic",
    "Reformat": "vtkSlicerReformatLogic",
}

# Color files of a Slicer installation that the wheel lacks: anchor colors of matplotlib's maps (CC0) and of a plain
# rainbow, in between interpolated. The real color logic then reads the files that the host writes.
_COLOR_FILES = {
    "Viridis": "440154 472d7b 3b528b 2c728e 21918c 28ae80 5ec962 addc30 fde725",
    "Plasma": "0d0887 4c02a1 7e03a8 aa2395 cc4778 e66c5c f89540 fdc527 f0f921",
    "Inferno": "000004 1b0c41 4a0c6b 781c6d a52c60 cf4446 ed6925 fb9b06 f7d13d fcffa4",
    "Magma": "000004 180f3d 440f76 721f81 9e2f7f cd4071 f1605d fd9668 feca8d fcfdbf",
    "ColdToHotRainbow": "0000ff 00ffff 00ff00 ffff00 ff0000",
}
_LABEL_FILES = ("GenericColors", "GenericAnatomyColors")


def share_folder(name: str) -> Path:
    """Terminologies and volume presets, which trame-slicer carries."""
    return Path(trame_slicer.__file__).parent / "resources" / ("terminologies" if name == "Terminologies" else "")


class Core:
    """Scene, application logic and module logics, wired as Slicer wires them at start."""

    def __init__(self, home: Path) -> None:
        self.scene = slicer.vtkMRMLScene()
        self.application_logic = slicer.vtkSlicerApplicationLogic()
        write_color_files(home / "share" / "ColorFiles")
        self.application_logic.SetHomeDirectory(str(home))
        self.application_logic.SetShareDirectory("share")  # below home
        self._add_crosshair()
        self.application_logic.SetMRMLScene(self.scene)
        self.application_logic.SetSliceLogics(vtk.vtkCollection())
        self.application_logic.SetViewLogics(vtk.vtkCollection())
        for factory in (
            slicer.vtkMRMLThreeDViewDisplayableManagerFactory,
            slicer.vtkMRMLSliceViewDisplayableManagerFactory,
        ):
            factory.GetInstance().SetMRMLApplicationLogic(self.application_logic)
        self.logics = {name: self._start_logic(name, getattr(slicer, kind)()) for name, kind in LOGICS.items()}
        self._start_remote_io(home)
        patient_right_is_screen_left = True
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(self.scene, patient_right_is_screen_left)

    def _add_crosshair(self) -> None:
        crosshair = slicer.vtkMRMLCrosshairNode()
        crosshair.SetCrosshairName("default")
        self.scene.AddNode(crosshair)

    def _start_logic(self, name: str, logic: Any) -> Any:
        # The folder first: terminologies are read when the scene is set.
        if hasattr(logic, "SetModuleShareDirectory"):
            logic.SetModuleShareDirectory(share_folder(name).as_posix())
        logic.SetMRMLApplicationLogic(self.application_logic)
        self.application_logic.SetModuleLogic(name, logic)
        logic.SetMRMLScene(self.scene)
        return logic

    def _start_remote_io(self, home: Path) -> None:
        """Scene bundles (.mrb) are unpacked in the cache folder of the remote IO logic."""
        cache = home / "cache"
        cache.mkdir()
        self.remote_io = slicer.vtkMRMLRemoteIOLogic()
        self.remote_io.SetMRMLScene(self.scene)
        self.remote_io.SetMRMLApplicationLogic(self.application_logic)
        self.remote_io.GetCacheManager().SetRemoteCacheDirectory(str(cache))
        self.data_io = slicer.vtkDataIOManagerLogic()
        self.data_io.SetMRMLApplicationLogic(self.application_logic)
        self.data_io.SetAndObserveDataIOManager(self.remote_io.GetDataIOManager())
        self.remote_io.AddDataIOToScene()


def write_color_files(folder: Path) -> None:
    """The color files by the names of an installation: 256 steps of each map, 32 labels apart in hue."""
    folder.mkdir(parents=True)
    for name, anchors in _COLOR_FILES.items():
        ramp = vtk.vtkColorTransferFunction()
        colors = [bytes.fromhex(anchor) for anchor in anchors.split()]
        for i, color in enumerate(colors):
            ramp.AddRGBPoint(i / (len(colors) - 1), *(c / 255 for c in color))
        rows = [(i, f"{name}_{i}", *ramp.GetColor(i / 255), 1.0) for i in range(256)]
        _write_colors(folder / f"{name}.txt", rows)
    for name in _LABEL_FILES:
        golden = 0.618  # neighbors in the table lie far apart on the color circle
        hues = [colorsys.hsv_to_rgb(i * golden % 1.0, 0.6, 0.9) for i in range(1, 32)]
        rows = [(0, "background", 0.0, 0.0, 0.0, 0.0)] + [(i, f"region_{i}", *h, 1.0) for i, h in enumerate(hues, 1)]
        _write_colors(folder / f"{name}.txt", rows)


def _write_colors(path: Path, rows: list[tuple]) -> None:
    lines = [" ".join([str(i), name, *(str(round(255 * v)) for v in rgba)]) for i, name, *rgba in rows]
    path.write_text(f"# {path.stem}\n" + "\n".join(lines) + "\n", encoding="utf-8")
