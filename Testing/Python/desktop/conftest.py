"""A running application, the Chest X-Ray panel in it, and a phantom to read."""

from __future__ import annotations

import json
import shutil
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK

pytest.importorskip("slicer", reason="the tests of the panels need the extra 'host'")
pytest.importorskip("PySide6", reason="the tests of the panels need the extra 'host'")

import host

host.start()  # from here on "import slicer, qt, ctk" works as inside Slicer

import qt  # noqa: E402
import slicer  # noqa: E402

from readingroom.engine.client import Advanced, Failed, Finished, Partial  # noqa: E402
from readingroom.engine.private_folder import PrivateFolder  # noqa: E402
from readingroom.errors import ReadingRoomError, RefusedError  # noqa: E402
from readingroom.phantoms.chest_radiograph import chest_radiograph  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]


def _load_modules() -> None:
    """Both modules, as Slicer loads them; `host.reset` unloads them as when it exits."""
    host.load_module(ROOT / "Common" / "ReadingRoomHome.py")
    host.load_module(ROOT / "ChestXRay" / "ChestXRay.py")


@pytest.fixture
def empty_scene(an_empty_scene, monkeypatch, tmp_path):
    """An empty scene, fresh settings, and no bundles but those that ship; slots that raise fail the test."""
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    return an_empty_scene


@pytest.fixture
def modules(empty_scene):
    """The modules Reading Room and Chest X-Ray, fresh for each test."""
    _load_modules()
    return slicer.modules


@pytest.fixture
def panel(modules, monkeypatch):
    """The open panel of Chest X-Ray in an empty scene; its worker is a `RecordedClient` that has loaded a network."""
    loaded = {"bundle": "cxr-nih-pneumonia", "device": "cpu"}
    monkeypatch.setattr("readingroom.engine.client.WorkerClient", lambda: RecordedClient(loaded))
    panel = host.open_module("ChestXRay").panel
    while panel.session._job._waits():  # until it has
        pass
    return panel


@pytest.fixture
def working_panel(modules):
    """The same with a worker process of its own."""
    return host.open_module("ChestXRay").panel


@pytest.fixture
def phantom(empty_scene):
    """A chest phantom as a volume node, shown in all slice views."""
    return _add_phantom()


@pytest.fixture
def add_phantom(empty_scene):
    """Adds further phantoms: ``add_phantom("Name")``."""
    return _add_phantom


def _add_phantom(name: str = "Phantom", rows: int = 192, columns: int = 160):
    """A chest phantom of 12 bits in an oblique-free geometry of 1.5 mm pixels, as Slicer loads radiographs."""
    import vtk

    to_ras = vtk.vtkMatrix4x4()
    for axis, value in enumerate((-1.5, -1.5, 1.0)):
        to_ras.SetElement(axis, axis, value)
    to_ras.SetElement(0, 3, 30.0)
    pixels = (4095 * chest_radiograph(rows, columns)[None]).astype("int16")
    volume = slicer.util.addVolumeFromArray(pixels, to_ras, name=name)
    volume.CreateDefaultDisplayNodes()
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    return volume


@pytest.fixture(scope="session")
def answer_of_the_worker(a_slicer_host, tmp_path_factory):
    """What a real worker process answered to the phantom: first refused, then read anyway. Recorded once."""
    folder = tmp_path_factory.mktemp("recorded") / "reading"
    _load_modules()
    from ChestXRay import ChestXRayLogic

    logic = ChestXRayLogic()
    volume = _add_phantom()
    try:
        with pytest.raises(RefusedError) as refused:
            logic.read(volume, device="cpu")
        reading = logic.read(volume, device="cpu", force=True)
        shutil.copytree(logic.reading.session.folder, folder)
    finally:
        logic.reading.stop()
        host.reset()
    return refused.value, {"folder": str(folder), "reading": reading.to_json()}


class RecordedClient:
    """Answers as a worker once did, so that a test of the panel need not wait for a network.

    ``answers`` are given one after the other, the last one again and again: an error, the value of the call, or a pair
    of values of which the first comes ahead of the end.
    """

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked: list[tuple[str, dict]] = []
        self._folder = PrivateFolder()
        self._events: list = []

    @property
    def folder(self) -> Path:
        return self._folder.path

    def start(self, name, arguments):
        self.asked.append((name, arguments))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        early, answer = answer if isinstance(answer, tuple) else (None, answer)
        end = Failed(answer) if isinstance(answer, ReadingRoomError) else Finished(answer)
        self._events = [[Advanced(0.5, "Half-way.")], [end]]
        if early is not None:
            self._events.insert(1, [Partial(early), Advanced(0.6, "Testing the map.")])
        return self

    def poll(self):
        return self._events.pop(0) if self._events else []

    def cancel(self):
        self._events = []

    def stop(self):
        self._folder.remove()


@pytest.fixture
def recorded_client():
    """The class itself, for tests without a panel."""
    return RecordedClient


@pytest.fixture
def answered(panel, answer_of_the_worker):
    """Make the panel's worker answer with these answers; without any, with the recorded reading."""
    own = panel.session.client

    def answer(*answers):
        panel.session.client = RecordedClient(*(answers or (answer_of_the_worker[1],)))
        return panel.session.client

    yield answer
    if panel.session.client is not own:
        panel.session.client.stop()
        panel.session.client = own


@pytest.fixture
def read_panel(panel, phantom, answered):
    """The panel after the phantom was read."""
    answered()
    _read(panel)
    return panel


@pytest.fixture
def read():
    """Presses Read and waits until the panel has the answer: ``read(panel)``."""
    return _read


def _read(panel, seconds: float = 10.0) -> None:
    slicer.app.processEvents()  # a volume that was just added is listed when the application is idle
    host.click(panel.views.read.button)
    host.wait_until(lambda: panel.session.state != "working", seconds)
    rows = panel.views.findings.rows.values() if panel.views.sections["findings"].visible else ()
    host.wait_until(lambda: all(row.accept.visible and row.accept.height > 10 for row in rows))  # laid out


@dataclass
class SegmentedCT:
    """A chest CT phantom in the scene with a segmentation of its tumor and left lung; a third segment is empty."""

    volume: Any
    segmentation: Any
    masks: dict[str, Any]  # boolean [k, j, i] by segment ID

    @property
    def tumor(self) -> str:
        """ID of the segment."""
        return next(iter(self.masks))

    def paint(self, key: str, mask) -> None:
        """Make the segment this mask, as Segment Editor does with a stroke."""
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype("uint8"), self.segmentation, key, self.volume)

    def erode(self, key: str) -> None:
        """Take the outermost voxels of a segment away."""
        from scipy import ndimage

        self.masks[key] = ndimage.binary_erosion(self.masks[key])
        self.paint(key, self.masks[key])


@pytest.fixture
def segmented_ct(empty_scene):
    """A `SegmentedCT`: tumor and lung overlap, as the lung is drawn with the tumor."""
    return _add_segmented_ct()


@pytest.fixture
def add_segmented_ct(empty_scene):
    """Adds further ones: ``add_segmented_ct("Name")``."""
    return _add_segmented_ct


def _add_segmented_ct(name: str = "Chest CT") -> SegmentedCT:
    import vtk

    from readingroom.phantoms.chest_ct import chest_ct

    phantom = chest_ct((16, 48, 60), (4.5, 6.0, 6.0))
    to_ras = vtk.vtkMatrix4x4()
    for axis, value in enumerate((-6.0, -6.0, 4.5)):
        to_ras.SetElement(axis, axis, value)
    volume = slicer.util.addVolumeFromArray(phantom.pixels, to_ras, name=name)
    volume.CreateDefaultDisplayNodes()
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"{name} segments")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    colors = {"Tumor": (0.9, 0.2, 0.2), "Lung": (0.3, 0.6, 0.9), "Nothing": (0.5, 0.5, 0.5)}
    inner = segmentation.GetSegmentation()
    tumor, lung, nothing = (inner.AddEmptySegment("", title, color) for title, color in colors.items())
    masks = {tumor: phantom.tumor, lung: phantom.left_lung | phantom.tumor, nothing: phantom.tumor & False}
    ct = SegmentedCT(volume, segmentation, masks)
    for key in (tumor, lung):
        ct.paint(key, masks[key])
    return ct


@pytest.fixture(scope="session")
def a_folder_of_one_bundle(tmp_path_factory):
    """With the bundle of the chest radiograph."""
    from readingroom.bundles import store

    folder = tmp_path_factory.mktemp("shipped")
    shutil.copytree(store.shipped_folder() / "cxr-nih-pneumonia", folder / "cxr-nih-pneumonia")
    return folder


@pytest.fixture
def one_bundle_ships(a_folder_of_one_bundle, monkeypatch):
    """As if the chest radiograph's bundle were the only one that ships."""
    from readingroom.bundles import store

    monkeypatch.setattr(store, "shipped_folder", lambda: a_folder_of_one_bundle)


@pytest.fixture
def extension(empty_scene, monkeypatch):
    """Installs SlicerRadiomics with one behavior; gives the list of commands that were started."""

    def install(behavior: str | BaseException = "") -> list[RadiomicsCommand]:
        commands: list[RadiomicsCommand] = []
        module = types.ModuleType("SlicerRadiomics")
        module.SlicerRadiomicsLogic = _radiomics_logic(behavior, commands)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "SlicerRadiomics", module)
        for name in ("slicerradiomics", "slicerradiomicscli"):
            monkeypatch.setattr(slicer.modules, name, object(), raising=False)
        return commands

    return install


class RadiomicsCommand:
    """The command line module of SlicerRadiomics while it runs."""

    def __init__(self) -> None:
        self.canceled = False

    def Cancel(self) -> None:  # noqa: N802
        self.canceled = True


def _radiomics_logic(behavior: str | BaseException, commands: list[RadiomicsCommand]) -> type:
    """`SlicerRadiomicsLogic`: returns at once, fills the table by PyRadiomics later, and calls back anyway."""

    class SlicerRadiomicsLogic:
        def runCLIWithParameterFile(self, image, mask, table, parameters, callback=None):  # noqa: N802
            self.cliNode = RadiomicsCommand()
            commands.append(self.cliNode)
            if isinstance(behavior, BaseException):
                raise behavior
            if behavior == "silent":
                return
            self._work = (image, mask, table, parameters, callback)
            qt.QTimer.singleShot(0, self._run)

        def _run(self) -> None:
            image, mask, table, parameters, callback = self._work
            if behavior != "empty":
                _fill_table(image, mask, table, parameters)
            if behavior == "incomplete":
                table.RemoveRow(table.GetNumberOfRows() - 1)
            self.cliNode = None
            callback()

    return SlicerRadiomicsLogic


def _fill_table(image_node, mask_node, table, parameters) -> None:
    extractor = pytest.importorskip("radiomics.featureextractor", reason="PyRadiomics is not installed")
    image, mask = (SimpleITK.GetImageFromArray(slicer.util.arrayFromVolume(node)) for node in (image_node, mask_node))
    for each in (image, mask):
        each.SetSpacing(image_node.GetSpacing())
    for name in ("Image type", "Feature Class", "Feature Name"):
        table.AddColumn().SetName(name)
    with open(parameters, encoding="utf-8") as file:
        measure = extractor.RadiomicsFeatureExtractor(json.load(file))
    for label in sorted(set(np.unique(slicer.util.arrayFromVolume(mask_node))) - {0}):
        column = table.AddColumn()
        column.SetName(f"{mask_node.GetName()}_label_{label}")
        for number, (name, value) in enumerate(measure.execute(image, mask, label=int(label)).items()):
            if table.GetNumberOfRows() <= number:
                row = table.AddEmptyRow()
                for place, part in enumerate(name.split("_", 2)):
                    table.SetCellText(row, place, part)
            column.SetValue(number, str(value))
