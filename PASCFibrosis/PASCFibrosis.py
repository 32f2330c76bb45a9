"""Slicer module "PASC Fibrosis": lasting fibrotic change on a chest CT, where, how much, and what changed."""

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


class PASCFibrosis(ScriptedLoadableModule):
    """What the module list shows."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("PASC Fibrosis")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification") + ".Reading Room"]
        parent.dependencies = ["ReadingRoomHome"]
        parent.contributors = ["ReadingRoom contributors"]
        parent.helpText = _(
            "Reads a chest CT, beside a prior of the same patient where there is one: the probability of lasting "
            "fibrotic change, suspicious lung by zone, the map behind the answer, checks of how far it can be trusted, "
            "and a report."
        )
        parent.acknowledgementText = readingroom.RESEARCH_USE


class PASCFibrosisWidget(ScriptedLoadableModuleWidget):
    """The panel that all modules of ReadingRoom share, asking this module's question."""

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from readingroom.desktop.panel import ReadingPanel
        from readingroom.desktop.scene_observer import SceneObserver

        self.logic = PASCFibrosisLogic()
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


class PASCFibrosisLogic(ScriptedLoadableModuleLogic):
    """Reading from scripts: ``PASCFibrosisLogic().read(volumeNode)`` gives a `readingroom.reading.Reading`."""

    def __init__(self, client=None):
        ScriptedLoadableModuleLogic.__init__(self)
        from readingroom.desktop.logic import ReadingLogic

        self.reading = ReadingLogic("PASCFibrosis", "pasc-fibrosis", client)
        self.read = self.reading.read


class PASCFibrosisTest(ScriptedLoadableModuleTest):
    """Reads a phantom with the bundle that ships and looks at the scene. No network, no downloads."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def test_PhantomIsReadAndShown(self):
        from readingroom.desktop import setup
        from readingroom.phantoms.fibrosis_ct import fibrosis_ct

        missing = setup.missing()
        if missing:
            return self.delayDisplay(setup.sentence(missing))
        phantom = fibrosis_ct(1, ml=400.0, shape=(24, 96, 120), spacing=(12.0, 3.2, 3.2))
        volume = slicer.util.addVolumeFromArray(phantom.pixels, name="Phantom")
        volume.SetSpacing(*reversed(phantom.spacing))
        volume.CreateDefaultDisplayNodes()
        logic = PASCFibrosisLogic()
        try:
            reading = logic.read(volume, device="cpu", force=True)  # a phantom is unlike any patient
        finally:
            logic.reading.stop()
        self.assertTrue(all(0 <= finding.probability <= 1 for finding in reading.findings))
        self.assertTrue({"right-lung", "left-lung"} <= {region.name for region in reading.regions})
        heatMap = slicer.util.arrayFromVolume(logic.reading.layers.nodes("heat map")[0])
        self.assertEqual((heatMap.shape, heatMap.min() >= 0, heatMap.max() <= 1), (phantom.pixels.shape, True, True))
        self.assertTrue((slicer.util.arrayFromVolume(volume) == phantom.pixels).all())
