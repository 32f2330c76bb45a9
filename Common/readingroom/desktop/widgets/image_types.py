"""The image types that are measured: a check box each, and beside it the few options that matter."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import ctk
import qt
from slicer.i18n import tr as _

from ...errors import InputError
from ...radiomics.binary_patterns import METHODS
from ...radiomics.settings import IMAGE_TYPES
from ...radiomics.wavelet import wavelets
from ..features.image_types import MOST_LEVELS, ImageTypes, image_title, sigma_text, sigmas, title_of
from .ibsi_filters import IbsiFiltersView
from .labels import sentence
from .selector import fill, selector


class ImageTypesView:
    """The check boxes. ``on_chosen`` is called with the types and their options when a person changes any."""

    def __init__(self, on_chosen: Callable[[ImageTypes], None]) -> None:
        self._on_chosen = on_chosen
        self._types = ImageTypes()
        self.widget = ctk.ctkCollapsibleButton()
        self.widget.collapsed = True
        self.ibsi = IbsiFiltersView(self._change_filters, self._say)
        self.boxes = {kind: _box(kind) for kind in IMAGE_TYPES} | self.ibsi.boxes
        self.sigma = qt.QLineEdit()
        self.sigma.setAccessibleName(_("Widths of the Laplacian of Gaussian"))
        self.sigma.setToolTip(_("Widths in mm, each of which makes an image of its own."))
        self.wavelet = selector(_("Which wavelet"), _("Each level makes eight images, or seven where another follows."))
        self.level = _count(_("Levels of the wavelet"), MOST_LEVELS)
        self.patterns = selector(
            _("How patterns in planes are told apart"),
            _("ror and uniform: whatever way they are turned. var: how much neighbors differ from one another."),
        )
        self.degrees = _count(_("Levels of the patterns in space"), MOST_LEVELS)
        self.sentence = sentence()
        fill(self.wavelet, [(name, name) for name in wavelets()], self._types.wavelet, "")
        fill(self.patterns, [(name, name) for name in METHODS], self._types.patterns, "")
        self._lay_out()
        for kind, box in self.boxes.items():
            box.clicked.connect(lambda *_args, kind=kind: self._check(kind))
        self.sigma.editingFinished.connect(lambda *_args: self._change_sigma())
        self.wavelet.activated.connect(lambda *_args: self._change(wavelet=self.wavelet.currentData))
        self.level.valueChanged.connect(lambda *_args: self._change(level=int(self.level.value)))
        self.patterns.activated.connect(lambda *_args: self._change(patterns=self.patterns.currentData))
        self.degrees.valueChanged.connect(lambda *_args: self._change(degrees=int(self.degrees.value)))
        self.show(self._types, "", ())

    def show(self, types: ImageTypes, instead: str, images: Sequence[str]) -> None:
        """Draw what is chosen and the names of the images that it makes; ``instead`` says why it does not count."""
        if types != self._types:
            self.sentence.setText("")
        self._types = types
        for kind, box in self.boxes.items():
            box.setChecked(kind in types.counted)
        for editor, kind in self._editors:
            editor.setEnabled(kind in types.counted and not instead)
        self.ibsi.show(types, not instead)
        for box in self.boxes.values():
            box.setEnabled(not instead)
        if not self.sigma.hasFocus():
            self.sigma.setText(sigma_text(types.sigma))
        for spin, value in ((self.level, types.level), (self.degrees, types.degrees)):
            blocked = spin.blockSignals(True)
            spin.setValue(value)
            spin.blockSignals(blocked)
        for combo, name in ((self.wavelet, types.wavelet), (self.patterns, types.patterns)):
            combo.setCurrentIndex(combo.findData(name))
        self.widget.text = _title(images)
        self.widget.setToolTip(
            instead or _("Features are measured in the original and in each filtered image that is checked.")
        )
        if instead:
            self.sentence.setText(instead)
        self.sentence.setVisible(bool(self.sentence.text))

    def _lay_out(self) -> None:
        self._editors = (
            (self.sigma, "LoG"),
            (self.wavelet, "Wavelet"),
            (self.level, "Wavelet"),
            (self.patterns, "LBP2D"),
            (self.degrees, "LBP3D"),
        )
        column = qt.QVBoxLayout(self.widget)
        grid = qt.QGridLayout()
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        with_options = ("LoG", "Wavelet", "LBP2D", "LBP3D")
        plain = [kind for kind in IMAGE_TYPES if kind not in with_options]
        for index, kind in enumerate(plain):
            grid.addWidget(self.boxes[kind], index // 2, index % 2)
        for row, kind in enumerate(with_options, start=(len(plain) + 1) // 2):
            grid.addWidget(self.boxes[kind], row, 0)
            line = qt.QHBoxLayout()
            for editor, of in self._editors:
                if of == kind:
                    line.addWidget(editor, 0 if editor is self.level else 1)
            if kind == "LoG":
                line.addWidget(qt.QLabel(_("mm")))
            grid.addLayout(line, row, 1)
        self.ibsi.lay_out(grid, grid.rowCount())
        column.addWidget(self.sentence)
        beside = {kind: [editor for editor, of in self._editors if of == kind] for kind in IMAGE_TYPES}
        order = [part for kind in (*plain, *with_options) for part in (self.boxes[kind], *beside[kind])]
        for before, after in itertools.pairwise(
            [*order, *self.ibsi.order]
        ):  # as a person sees them, not as they were made
            qt.QWidget.setTabOrder(before, after)

    def _check(self, kind: str) -> None:
        wanted = self._types.with_chosen(kind, bool(self.boxes[kind].isChecked()))
        if not wanted.counted:
            self.boxes[kind].setChecked(True)
            self._say(_("At least one image is measured."))
            return
        self._say("")
        self._on_chosen(wanted)

    def _change_sigma(self) -> None:
        try:
            found = sigmas(str(self.sigma.text))
        except InputError as error:
            self.sigma.setText(sigma_text(self._types.sigma))
            self._say(str(error))
            return
        self.sigma.setText(sigma_text(found))
        self._change(sigma=found)

    def _change(self, **options: Any) -> None:
        changed = dataclasses.replace(self._types, **options)
        if changed != self._types:
            self._say("")
            self._on_chosen(changed)

    def _change_filters(self, **options: Any) -> None:
        self._change(filters=dataclasses.replace(self._types.filters, **options))

    def _say(self, text: str) -> None:
        self.sentence.setText(text)
        self.sentence.setVisible(bool(text))


def _title(images: Sequence[str]) -> str:
    """What the folded part says."""
    if len(images) == 1:
        return _("Image types: {image}").format(image=image_title(images[0]))
    return _("Image types: {n} images").format(n=len(images))


def _box(kind: str) -> Any:
    tips = {
        "Original": _("The image as it is."),
        "LoG": _("Edges and blobs of the given widths."),
        "Wavelet": _("Coarse (L) and fine (H) structure along each axis."),
        "Square": _("Values squared: contrast among the large ones."),
        "SquareRoot": _("Roots of the values: contrast among the small ones."),
        "Logarithm": _("Logarithms of the values: contrast among the small ones."),
        "Exponential": _("Exponentials of the values: contrast among the large ones."),
        "Gradient": _("How steeply values change."),
        "LBP2D": _("Which of the neighbors in the plane are brighter."),
        "LBP3D": _("Which of the neighbors around a voxel are brighter."),
    }
    box = qt.QCheckBox(title_of(kind))
    box.setToolTip(tips[kind])
    return box


def _count(name: str, most: int) -> Any:
    spin = qt.QSpinBox()
    spin.setRange(1, most)
    spin.setPrefix(_("Levels: "))
    spin.setAccessibleName(name)
    spin.setToolTip(name)
    return spin
