"""Slicer module "Reading Room": features of segments; what is installed and missing, the device, bundles, settings.

Its folder holds the package ``readingroom``; Slicer puts the folder of every module on ``sys.path``, so in a source
checkout the other modules find the package when this module is loaded.
"""

import sys
from pathlib import Path

import slicer
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
            "Measures features of segments, sets up Reading Room, and keeps its bundles, the trained models that its "
            "modules read with."
        )
        parent.acknowledgementText = readingroom.RESEARCH_USE
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData():
    """Offer the examples in the module Sample Data."""
    from readingroom.desktop import sample_data

    sample_data.register()


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
    """Looks at the set-up and the bundles that ship, and measures a phantom; installs nothing."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        self.setUp()
        self.test_SetUpAndBundlesAreTold()
        self.setUp()
        self.test_FeaturesAreMeasuredAgainAfterAnEdit()

    def test_SetUpAndBundlesAreTold(self):
        from readingroom.bundles import store
        from readingroom.desktop import setup

        self.assertTrue(setup.sentence(setup.missing()))
        self.assertIn("--no-index", setup.offline_instructions())
        shipped = [entry for entry in store.installed() if entry.shipped]
        self.assertTrue(shipped)
        self.assertEqual([entry.problem for entry in shipped], [""] * len(shipped))
        self.delayDisplay("Test passed")

    def test_FeaturesAreMeasuredAgainAfterAnEdit(self):
        from readingroom.desktop.features.section import FeaturesSection
        from readingroom.phantoms.chest_ct import chest_ct

        phantom = chest_ct()
        volume = slicer.util.addVolumeFromArray(phantom.pixels, name="Phantom")
        segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Segments")
        segmentation.CreateDefaultDisplayNodes()
        segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        tumor, lung = (segmentation.GetSegmentation().AddEmptySegment("", name) for name in ("Tumor", "Lung"))

        def paint(key, mask):
            slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype("uint8"), segmentation, key, volume)

        paint(tumor, phantom.tumor)
        paint(lung, phantom.tumor | phantom.left_lung)
        section = FeaturesSection("ReadingRoomHomeTest")
        try:
            section.enter()
            section.measure_or_cancel()
            self._wait(lambda: not section.work.is_working)
            self.assertIsNone(section.work.error)
            before = section.work.results_of(segmentation)
            self.assertEqual([len(one.now.features.values) for one in before.segments], [107, 107])
            smaller = phantom.tumor.copy()
            smaller[: len(smaller) // 2] = False
            paint(tumor, smaller)
            self._wait(lambda: section.work.results_of(segmentation).segment(tumor).before is not None)
            after = section.work.results_of(segmentation)
        finally:
            section.cleanup()
        voxels = "original_shape_VoxelVolume"  # the voxels of the phantom are of 1 mm here
        self.assertAlmostEqual(after.segment(tumor).before.value(voxels), phantom.tumor.sum())
        self.assertAlmostEqual(after.segment(tumor).now.value(voxels), smaller.sum())
        self.assertEqual(after.segment(lung), before.segment(lung))
        exported = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, lung, volume)
        self.assertEqual((exported > 0).sum(), (phantom.tumor | phantom.left_lung).sum())
        self.delayDisplay("Test passed")

    def _wait(self, over, seconds=120):
        import time

        end = time.monotonic() + seconds
        while not over():
            self.assertLess(time.monotonic(), end, "it takes too long")
            slicer.app.processEvents()
            time.sleep(0.01)
