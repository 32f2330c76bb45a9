"""What is read: an image for each role, a segment for each mask, the bundle that answers, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import ctk
import qt
import slicer
from slicer.i18n import tr as _

from ...readers.base import Reader
from ...readers.description import ImageRole, MaskRole
from .labels import hint, sentence
from .selector import fill, selector

if TYPE_CHECKING:
    from ..inputs import Inputs
    from ..selection import Selection


_MOST_MASKS = 4  # that stand among the other selectors


class StudyView:
    """Selectors for images, masks, bundle and device, a button for the next study, and the choice of the layout.

    Parameters
    ----------
    reader : its roles decide which selectors there are
    next_keys : named in the tooltip of the button
    selection : told what a person chooses
    """

    def __init__(self, reader: Reader, next_keys: str, selection: Selection) -> None:
        self._selection = selection
        self._drawing = False
        self._roles = reader.images
        self._hangs = bool(reader.hanging)
        self.widget = qt.QWidget()
        form = qt.QFormLayout(self.widget)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(qt.QFormLayout.AllNonFixedFieldsGrow)
        first = None if reader.is_exam else reader.images[0]  # the views of an exam find their places by their headers
        self.images = {role.name: self._image_selector(role, role is first) for role in reader.images}
        self.priors: dict[str, Any] = {}  # what is to be said of each prior
        self.next = qt.QToolButton()
        self.next.setText(_("Next"))
        self.next.setToolTip(_("Show the next study ({keys}).").format(keys=next_keys))
        self.next.setAccessibleName(_("Next study"))
        for role in reader.images:
            row = qt.QHBoxLayout()
            row.addWidget(self.images[role.name], 1)
            if role is reader.images[0]:
                row.addWidget(self.next)
            form.addRow(role.title if reader.is_exam else _image_title(role), row)
            if role.prior_of:
                self.priors[role.name] = sentence()
                self.priors[role.name].setVisible(False)
                form.addRow("", self.priors[role.name])
        self.masks: dict[str, Any] = {}
        self.grow: dict[str, Any] = {}  # buttons
        self._image_of_mask = {mask.name: mask.image for mask in reader.masks}
        offered = [mask for mask in reader.masks if "scene" in mask.sources]
        hints = ["" if mask.required else _mask_hint(mask) for mask in offered]
        rows = form
        if len(offered) > _MOST_MASKS:  # two for each view of an exam: one line until they are wanted
            section = ctk.ctkCollapsibleButton()
            section.text = _("Masks")
            rows = qt.QFormLayout(section)
            rows.setFieldGrowthPolicy(qt.QFormLayout.AllNonFixedFieldsGrow)
            form.addRow(section)
        for place, mask in enumerate(offered):
            self.masks[mask.name] = self._mask_selector(mask)
            row = qt.QHBoxLayout()
            row.addWidget(self.masks[mask.name], 1)
            if mask.grown_from_a_point:
                self.grow[mask.name] = self._grow_button(mask)
                row.addWidget(self.grow[mask.name])
            rows.addRow(mask.title, row)
            if hints[place] and hints[place] not in hints[place + 1 :]:  # once, below all that it is true of
                rows.addRow("", hint(hints[place]))
        if rows is not form:
            section.collapsed = True  # once it has all that it hides

        self.bundle = selector(_("Bundle"), _("The trained model that answers. More in the module Reading Room."))
        form.addRow(_("Bundle"), self.bundle)
        self.use = hint()
        self.use.setWordWrap(True)
        form.addRow("", self.use)
        self.device = selector(_("Device"), _("Where the network runs. Automatic takes a GPU when there is one."))
        for name, title in device_titles().items():
            self.device.addItem(title, name)
        form.addRow(_("Device"), self.device)
        self.layout = qt.QCheckBox(_("Reading layout"))
        self.layout.setToolTip(
            _("Arrange the views for reading while this module is open; your own layout comes back after it.")
        )
        self.options: dict[str, Any] = {}
        for option in reader.options:
            box = self.options[option.name] = qt.QCheckBox(_(option.title))
            box.setToolTip(_(option.help))
            form.addRow("", box)
        row = qt.QHBoxLayout()
        row.addWidget(self.layout)
        self.linked = qt.QCheckBox(_("Linked views"))
        self.linked.setToolTip(
            _("All views are zoomed and moved together, toward the nipple on both sides.")
            if reader.hanging
            else _("A volume and its prior scroll together. To line them up anew: unlink, scroll one, link them again.")
        )
        self.linked.setChecked(True)
        self.linked.setVisible(
            bool(reader.hanging) or any(role.prior_of and role.dimensions == 3 for role in reader.images)
        )
        row.addWidget(self.linked)
        row.addStretch(1)
        form.addRow("", row)
        self.window = selector(
            _("Window"), _("The window that the images are shown in while this module is open; yours comes back.")
        )
        titles = list(dict.fromkeys(window.title for role in reader.images for window in role.windows))
        for title in titles:
            self.window.addItem(_("{title} window").format(title=_(title)), title)
        self.window.addItem(_("Your own window"), "")
        if titles:
            form.addRow(_("Window"), self.window)

        # "activated" comes as a number or as a text, depending on the Qt binding: ask the selector instead.
        self.bundle.activated.connect(lambda *_args: selection.choose_bundle(self.bundle.currentData or ""))
        self.device.activated.connect(lambda *_args: selection.choose_device(self.device.currentData or "auto"))
        for box in self.options.values():
            box.clicked.connect(lambda *_args: selection.choose_options(self._ticked()))
        self.next.clicked.connect(lambda *_args: selection.next_study())
        self.linked.clicked.connect(lambda *_args: selection.link(self.linked.isChecked()))
        self.window.activated.connect(lambda *_args: selection.use_window(self.window.currentData or ""))
        self.layout.clicked.connect(lambda *_args: selection.use_layout(self.layout.isChecked()))

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """What selectors do inside is not a person's choice: they follow the nodes of the scene by themselves."""
        self._drawing = True
        try:
            yield
        finally:
            self._drawing = False

    def show_inputs(self, inputs: Inputs, hidden: Sequence[str]) -> None:
        """Draw what is chosen; ``hidden`` are IDs of nodes that are not offered."""
        with self.drawing():
            for role, combo in self.images.items():
                offered = combo.sortFilterProxyModel()
                if list(offered.hiddenNodeIDs) != list(hidden):
                    offered.hiddenNodeIDs = list(hidden)
                combo.setCurrentNode(inputs.image(role))
            prior = any(role.prior_of and inputs.image(role.name) is not None for role in self._roles)
            self.linked.setEnabled(prior or self._hangs)
            for role, chooser in self.masks.items():
                choice = inputs.mask(role)
                chooser.setCurrentNode(choice.segmentation if choice is not None else None)
                chooser.setCurrentSegmentID(choice.segment_id if choice is not None else "")
        self.next.setEnabled(self._selection.has_next)

    def show_growing(self, placing: str, inputs: Inputs) -> None:
        """Press the button of the mask that a click is waited for; none where that is empty, or there is no image."""
        for name, button in self.grow.items():
            button.setChecked(name == placing)
            button.setEnabled(inputs.image(self._image_of_mask[name]) is not None)

    def show_priors(self, sentences: Mapping[str, str]) -> None:
        """Say what is to be known of each prior, by role: what is true of several once, below the last of them."""
        last = {text: role for role, text in sentences.items()}
        for role, text in sentences.items():
            self.priors[role].setText(text)
            self.priors[role].setVisible(bool(text) and last[text] == role)

    def show_bundles(self, bundles: Sequence[tuple[str, str]], chosen: str, use: str) -> None:
        """List ``(name, title)`` pairs and select one; ``use`` says whom it is for."""
        fill(self.bundle, bundles, chosen, _("No bundle is installed"))
        self.use.setText(use)
        self.use.setVisible(bool(use))

    def show_device(self, device: str) -> None:
        """Select a device."""
        self.device.setCurrentIndex(self.device.findData(device))

    def show_options(self, names: Sequence[str]) -> None:
        """Tick what is asked of the reader."""
        for name, box in self.options.items():
            box.setChecked(name in names)

    def _ticked(self) -> list[str]:
        return [name for name, box in self.options.items() if box.isChecked()]

    def show_layout(self, used: bool) -> None:
        """Tick the reading layout, or not."""
        self.layout.setChecked(used)

    def show_window(self, title: str) -> None:
        """Select the window that the images are shown in."""
        self.window.setCurrentIndex(self.window.findData(title))

    def set_enabled(self, enabled: bool) -> None:
        """While a study is read, another cannot be chosen."""
        self.widget.setEnabled(enabled)

    def cleanup(self) -> None:
        """Let go of the scene: a selector that outlives it can crash Slicer at its exit."""
        for chooser in (*self.images.values(), *self.masks.values()):
            chooser.setMRMLScene(None)

    def _image_selector(self, role: ImageRole, is_first: bool) -> Any:
        combo = slicer.qMRMLNodeComboBox()
        combo.nodeTypes = ["vtkMRMLScalarVolumeNode"]
        combo.hideChildNodeTypes = ["vtkMRMLLabelMapVolumeNode"]
        combo.addEnabled = False
        combo.removeEnabled = False
        combo.renameEnabled = False
        combo.noneEnabled = not is_first  # Slicer takes the first image there is, which fits one role at most
        combo.noneDisplay = _("Choose an image") if role.required else _("None")
        combo.setMRMLScene(slicer.mrmlScene)
        combo.setAccessibleName(role.title)
        combo.setToolTip(_image_tip(role))
        combo.nodeActivated.connect(lambda *_args: self._selection.choose_image(role.name, combo.currentNode()))
        combo.currentNodeChanged.connect(lambda *_args: self._image_came(role.name, combo))
        return combo

    def _image_came(self, role: str, combo: Any) -> None:
        """Slicer selected an image by itself: the first one that was loaded, or the next when one was removed."""
        if not self._drawing:
            self._selection.image_came(role, combo.currentNode())

    def _mask_selector(self, role: MaskRole) -> Any:
        chooser = slicer.qMRMLSegmentSelectorWidget()
        chooser.noneEnabled = True
        chooser.editEnabled = False
        chooser.setMRMLScene(slicer.mrmlScene)
        for box in (chooser, *slicer.util.findChildren(chooser, className="QComboBox")):  # the keyboard is in these
            box.setAccessibleName(role.title)
        chooser.setToolTip(_("A segment of the scene; it is brought onto the grid of the image and not changed."))

        def chosen(*_args: Any) -> None:
            if not self._drawing:
                self._selection.choose_mask(role.name, chooser.currentNode(), chooser.currentSegmentID())

        chooser.currentNodeChanged.connect(chosen)
        chooser.currentSegmentChanged.connect(chosen)
        return chooser

    def _grow_button(self, role: MaskRole) -> Any:
        button = qt.QToolButton()
        button.setText(_("Grow from one click"))
        button.setCheckable(True)
        button.setAccessibleName(_("Grow '{mask}' from one click").format(mask=role.title))
        button.setToolTip(
            _("Click inside it in a slice view: a first guess is grown as a new segment, for you to correct.")
        )
        button.clicked.connect(lambda *_args: self._selection.grow_mask(role.name))
        return button


def device_titles() -> dict[str, str]:
    """Titles of the devices by name."""
    return {"auto": _("Automatic"), "cuda": _("NVIDIA GPU"), "mps": _("Apple GPU"), "cpu": _("Processor (CPU)")}


def _image_title(role: ImageRole) -> str:
    return role.title if role.required else _("{title} (optional)").format(title=role.title)


def _image_tip(role: ImageRole) -> str:
    if role.dimensions == 2:
        return _("The image to read. DICOM is read from its file, any other image as its window displays it.")
    return (
        _("The volume to read.") if not role.prior_of else _("An earlier volume of the same patient, to compare with.")
    )


def _mask_hint(role: MaskRole) -> str:
    if role.help:
        return _(role.help)
    return _("Found automatically when none is chosen.") if "automatic" in role.sources else _("May be left out.")
