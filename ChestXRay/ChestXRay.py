"""Slicer module "Chest X-Ray": what a frontal chest radiograph shows, where, and how far that can be trusted."""

import sys
from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

try:
    import readingroom
except ImportError:  # a source checkout: the package lies in the neighboring folder
    sys.path.append(str(Path(__file__).resolve().parent.parent / "Common"))
    import readingroom


class ChestXRay(ScriptedLoadableModule):
    """What the module list shows."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Chest X-Ray")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification") + ".Reading Room"]
        parent.dependencies = ["ReadingRoomHome"]
        parent.contributors = ["ReadingRoom contributors"]
        parent.helpText = _(
            "Reads a frontal chest radiograph: findings with calibrated probabilities, the heat map behind them, "
            "checks of how far they can be trusted, and a report."
        )
        parent.acknowledgementText = readingroom.RESEARCH_USE


class ChestXRayWidget(ScriptedLoadableModuleWidget):
    """The panel that all modules of ReadingRoom share, asking this module's question."""

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from readingroom.desktop.panel import ReadingPanel
        from readingroom.desktop.scene_observer import SceneObserver

        self.logic = ChestXRayLogic()
        self.panel = ReadingPanel(self.logic.reading)
        self.layout.addWidget(self.panel.widget)
        self.sceneObserver = SceneObserver(self.panel, self.logic.getParameterNode, lambda: self.parent.isEntered)

    def enter(self):
        self.sceneObserver.enter()

    def exit(self):
        self.sceneObserver.exit()

    def cleanup(self):
        self.sceneObserver.cleanup()
        self.logic.reading.stop()


class ChestXRayLogic(ScriptedLoadableModuleLogic):
    """Reading from scripts: ``ChestXRayLogic().read(volumeNode)`` gives a `readingroom.reading.Reading`."""

    def __init__(self, client=None):
        ScriptedLoadableModuleLogic.__init__(self)
        from readingroom.desktop.logic import ReadingLogic

        self.reading = ReadingLogic("ChestXRay", "chest-xray", client)
        self.read = self.reading.read


class ChestXRayTest(ScriptedLoadableModuleTest):
    """Reads a phantom with the bundle that ships and looks at the scene. No network, no downloads."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def test_PhantomIsReadAndShown(self):
        import numpy as np

        from readingroom.desktop import setup
        from readingroom.phantoms.chest_radiograph import chest_radiograph

        missing = setup.missing()
        if missing:
            return self.delayDisplay(setup.sentence(missing))
        pixels = (4095 * chest_radiograph()[None]).astype("int16")
        # In RAS the columns of the picture run to the patient's left and its rows to the feet.
        upright = np.array([[-1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
        volume = slicer.util.addVolumeFromArray(pixels, ijkToRAS=upright, name="Phantom")
        volume.CreateDefaultDisplayNodes()
        logic = ChestXRayLogic()
        try:
            reading = logic.read(volume, device="cpu", force=True)  # a phantom is unlike any patient
        finally:
            logic.reading.stop()
        self.assertTrue(all(0 <= finding.probability <= 1 for finding in reading.findings))
        heatMap = slicer.util.arrayFromVolume(logic.reading.layers.nodes("heat map")[0])
        self.assertEqual((heatMap.shape, heatMap.min() >= 0, heatMap.max() <= 1), (pixels.shape, True, True))
        self.assertTrue(logic.reading.layers.nodes("segmentation")[0].GetSegmentation().GetNumberOfSegments())
        self.assertTrue((slicer.util.arrayFromVolume(volume) == pixels).all())
