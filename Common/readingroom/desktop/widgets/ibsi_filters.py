"""The filters of IBSI among the image types, and what is chosen for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
from slicer.i18n import tr as _

from ...errors import InputError
from ..features.ibsi_filters import MOST_BANDS, kernels
from ..features.image_types import ImageTypes, sigma_text, sigmas, title_of
from .selector import fill, selector

_RIESZ = ((), (1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 0, 0), (0, 2, 0), (0, 0, 2), (1, 1, 0), (1, 0, 1), (0, 1, 1))
_OF_ALL = {  # which filters look at it
    "turned": ("Wavelet", "Laws", "Gabor"),
    "boundary": ("LoG", "Wavelet", "Mean", "Laws", "Gabor"),
    "riesz": ("LoG", "Simoncelli"),
}


class IbsiFiltersView:
    """Rows of a grid, there only where IBSI's definitions count.

    Parameters
    ----------
    change : called with the options of `IbsiOptions` that a person changed
    say : told in a sentence what cannot be used
    """

    def __init__(self, change: Callable[..., None], say: Callable[[str], None]) -> None:
        self._change, self._say = change, say
        self._types = ImageTypes()
        self.boxes = {kind: _box(kind) for kind in ("Mean", "Laws", "Gabor", "Simoncelli")}
        self.support = _count(_("Width of the mean"), _("Width: "), 3, 99, _(" voxels"))
        self.support.setSingleStep(2)
        self.kernels = _line(
            _("Kernels of Laws"),
            _("One kernel for each axis, x first, such as L5E5E5; each such word makes an image of its own."),
        )
        self.energy = _count(_("Window of the energy of Laws"), _("Energy: "), 0, 50)
        self.energy.setSpecialValueText(_("Response"))
        self.energy.setToolTip(
            _("How many voxels far the mean of absolute responses is taken; at 0 the response itself counts.")
        )
        self.sigma = _line(_("Sigma of Gabor"), _("Widths of the envelope in mm, each with each wavelength."))
        self.wavelength = _line(_("Wavelength of Gabor"), _("Wavelengths in mm, each with each sigma."))
        self.gamma = _decimal(
            _("Aspect of Gabor"), _("How much longer the envelope is along the waves than across them.")
        )
        self.bands = _count(_("Bands of Simoncelli"), _("Bands: "), 1, MOST_BANDS)
        self.bands.setToolTip(_("Of frequencies, an octave each, from the highest on."))
        self.turned = qt.QCheckBox(_("Rotation invariant"))
        self.turned.setToolTip(_("Wavelet, Laws and Gabor are pooled over their turns, as in the consensus of IBSI 2."))
        self.boundary = selector(_("Beyond the edges"), _("What filters see where the image ends."))
        self.riesz = selector(
            _("Riesz transform"),
            _("Of Laplacian of Gaussian and Simoncelli, in their place: along which axes. Takes the whole image."),
        )
        edges = (_("Mirrored"), _("Nearest voxel"), _("Zero"), _("Repeated"))
        names = ("mirror", "nearest", "zero", "periodic")
        fill(self.boundary, list(zip(names, edges, strict=True)), "mirror", "")
        fill(self.riesz, [(_key(order), _order(order)) for order in _RIESZ], "", "")
        self._rows = (
            (self.boxes["Mean"], (self.support,)),
            (self.boxes["Laws"], (self.kernels, self.energy)),
            (self.boxes["Gabor"], (qt.QLabel("σ"), self.sigma, qt.QLabel("λ"), self.wavelength, qt.QLabel(_("mm")))),
            (qt.QLabel(""), (self.gamma,)),
            (self.boxes["Simoncelli"], (self.bands,)),
            (_label(_("Beyond the edges"), self.boundary), (self.boundary,)),
            (_label(_("Riesz transform"), self.riesz), (self.riesz,)),
            (qt.QLabel(""), (self.turned,)),
        )
        self._connect()

    @property
    def order(self) -> list[Any]:
        """What the keyboard reaches, as a person sees it."""
        parts = [part for first, others in self._rows for part in (first, *others)]
        return [part for part in parts if not isinstance(part, qt.QLabel)]

    def lay_out(self, grid: Any, row: int) -> None:
        """Put the rows into a grid of two columns, from this row on."""
        for number, (first, others) in enumerate(self._rows, start=row):
            grid.addWidget(first, number, 0)
            line = qt.QHBoxLayout()
            for part in others:
                line.addWidget(part, 0 if isinstance(part, qt.QLabel) or part is self.energy else 1)
            grid.addLayout(line, number, 1)

    def show(self, types: ImageTypes, possible: bool) -> None:
        """Draw what is chosen."""
        self._types, options = types, types.filters
        for part in (part for first, others in self._rows for part in (first, *others)):
            part.setVisible(types.ibsi)
        for editor, kinds in self._editors:
            editor.setEnabled(possible and bool({*kinds} & {*types.counted}))
        for line, text in (
            (self.kernels, ", ".join(options.kernels)),
            (self.sigma, sigma_text(options.sigma)),
            (self.wavelength, sigma_text(options.wavelength)),
        ):
            if not line.hasFocus():
                line.setText(text)
        for spin, value in (
            (self.support, options.support),
            (self.energy, options.energy),
            (self.gamma, options.gamma),
            (self.bands, options.bands),
        ):
            blocked = spin.blockSignals(True)
            spin.setValue(value)
            spin.blockSignals(blocked)
        self.turned.setChecked(options.turned)
        self.boundary.setCurrentIndex(self.boundary.findData(options.boundary))
        self.riesz.setCurrentIndex(self.riesz.findData(_key(options.riesz)))

    def _connect(self) -> None:
        self._editors = (
            (self.support, ("Mean",)),
            (self.kernels, ("Laws",)),
            (self.energy, ("Laws",)),
            (self.sigma, ("Gabor",)),
            (self.wavelength, ("Gabor",)),
            (self.gamma, ("Gabor",)),
            (self.bands, ("Simoncelli",)),
            *((getattr(self, name), kinds) for name, kinds in _OF_ALL.items()),
        )
        self.support.valueChanged.connect(lambda *_args: self._change(support=int(self.support.value) | 1))
        self.energy.valueChanged.connect(lambda *_args: self._change(energy=int(self.energy.value)))
        self.gamma.valueChanged.connect(lambda *_args: self._change(gamma=round(float(self.gamma.value), 2)))
        self.bands.valueChanged.connect(lambda *_args: self._change(bands=int(self.bands.value)))
        self.kernels.editingFinished.connect(lambda *_args: self._read("kernels", kernels, ", ".join))
        self.sigma.editingFinished.connect(lambda *_args: self._read("sigma", sigmas, sigma_text))
        self.wavelength.editingFinished.connect(lambda *_args: self._read("wavelength", sigmas, sigma_text))
        self.turned.clicked.connect(lambda *_args: self._change(turned=bool(self.turned.isChecked())))
        self.boundary.activated.connect(lambda *_args: self._change(boundary=self.boundary.currentData))
        self.riesz.activated.connect(lambda *_args: self._change(riesz=_RIESZ[self.riesz.currentIndex]))

    def _read(self, name: str, read: Callable[[str], Any], text_of: Callable[[Any], str]) -> None:
        """Take what was typed; where it is nothing of use, say so and go back to what was there."""
        line = getattr(self, name)
        try:
            found = read(str(line.text))
        except InputError as error:
            line.setText(text_of(getattr(self._types.filters, name)))
            self._say(str(error))
            return
        line.setText(text_of(found))
        self._change(**{name: found})


def _box(kind: str) -> Any:
    tips = {
        "Mean": _("Each voxel is the mean of those around it."),
        "Laws": _("Level (L), edges (E), spots (S), waves (W) and ripples (R) along the axes, and their energy."),
        "Gabor": _("Waves of a wavelength and a direction, in planes."),
        "Simoncelli": _("Bands of frequencies, whatever their direction. Takes the whole image, and memory for it."),
    }
    box = qt.QCheckBox(title_of(kind))
    box.setToolTip(tips[kind])
    return box


def _line(name: str, tip: str) -> Any:
    line = qt.QLineEdit()
    line.setAccessibleName(name)
    line.setToolTip(tip)
    return line


def _count(name: str, prefix: str, least: int, most: int, suffix: str = "") -> Any:
    spin = qt.QSpinBox()
    spin.setRange(least, most)
    spin.setPrefix(prefix)
    spin.setSuffix(suffix)
    spin.setAccessibleName(name)
    spin.setToolTip(name)
    return spin


def _decimal(name: str, tip: str) -> Any:
    spin = qt.QDoubleSpinBox()
    spin.setRange(0.1, 10)
    spin.setSingleStep(0.5)
    spin.setPrefix(_("Aspect: "))
    spin.setAccessibleName(name)
    spin.setToolTip(tip)
    return spin


def _label(text: str, buddy: Any) -> Any:
    label = qt.QLabel(text)
    label.setBuddy(buddy)
    return label


def _key(order: tuple[int, ...]) -> str:
    return ",".join(map(str, order))


def _order(order: tuple[int, ...]) -> str:
    """``x`` for (1, 0, 0), ``x y`` for (1, 1, 0), ``x x`` for (2, 0, 0)."""
    axes = " ".join(axis for axis, times in zip("xyz", order, strict=False) for _time in range(times))
    return _("Along {axes}").format(axes=axes) if order else _("None")
