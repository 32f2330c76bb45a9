"""Slicer module "Mammo Screen": cancer on the four views of a screening mammogram, and in which breast."""

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


class MammoScreen(ScriptedLoadableModule):
    """What the module list shows."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Mammo Screen")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification") + ".Reading Room"]
        parent.dependencies = ["ReadingRoomHome"]
        parent.contributors = ["ReadingRoom contributors"]
        parent.helpText = _(
            "Reads the four views of a screening mammogram, beside those of an earlier exam where there are any: the "
            "probability of cancer in each breast, the map behind the answer, what differs between the breasts, dense "
            "tissue, checks of how far it can be trusted, and a report."
        )
        parent.acknowledgementText = readingroom.RESEARCH_USE


class MammoScreenWidget(ScriptedLoadableModuleWidget):
    """The panel that all modules of ReadingRoom share, asking this module's question."""

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from readingroom.desktop.panel import ReadingPanel
        from readingroom.desktop.scene_observer import SceneObserver

        self.logic = MammoScreenLogic()
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


class MammoScreenLogic(ScriptedLoadableModuleLogic):
    """Reading from scripts: ``MammoScreenLogic().read(volumeNode)`` gives a `readingroom.reading.Reading`."""

    def __init__(self, client=None):
        ScriptedLoadableModuleLogic.__init__(self)
        from readingroom.desktop.logic import ReadingLogic

        self.reading = ReadingLogic("MammoScreen", "mammo-screen", client)
        self.read = self.reading.read


class MammoScreenTest(ScriptedLoadableModuleTest):
    """Reads a phantom with the bundle that ships and looks at the scene. No network, no downloads."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def test_PhantomIsReadAndShown(self):
        from readingroom.desktop import setup
        from readingroom.phantoms.mammogram import Lesion, four_views

        missing = setup.missing()
        if missing:
            return self.delayDisplay(setup.sentence(missing))
        mass = Lesion(depth=0.5, outer=0.1, upper=-0.2, radius=0.11, strength=1.6)
        views = four_views(1, left=[mass], rows=480, columns=384)
        volumes = {}
        for role, view in views.items():
            volumes[role] = slicer.util.addVolumeFromArray(view.gray[None], name=role)
            volumes[role].CreateDefaultDisplayNodes()
        logic = MammoScreenLogic()
        try:
            reading = logic.read(volumes, device="cpu", force=True)
        finally:
            logic.reading.stop()
        self.assertEqual(["left-breast", "right-breast", "either-breast"], [one.name for one in reading.findings])
        self.assertTrue(all(0 <= finding.probability <= 1 for finding in reading.findings))
        self.assertTrue(logic.reading.layers.nodes("heat map"))
        for role, view in views.items():
            self.assertTrue((slicer.util.arrayFromVolume(volumes[role])[0] == view.gray).all())
