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
    """Shows the views of a phantom in the layout. No bundle comes with this module yet, so that nothing is read."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def test_PhantomIsShownInItsViews(self):
        from readingroom.desktop import setup
        from readingroom.phantoms.mammogram import four_views

        missing = setup.missing()
        if missing:
            return self.delayDisplay(setup.sentence(missing))
        logic = MammoScreenLogic()
        try:
            roles = [role.name for role in logic.reading.reader.images]
            for role, view in four_views(1).items():
                self.assertIn(role, roles)
                volume = slicer.util.addVolumeFromArray(view.gray[None], name=role)
                volume.CreateDefaultDisplayNodes()
                self.assertTrue((slicer.util.arrayFromVolume(volume)[0] == view.gray).all())
        finally:
            logic.reading.stop()
