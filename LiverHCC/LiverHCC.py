"""Slicer module "Liver HCC": hepatocellular carcinoma on liver MR, where, and on which part the answer rests."""

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


class LiverHCC(ScriptedLoadableModule):
    """What the module list shows."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Liver HCC")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification") + ".Reading Room"]
        parent.dependencies = ["ReadingRoomHome"]
        parent.contributors = ["ReadingRoom contributors"]
        parent.helpText = _(
            "Reads an MR of the liver: the probability of hepatocellular carcinoma, suspicious liver, the map behind "
            "the answer, what the answer would be without each part of the liver, checks of how far it can be trusted, "
            "and a report."
        )
        parent.acknowledgementText = readingroom.RESEARCH_USE


class LiverHCCWidget(ScriptedLoadableModuleWidget):
    """The panel that all modules of ReadingRoom share, asking this module's question."""

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from readingroom.desktop.panel import ReadingPanel
        from readingroom.desktop.scene_observer import SceneObserver

        self.logic = LiverHCCLogic()
        self.panel = ReadingPanel(self.logic.reading, features=True)
        self.layout.addWidget(self.panel.widget)
        self.sceneObserver = SceneObserver(self.panel, self.logic.getParameterNode, lambda: self.parent.isEntered)

    def enter(self):
        self.sceneObserver.enter()

    def exit(self):
        self.sceneObserver.exit()

    def cleanup(self):
        self.sceneObserver.cleanup()
        self.logic.reading.stop()


class LiverHCCLogic(ScriptedLoadableModuleLogic):
    """Reading from scripts: ``LiverHCCLogic().read(volumeNode, ...)`` gives a `readingroom.reading.Reading`."""

    def __init__(self, client=None):
        ScriptedLoadableModuleLogic.__init__(self)
        from readingroom.desktop.logic import ReadingLogic

        self.reading = ReadingLogic("LiverHCC", "liver-hcc", client)
        self.read = self.reading.read


class LiverHCCTest(ScriptedLoadableModuleTest):
    """Reads a phantom with the bundle that ships and looks at the scene. No network, no downloads."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def test_PhantomIsReadAndShown(self):
        from readingroom.desktop import setup
        from readingroom.phantoms.abdomen_mr import abdomen_mr

        missing = setup.missing()
        if missing:
            return self.delayDisplay(setup.sentence(missing))
        phantom = abdomen_mr(1, nodules_ml=60.0, shape=(30, 80, 104), spacing=(8.0, 4.0, 4.0))
        volume = slicer.util.addVolumeFromArray(phantom.pixels, name="Phantom")
        volume.SetSpacing(*reversed(phantom.spacing))
        volume.CreateDefaultDisplayNodes()
        segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Liver")
        segmentation.CreateDefaultDisplayNodes()
        segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        liver = segmentation.GetSegmentation().AddEmptySegment("", "Liver")
        slicer.util.updateSegmentBinaryLabelmapFromArray(phantom.liver.astype("uint8"), segmentation, liver, volume)
        logic = LiverHCCLogic()
        try:
            reading = logic.read(volume, masks={"liver": (segmentation, liver)}, device="cpu", force=True)
        finally:
            logic.reading.stop()
        self.assertTrue(all(0 <= finding.probability <= 1 for finding in reading.findings))
        self.assertIn("liver", [region.name for region in reading.regions])
        self.assertIn("wedge-1-upper-without", [measurement.name for measurement in reading.measurements])
        heatMap = slicer.util.arrayFromVolume(logic.reading.layers.nodes("heat map")[0])
        self.assertEqual((heatMap.shape, heatMap.min() >= 0, heatMap.max() <= 1), (phantom.pixels.shape, True, True))
        self.assertTrue((slicer.util.arrayFromVolume(volume) == phantom.pixels).all())
