"""Take the pictures in docs/images: the panels after real reads of the examples, features.

Run ``python Testing/take_screenshots.py`` when panel, layers or the bundle that ships have changed, and look at them;
with names of modules (``LiverHCC``) or ``Features``, only those are taken.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "Testing"), str(ROOT / "Common")]

import host  # noqa: E402

host.start()

import slicer  # noqa: E402
from scipy import ndimage  # noqa: E402

from readingroom.errors import RefusedError  # noqa: E402
from readingroom.phantoms.chest_ct import chest_ct  # noqa: E402

IMAGES = ROOT / "docs" / "images"
READ_SECONDS = 1200.0


def read(panel: Any) -> None:
    """Press Read, as a person does, and wait for the answer."""
    slicer.app.processEvents()
    host.click(panel.views.read.button)
    host.wait_until(lambda: panel.session.state != "working", READ_SECONDS)
    if isinstance(panel.session.error, RefusedError):
        host.click(panel.views.checks.read_anyway)
        host.wait_until(lambda: panel.session.state != "working", READ_SECONDS)
    if panel.session.error is not None:
        raise panel.session.error


def take_pasc_fibrosis() -> None:
    """PASC Fibrosis after the phantom was read, and beside its prior."""
    prior = host.open_sample("ReadingRoom", "Chest CT, earlier (phantom)")
    ct = host.open_sample("ReadingRoom", "Chest CT with fibrosis (phantom)")
    panel = host.open_module("PASCFibrosis").panel
    panel.selection.choose_image("ct", ct)
    read(panel)
    panel.parameters.exportFolder = "/reports"
    strip = [f"ReadingRoomStrip{place}" for place in range(1, 6)]
    for _ in range(2):  # the first picture gives the views their size, which the volume then fits into
        host.grab_desk(IMAGES / "pasc-fibrosis.png", (("Red", "Green"), strip), width=1500, height=960)
        _fit(panel)
    panel.selection.choose_image("prior-ct", prior)
    read(panel)
    pairs = (("Red", "ReadingRoomPriorAxial"), ("Green", "ReadingRoomPriorCoronal"))
    for _ in range(2):
        host.grab_desk(IMAGES / "pasc-fibrosis-prior.png", pairs, width=1500, height=960)
        _fit(panel)
    take_report(panel, IMAGES / "pasc-fibrosis-report.png")


def take_lung_survival() -> None:
    """Lung Survival after the phantom was read with what is known of the patient."""
    ct = host.open_sample("ReadingRoom", "Chest CT with a tumor (phantom)")
    panel = host.open_module("LungSurvival").panel
    panel.selection.choose_image("ct", ct)
    for name, text in (("age", "67"), ("stage", "Stage IIIA")):
        editor = panel.views.clinical.rows[name].editor
        if editor.inherits("QComboBox"):
            host.select(editor, text)
        else:
            host.type(editor, text)
            host.press(editor, "Return")
    read(panel)
    panel.parameters.exportFolder = "/reports"
    for _ in range(2):
        host.grab_desk(IMAGES / "lung-survival.png", (("Red", "Green"), "PlotView1"), width=1500, height=1300)
        _fit(panel)
    take_report(panel, IMAGES / "lung-survival-report.png")


def take_mammo_screen() -> None:
    """Mammo Screen after the four views of the phantom were read."""
    host.open_sample("ReadingRoom", "Mammography exam (phantom)")
    panel = host.open_module("MammoScreen").panel
    host.wait_until(lambda: len(panel.inputs.images) == 4)
    read(panel)
    panel.parameters.exportFolder = "/reports"
    for _ in range(2):  # the views have their size after the first one
        host.grab_desk(IMAGES / "mammo-screen.png", _hung(["right", "left"]), width=1500, height=1300)
        slicer.app.processEvents()
    take_report(panel, IMAGES / "mammo-screen-report.png")
    panel.session.forget()
    host.close_scene()
    for title in ("Mammography exam (phantom)", "Mammography exam, earlier (phantom)"):
        host.open_sample("ReadingRoom", title)
    panel = host.open_module("MammoScreen").panel
    host.wait_until(lambda: len(panel.inputs.images) == 8)
    read(panel)
    panel.parameters.exportFolder = "/reports"
    host.click(panel.views.heat_map.others["change"])
    views = _hung(["prior-right", "right", "left", "prior-left"])
    for _ in range(2):
        host.grab_desk(IMAGES / "mammo-screen-prior.png", views, width=1900, height=1100)
        slicer.app.processEvents()


def _hung(sides: list[str]) -> tuple[tuple[str, ...], ...]:
    """The views of an exam in rows."""
    return tuple(tuple(f"ReadingRoomHung-{side}-{view}" for side in sides) for view in ("cc", "mlo"))


def take_liver_hcc() -> None:
    """Liver HCC after the phantom was read inside its liver."""
    mr = host.open_sample("ReadingRoom", "Liver MR with a carcinoma (phantom)")
    (drawn,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    panel = host.open_module("LiverHCC").panel
    panel.selection.choose_image("mr", mr)
    panel.selection.choose_mask("liver", drawn, "liver")
    read(panel)
    drawn.GetDisplayNode().SetVisibility(False)  # the reading has the liver as a region of its own
    panel.parameters.exportFolder = "/reports"
    strip = [f"ReadingRoomStrip{place}" for place in range(1, 6)]
    for _ in range(2):
        host.grab_desk(IMAGES / "liver-hcc.png", (("Red", "Green"), strip), width=1700, height=960)
        _fit(panel)
    take_report(panel, IMAGES / "liver-hcc-report.png")
    for name, section in panel.views.sections.items():
        section.collapsed = name != "explained"
    panel.views.explained.speaking.selectRow(0)
    for _ in range(2):
        host.grab_desk(IMAGES / "liver-hcc-features.png", (("Red", "Green"),), width=1700, height=960)
        _fit(panel)


def take_report(panel: Any, path: Path) -> None:
    """The first page of the report on what was read, drawn by pdftoppm (poppler)."""
    with tempfile.TemporaryDirectory() as folder:
        panel.logic.start_report(Path(folder), ["pdf"], prevalence=panel.parameters.prevalence / 100)
        panel.session.wait()
        (page,) = panel.session.files
        subprocess.run(
            ["pdftoppm", "-r", "90", "-f", "1", "-singlefile", "-png", page, path.with_suffix("")], check=True
        )


def _fit(panel: Any) -> None:
    """Fit the volumes into their views, and go back to the slice that shows most."""
    panel.layout.show(panel.inputs.images)
    panel.display.arrange()
    panel.display.layers()
    panel.display.key_slice()


def take_features() -> None:
    """The section "Features" after the tumor of a phantom was measured, smoothed, and measured again."""
    volume, segmentation, tumor, mask = _segmented_phantom()
    home = host.open_module("ReadingRoomHome")
    section = home.panel.features
    home.panel.features_section.collapsed = False
    slicer.app.processEvents()
    host.click(section.views.run.button)
    host.wait_until(lambda: not section.work.is_working, READ_SECONDS)
    smoothed = ndimage.binary_opening(mask, iterations=2)
    slicer.util.updateSegmentBinaryLabelmapFromArray(smoothed.astype("uint8"), segmentation, tumor, volume)
    host.wait_until(lambda: section.work.results_of(segmentation).segment(tumor).before is not None, READ_SECONDS)
    host.select(section.views.table.segment, "Tumor")
    for part in (home.panel.readers, home.panel.setup, home.panel.bundles, home.panel.settings):
        part.widget.parentWidget().collapsed = True
    host.grab_desk(IMAGES / "features.png", width=1000, height=820)
    slicer.app.layoutManager().sliceWidget("Red").sliceLogic().FitSliceToBackground()
    host.grab_desk(IMAGES / "features.png", width=1000, height=820)

    _take_maps(section, volume, segmentation, tumor, mask)


def _take_maps(section: Any, volume: Any, segmentation: Any, tumor: str, mask: Any) -> None:
    """A map of a filtered image before and after the edit, with the image types that are chosen."""
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype("uint8"), segmentation, tumor, volume)
    section.choose_segments([tumor])
    types, maps = section.views.settings.image_types, section.maps.view
    types.widget.collapsed = maps.widget.collapsed = False
    for kind in ("LoG", "Wavelet"):
        host.click(types.boxes[kind])
    host.click(section.views.run.button)
    host.wait_until(lambda: not section.work.is_working, READ_SECONDS)
    host.select(maps.image, "Laplacian of Gaussian, 2 mm")
    host.select(maps.feature, "Entropy (firstorder)")
    host.click(maps.run.button)
    host.wait_until(lambda: not section.maps.work.is_working, READ_SECONDS)
    smoothed = ndimage.binary_opening(mask, iterations=2)
    slicer.util.updateSegmentBinaryLabelmapFromArray(smoothed.astype("uint8"), segmentation, tumor, volume)
    host.wait_until(lambda: len(section.maps.nodes.all()) == 3, READ_SECONDS)
    host.wait_until(lambda: not section.work.is_working, READ_SECONDS)
    for _ in range(2):
        host.grab_desk(IMAGES / "features-maps.png", width=1000, height=1300)
        slicer.app.layoutManager().sliceWidget("Red").sliceLogic().FitSliceToBackground()


def _segmented_phantom() -> tuple[Any, Any, str, Any]:
    """A chest CT phantom, its segmentation, and the tumor: ID of the segment and mask."""
    import vtk

    phantom = chest_ct((32, 192, 224), (2.5, 1.7, 1.7))
    to_ras = vtk.vtkMatrix4x4()
    for axis, value in enumerate((-1.7, -1.7, 2.5)):
        to_ras.SetElement(axis, axis, value)
    volume = slicer.util.addVolumeFromArray(phantom.pixels, to_ras, name="Chest CT (phantom)")
    volume.CreateDefaultDisplayNodes()
    volume.GetDisplayNode().AutoWindowLevelOff()
    volume.GetDisplayNode().SetWindowLevel(1500, -500)
    units = slicer.vtkCodedEntry()
    units.SetValueSchemeMeaning("[hnsf'U]", "UCUM", "Hounsfield unit")
    volume.SetVoxelValueUnits(units)
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Tumor and lungs")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.GetDisplayNode().SetOpacity2DFill(0.2)
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    regions = {
        "Tumor": (phantom.tumor, (0.95, 0.55, 0.2)),
        "Right lung": (phantom.right_lung, (0.35, 0.65, 0.9)),
        "Left lung": (phantom.left_lung, (0.45, 0.8, 0.6)),
    }
    keys = []
    for title, (mask, color) in regions.items():
        keys.append(segmentation.GetSegmentation().AddEmptySegment("", title, color))
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype("uint8"), segmentation, keys[-1], volume)
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    return volume, segmentation, keys[0], phantom.tumor


def take_chest_xray() -> None:
    """Chest X-Ray after the example was read, and the module Reading Room."""
    host.open_sample("ReadingRoom", "Chest radiograph")  # NIH ChestX-ray14, free to show
    panel = host.open_module("ChestXRay").panel
    read(panel)
    panel.parameters.exportFolder = "/reports"  # not the home folder of whoever runs this
    for _ in range(2):  # the first picture gives the view its size, which the radiograph then fits into
        host.grab_desk(IMAGES / "panel.png", width=1060, height=1030)
        slicer.app.layoutManager().sliceWidget("Red").sliceLogic().FitSliceToBackground()
    for _ in range(2):
        host.render_slice("Red", IMAGES / "slice-view.png", 700, 700)
        slicer.app.layoutManager().sliceWidget("Red").sliceLogic().FitSliceToBackground()
    home = host.open_module("ReadingRoomHome")
    home.panel.settings.folder.directory = "/bundles"
    host.wait_until(lambda: "…" not in home.panel.setup.device.text)
    host.grab(home.parent, IMAGES / "reading-room.png", width=560)


TAKEN = {
    "ChestXRay": take_chest_xray,
    "PASCFibrosis": take_pasc_fibrosis,
    "LungSurvival": take_lung_survival,
    "MammoScreen": take_mammo_screen,
    "LiverHCC": take_liver_hcc,
    "Features": take_features,
}


def main() -> None:
    """Read the examples and take the pictures."""
    IMAGES.mkdir(exist_ok=True)
    host.load_module(ROOT / "Common" / "ReadingRoomHome.py")
    for name in TAKEN:
        if name != "Features":
            host.load_module(ROOT / name / f"{name}.py")
    host.provide_dicom_database({})
    slicer.app.startupCompleted.emit()
    for name in sys.argv[1:] or TAKEN:
        TAKEN[name]()
        host.close_scene()
    host.reset()


if __name__ == "__main__":
    main()
