"""The panel with a real worker process: read, cancel, crash, write."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
import slicer

import host
from readingroom.errors import EngineError, RefusedError


@pytest.fixture(scope="module")
def seconds():
    """How long a read may take where many share one processor; it is a few seconds elsewhere."""
    return 240.0


@pytest.fixture
def panel(working_panel):
    """These tests are about the worker process."""
    return working_panel


def workers() -> list[psutil.Process]:
    """The worker processes that this process started. What a worker starts bears its name for a moment, and is none."""
    return [child for child in psutil.Process().children() if "readingroom.engine.worker" in _command(child)]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:  # it ended in this moment, or nobody has asked yet how it did
        return []


def test_a_person_reads_overrules_judges_and_writes_a_report(panel, phantom, read, seconds, tmp_path):
    host.select(panel.views.study.device, "Processor (CPU)")
    read(panel, seconds)
    assert panel.session.state == "failed"  # a phantom is unlike every patient: a check advises to stop
    host.click(panel.views.checks.read_anyway)
    host.wait_until(lambda: panel.session.state != "working", seconds)
    assert panel.session.error is None
    assert len(panel.layers.nodes("heat map")) == 1
    row = panel.views.findings.rows["pneumonia"]
    host.wait_until(lambda: row.reject.visible and row.reject.height > 10)
    host.click(row.reject)
    panel.views.report.folder.directory = str(tmp_path)
    host.click(panel.views.report.export)
    host.wait_until(lambda: panel.session.state != "working", seconds)
    (folder,) = tmp_path.glob("chest-xray-*")
    assert {path.name for path in folder.iterdir()} == {"report.html", "report.pdf"}
    assert "rejected" in (folder / "report.html").read_text("utf-8")
    assert len(workers()) == 1  # one for all three


def test_a_radiograph_from_dicom_is_read_from_its_file_and_shown_before_its_answer_is_tested(panel, seconds):
    pydicom = pytest.importorskip("pydicom")
    import SimpleITK

    import readingroom

    path = Path(readingroom.__file__).parent / "examples" / "chest-radiograph.dcm"
    header = pydicom.dcmread(path, stop_before_pixels=True)
    host.provide_dicom_database({header.SOPInstanceUID: path})
    pixels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
    volume = slicer.util.addVolumeFromArray(pixels, name="Example")
    volume.CreateDefaultDisplayNodes()
    volume.SetAttribute("DICOM.instanceUIDs", header.SOPInstanceUID)
    slicer.app.processEvents()
    host.click(panel.views.read.button)
    host.wait_until(lambda: panel.session.is_testing, seconds)
    assert panel.reading.pending == ("lungs", "place of the map", "deletion curve")
    assert panel.layers.nodes("heat map")
    row = panel.views.findings.rows["pneumonia"]
    host.wait_until(lambda: row.probability.visible)
    assert panel.session.is_testing
    host.wait_until(lambda: panel.session.state != "working", seconds)
    assert panel.session.error is None
    assert panel.reading.pending == ()
    image = panel.reading.study.image("frontal")
    assert (image.path, image.modality, image.fact("ViewPosition")) == (path, "DX", "PA")
    heat = slicer.util.arrayFromVolume(panel.layers.nodes("heat map")[0])
    assert heat.shape == pixels.shape


def test_opening_the_panel_with_a_study_loads_the_network_and_the_read_uses_it(modules, phantom, seconds):
    panel = host.open_module("ChestXRay").panel
    (worker,) = workers()
    host.click(panel.views.read.button)  # while the network is still being loaded
    host.wait_until(lambda: panel.session.state != "working", seconds)
    assert isinstance(panel.session.error, RefusedError)  # the phantom is refused: this read came to its end
    assert workers() == [worker]


def test_cancel_ends_the_worker_and_the_next_read_starts_another(panel, phantom, seconds):
    slicer.app.processEvents()
    host.click(panel.views.read.button)
    host.wait_until(lambda: panel.views.read.sentence.text != "Starting …", seconds)
    (worker,) = workers()
    host.click(panel.views.read.button)
    host.wait_until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
    assert panel.session.state == "idle"
    host.click(panel.views.read.button)
    host.wait_until(lambda: panel.session.state != "working", seconds)
    assert panel.session.error is not None  # the phantom is refused: this read came to its end
    assert not isinstance(panel.session.error, EngineError)


def test_a_worker_that_is_killed_is_a_sentence_and_not_a_lost_session(panel, phantom, seconds):
    slicer.app.processEvents()
    host.click(panel.views.read.button)
    host.wait_until(lambda: panel.views.read.sentence.text != "Starting …", seconds)  # the network is loaded
    workers()[0].kill()
    host.wait_until(lambda: panel.session.state != "working", seconds)
    assert isinstance(panel.session.error, EngineError)
    assert panel.views.message.sentence.text.endswith("please try again.")
    assert panel.views.read.button.text == "Read"


def test_unloading_the_module_ends_its_worker(panel, phantom, seconds):
    slicer.app.processEvents()
    host.click(panel.views.read.button)
    host.wait_until(workers, seconds)
    slicer.modules.ChestXRayWidget.cleanup()
    host.wait_until(lambda: not workers())
