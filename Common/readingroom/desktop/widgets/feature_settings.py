"""What is measured and how: image, segmentation, segments, signature, parameters, definitions, images, engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import ctk
import qt
from slicer.i18n import tr as _

from .image_types import ImageTypesView
from .segment_list import SegmentListView, SegmentRow
from .selector import fill, selector

if TYPE_CHECKING:
    from ..features.section import FeaturesSection


class FeatureSettingsView:
    """The selectors. ``section`` is told what a person chooses."""

    def __init__(self, section: FeaturesSection) -> None:
        self.widget = qt.QWidget()
        form = qt.QFormLayout(self.widget)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(qt.QFormLayout.AllNonFixedFieldsGrow)
        self.image = selector(_("Image to measure"), _("The gray values that are measured. Masks are put on its grid."))
        self.segmentation = selector(_("Segmentation"), _("Its segments are measured. It is not changed."))
        self.segments = SegmentListView(section.choose_segments)
        self.signature = selector(
            _("Signature"),
            _("A bundle that makes a score of the features, and knows how common each value is in its cohort."),
        )
        self.parameters = ctk.ctkPathLineEdit()
        self.parameters.nameFilters = [_("PyRadiomics parameters (*.yaml *.yml *.json)")]
        self.parameters.setAccessibleName(_("Parameter file"))
        self._parameters_tip = _("A parameter file of PyRadiomics. Empty: the 107 default features in 3D.")
        self._definitions_tip = _(
            "Where IBSI defines something in another way, by which of the two it is measured: kurtosis, axis lengths, "
            "bins, resampling, filters. IBSI has statistics and filters of its own as well."
        )
        self.definitions = selector(_("Definitions"), self._definitions_tip)
        fill(self.definitions, [("", _("PyRadiomics")), ("ibsi", _("IBSI"))], "", "")
        self.engine = selector(_("Engine"), _("Who measures. All give the same table."))
        self.again = qt.QCheckBox(_("Measure again when a segment is edited"))
        self.again.setToolTip(
            _(
                "A second after the last stroke in Segment Editor the edited segment is measured again, "
                "and its values stand beside those from before."
            )
        )
        self.again.setChecked(True)
        form.addRow(_("Image"), self.image)
        form.addRow(_("Segmentation"), self.segmentation)
        form.addRow(_("Segments"), self.segments.widget)
        form.addRow(_("Signature"), self.signature)
        form.addRow(_("Parameters"), self.parameters)
        form.addRow(_("Definitions"), self.definitions)
        self.image_types = ImageTypesView(section.choose_image_types)
        form.addRow(self.image_types.widget)
        self.engine_label = qt.QLabel(_("Engine"))
        form.addRow(self.engine_label, self.engine)
        form.addRow("", self.again)

        self.image.activated.connect(lambda *_args: section.choose_image(self.image.currentData or ""))
        self.segmentation.activated.connect(
            lambda *_args: section.choose_segmentation(self.segmentation.currentData or "")
        )
        self.signature.activated.connect(lambda *_args: section.choose_signature(self.signature.currentData or ""))
        self.parameters.currentPathChanged.connect(lambda path: section.choose_parameter_file(str(path)))
        self.definitions.activated.connect(
            lambda *_args: section.choose_definitions(bool(self.definitions.currentData))
        )
        self.engine.activated.connect(lambda *_args: section.choose_engine(self.engine.currentData))
        self.again.clicked.connect(lambda *_args: section.follow_edits())

    def show_nodes(
        self, images: Sequence[tuple[str, str]], image: str, segmentations: Sequence[tuple[str, str]], segmentation: str
    ) -> None:
        """List ``(node ID, name)`` pairs and select one of each."""
        fill(self.image, images, image, _("Load an image to begin"))
        fill(self.segmentation, segmentations, segmentation, _("Make a segmentation in Segment Editor, or load one"))

    def show_segments(self, rows: Sequence[SegmentRow]) -> None:
        """List the segments."""
        self.segments.show(rows)

    def show_signatures(self, bundles: Sequence[tuple[str, str]], chosen: str) -> None:
        """List ``(name, title)`` pairs and select one; none is a choice."""
        none = _("None: features alone")
        fill(self.signature, [("", none), *bundles] if bundles else [], chosen, _("No signature is installed"))

    def show_engines(self, engines: Mapping[str, str], chosen: str) -> None:
        """Offer the engines that are there; nothing when there is no choice."""
        fill(self.engine, list(engines.items()), chosen, "")
        self.engine.setVisible(len(engines) > 1)
        self.engine_label.setVisible(len(engines) > 1)

    def show_definitions(self, ibsi: bool, instead: str) -> None:
        """Whose definitions count; ``instead`` says why a person cannot choose them."""
        self.definitions.setCurrentIndex(int(ibsi))
        self.definitions.setEnabled(not instead)
        self.definitions.setToolTip(instead or self._definitions_tip)

    def show_parameters_possible(self, possible: bool) -> None:
        """A signature has its own parameters."""
        self.parameters.setEnabled(possible)
        own = _("The signature has its own parameters, and this file is not used.")
        self.parameters.setToolTip(self._parameters_tip if possible else own)

    def set_enabled(self, enabled: bool) -> None:
        """While segments are measured, nothing else can be chosen."""
        self.widget.setEnabled(enabled)
