"""Take the pictures in docs/images: the Chest X-Ray panel and the slice view after a real read of the example.

Run ``python Testing/take_screenshots.py`` when panel, layers or the bundle that ships have changed, and look at them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "Testing"), str(ROOT / "Common")]

import host  # noqa: E402

host.start()

import slicer  # noqa: E402

from readingroom.errors import RefusedError  # noqa: E402

EXAMPLE = ROOT / "Common" / "readingroom" / "examples" / "chest-radiograph.dcm"  # NIH ChestX-ray14, free to show
IMAGES = ROOT / "docs" / "images"
READ_SECONDS = 300.0


def open_example() -> Any:
    """The example as the DICOM module would load it, shown in the slice views."""
    import pydicom
    import SimpleITK
    import vtk

    header = pydicom.dcmread(EXAMPLE, stop_before_pixels=True)
    host.provide_dicom_database({header.SOPInstanceUID: EXAMPLE})
    to_ras = vtk.vtkMatrix4x4()
    to_ras.SetElement(0, 0, -1)
    to_ras.SetElement(1, 1, -1)
    pixels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(EXAMPLE)))
    volume = slicer.util.addVolumeFromArray(pixels, to_ras, name=header.StudyDescription)
    volume.CreateDefaultDisplayNodes()
    volume.SetAttribute("DICOM.instanceUIDs", header.SOPInstanceUID)
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    return volume


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


def main() -> None:
    """Read the example and take the pictures."""
    IMAGES.mkdir(exist_ok=True)
    host.load_module(ROOT / "Common" / "ReadingRoomHome.py")
    host.load_module(ROOT / "ChestXRay" / "ChestXRay.py")
    open_example()
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
    host.wait_until(lambda: "…" not in home.panel.device.text)
    host.grab(home.parent, IMAGES / "reading-room.png", width=560)
    host.reset()


if __name__ == "__main__":
    main()
