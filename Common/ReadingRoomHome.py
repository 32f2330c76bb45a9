"""Slicer module "Reading Room": what is installed and what is missing, the device, the bundles, the settings.

Its folder holds the package ``readingroom``; Slicer puts the folder of every module on ``sys.path``, so in a source
checkout the other modules find the package when this module is loaded.
"""

import sys
from pathlib import Path

from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

try:
    import readingroom
except ImportError:
    sys.path.append(str(Path(__file__).resolve().parent))
    import readingroom


class ReadingRoomHome(ScriptedLoadableModule):
    """What the module list shows."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Reading Room")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification") + ".Reading Room"]
        parent.contributors = ["ReadingRoom contributors"]
        parent.helpText = _(
            "Sets up Reading Room and keeps its bundles, the trained models that its modules read with."
        )
        parent.acknowledgementText = readingroom.RESEARCH_USE


class ReadingRoomHomeWidget(ScriptedLoadableModuleWidget):
    """Shows the home panel."""

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from readingroom.desktop.home_panel import HomePanel

        self.panel = HomePanel()
        self.layout.addWidget(self.panel.widget)

    def enter(self):
        self.panel.enter()

    def cleanup(self):
        self.panel.cleanup()


class ReadingRoomHomeTest(ScriptedLoadableModuleTest):
    """Looks at the set-up and the bundles that ship; installs nothing."""

    def runTest(self):
        self.test_SetUpAndBundlesAreTold()

    def test_SetUpAndBundlesAreTold(self):
        from readingroom.bundles import store
        from readingroom.desktop import setup

        self.assertTrue(setup.sentence(setup.missing()))
        self.assertIn("--no-index", setup.offline_instructions())
        shipped = [entry for entry in store.installed() if entry.shipped]
        self.assertTrue(shipped)
        self.assertEqual([entry.problem for entry in shipped], [""] * len(shipped))
        self.delayDisplay("Test passed")
