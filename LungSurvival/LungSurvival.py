"""Slicer module "Lung Survival": risk of death over 24 months of a patient with lung cancer, from a chest CT."""

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


class LungSurvival(ScriptedLoadableModule):
    """What the module list shows."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Lung Survival")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification") + ".Reading Room"]
        parent.dependencies = ["ReadingRoomHome"]
        parent.contributors = ["ReadingRoom contributors"]
        parent.helpText = _(
            "Reads a chest CT of a patient with non-small-cell lung cancer: the risk of death over 24 months beside "
            "what clinical facts alone say, the weight of each slice, where on the heaviest ones the risk comes from, "
            "checks of how far it can be trusted, and a report."
        )
        parent.acknowledgementText = readingroom.RESEARCH_USE


class LungSurvivalWidget(ScriptedLoadableModuleWidget):
    """The panel that all modules of ReadingRoom share, asking this module's question."""

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from readingroom.desktop.panel import ReadingPanel
        from readingroom.desktop.scene_observer import SceneObserver

        self.logic = LungSurvivalLogic()
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


class LungSurvivalLogic(ScriptedLoadableModuleLogic):
    """Reading from scripts: ``LungSurvivalLogic().read(volumeNode)`` gives a `readingroom.reading.Reading`."""

    def __init__(self, client=None):
        ScriptedLoadableModuleLogic.__init__(self)
        from readingroom.desktop.logic import ReadingLogic

        self.reading = ReadingLogic("LungSurvival", "lung-survival", client)
        self.read = self.reading.read


class LungSurvivalTest(ScriptedLoadableModuleTest):
    """Reads a phantom with the bundle that ships and looks at the scene. No network, no downloads."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def test_PhantomIsReadAndShown(self):
        from readingroom.desktop import setup
        from readingroom.phantoms.lung_cancer_ct import lung_cancer_ct

        missing = setup.missing()
        if missing:
            return self.delayDisplay(setup.sentence(missing))
        phantom = lung_cancer_ct(1, ml=40.0, emphysema=0.1, shape=(32, 96, 120), spacing=(9.0, 3.2, 3.2))
        volume = slicer.util.addVolumeFromArray(phantom.pixels, name="Phantom")
        volume.SetSpacing(*reversed(phantom.spacing))
        volume.CreateDefaultDisplayNodes()
        logic = LungSurvivalLogic()
        try:
            reading = logic.read(volume, clinical={"age": 67, "stage": "IIIA"}, device="cpu", force=True)
        finally:
            logic.reading.stop()
        self.assertTrue(all(0 <= finding.probability <= 1 for finding in reading.findings))
        self.assertTrue({"right-lung", "left-lung"} <= {region.name for region in reading.regions})
        risks = next(curve.line.values for curve in reading.curves if curve.kind == "survival")
        self.assertEqual(sorted(risks), list(risks))
        self.assertIn("attention", [curve.name for curve in reading.curves])
        heatMap = slicer.util.arrayFromVolume(logic.reading.layers.nodes("heat map")[0])
        self.assertEqual((heatMap.shape, heatMap.min() >= 0, heatMap.max() <= 1), (phantom.pixels.shape, True, True))
        self.assertTrue((slicer.util.arrayFromVolume(volume) == phantom.pixels).all())
