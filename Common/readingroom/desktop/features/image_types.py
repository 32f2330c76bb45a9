"""Which images are measured, the original and filtered ones: what a person chose, and how they are called."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slicer.i18n import tr as _

from ...errors import InputError
from ...radiomics import image_names
from ...radiomics.settings import IBSI_FILTERS, IMAGE_TYPES, from_parameters
from ...radiomics.wavelet import wavelets
from .ibsi_filters import MOST_BANDS, IbsiOptions

ORIGINAL = "Original"
MOST_LEVELS = 3
KINDS = (*IMAGE_TYPES, *IBSI_FILTERS)
_MOST_SIGMAS = 10


@dataclass(frozen=True)
class ImageTypes:
    """The chosen image types, and the options of all, so that a type that is chosen again has those from before.

    Parameters
    ----------
    sigma : of the Laplacian of Gaussian, mm
    wavelet, level : of the wavelets: which, and how many decompositions
    patterns : lbp2DMethod of the local binary patterns in planes
    degrees : lbp3DLevels of those in space
    ibsi : whether IBSI's definitions count, which have filters of their own
    filters : their options
    """

    chosen: tuple[str, ...] = (ORIGINAL,)
    sigma: tuple[float, ...] = (1.0, 2.0, 3.0)
    wavelet: str = "coif1"
    level: int = 1
    patterns: str = "uniform"
    degrees: int = 2
    ibsi: bool = False
    filters: IbsiOptions = field(default_factory=IbsiOptions)

    @property
    def counted(self) -> tuple[str, ...]:
        """Those of the chosen types that the definitions have."""
        return tuple(kind for kind in self.chosen if self.ibsi or kind not in IBSI_FILTERS)

    def section(self) -> dict[str, dict[str, Any]]:
        """As the section ``imageType`` of PyRadiomics' parameters."""
        options: dict[str, dict[str, Any]] = {
            "LoG": {"sigma": list(self.sigma)},
            "Wavelet": {"wavelet": self.wavelet, "level": self.level},
            "LBP2D": {"lbp2DMethod": self.patterns},
            "LBP3D": {"lbp3DLevels": self.degrees},
        }
        of_ibsi = self.filters.of if self.ibsi else lambda kind: {}
        return {kind: {**options.get(kind, {}), **of_ibsi(kind)} for kind in self.counted}

    def added_to(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters with these definitions and image types, where they name none of their own."""
        types, found = self.with_definitions(definitions_of(parameters)), dict(parameters)
        if types.ibsi:
            found["setting"] = {**(parameters.get("setting") or {}), "ibsi": True}
        if "imageType" not in parameters and types.counted != (ORIGINAL,):
            found["imageType"] = types.section()
        return found

    def with_definitions(self, ibsi: bool | None) -> ImageTypes:
        """With the definitions of IBSI or those of PyRadiomics, or, for None, as it is; an image is always left."""
        changed = self if ibsi is None else dataclasses.replace(self, ibsi=ibsi)
        return changed if changed.counted else changed.with_chosen(ORIGINAL, True)

    def with_chosen(self, kind: str, on: bool) -> ImageTypes:
        """With one more or one less; in the order in which they are measured."""
        wanted = {*self.chosen, kind} if on else {*self.chosen} - {kind}
        return dataclasses.replace(self, chosen=tuple(each for each in KINDS if each in wanted))

    def to_json(self) -> str:
        """As text, to be kept."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ImageTypes:
        """What `to_json` gave; the default where it is no such text."""
        try:
            content: dict[str, Any] = json.loads(text)
            lists = {name: tuple(content[name]) for name in ("chosen", "sigma")}
            made = cls(**{**content, **lists, "filters": IbsiOptions.from_dict(content.get("filters", {}))})
            everything = dataclasses.replace(made, chosen=KINDS, ibsi=True)
            settings = from_parameters(everything.added_to({}))
            for kind in KINDS:
                settings.of_image_type(kind)  # which looks at its options
        except (ValueError, TypeError, LookupError, AttributeError, InputError):
            return cls()
        known = made.wavelet in wavelets() and set(made.chosen) <= set(KINDS) and isinstance(made.ibsi, bool)
        return made if known and made.level <= MOST_LEVELS and made.filters.bands <= MOST_BANDS else cls()


def definitions_of(parameters: Mapping[str, Any]) -> bool | None:
    """Whether parameters ask for IBSI's definitions; None where they say nothing of it."""
    value = (parameters.get("setting") or {}).get("ibsi")
    return None if value is None else bool(value)


def sigmas(text: str) -> tuple[float, ...]:
    """Widths that a person typed: ``1, 2.5 4``.

    Raises
    ------
    InputError : it says something else
    """
    words = re.split(r"[\s,;]+", text.strip(" \t,;"))
    try:
        found = tuple(dict.fromkeys(float(word) for word in words))
    except ValueError:
        found = ()
    if not found or len(found) > _MOST_SIGMAS or not all(math.isfinite(each) and 0 < each <= 1000 for each in found):
        raise InputError(_("Widths are numbers in mm, ten at most, such as 1, 2.5, 4."))
    return found


def sigma_text(widths: tuple[float, ...]) -> str:
    """``1, 2.5, 4``."""
    return ", ".join(f"{each:g}" for each in widths)


def images_of(parameters: Mapping[str, Any]) -> list[str]:
    """The names of the images that parameters ask for; none where they cannot be used."""
    try:
        settings = from_parameters(parameters)
    except InputError:
        return []
    kinds = settings.image_types
    return [name for kind in kinds for name in image_names.names(kind, settings.of_image_type(kind))]


def title_of(kind: str) -> str:
    """What an image type is called."""
    titles = {
        "Original": _("Original"),
        "LoG": _("Laplacian of Gaussian"),
        "Wavelet": _("Wavelet"),
        "Square": _("Square"),
        "SquareRoot": _("Square root"),
        "Logarithm": _("Logarithm"),
        "Exponential": _("Exponential"),
        "Gradient": _("Gradient"),
        "LBP2D": _("Local binary patterns, 2D"),
        "LBP3D": _("Local binary patterns, 3D"),
        "Mean": _("Mean"),
    }
    return titles.get(kind, kind)


def image_title(image: str) -> str:
    """``Wavelet LLH`` for ``wavelet-LLH``; a name that nobody here gave stays as it is."""
    try:
        kind, options = image_names.type_of(image)
    except InputError:
        return image
    if "riesz_order" in options:
        order = ", ".join(str(each) for each in options["riesz_order"])
        return _("{image}, Riesz transform {order}").format(image=image_title(image.split("-", 4)[4]), order=order)
    rest = image.rpartition("-")[2]
    if kind == "LoG":
        return _("{type}, {sigma} mm").format(type=title_of(kind), sigma=f"{options['sigma'][0]:g}")
    if kind == "Wavelet" and options["level"] > 1:
        return _("Wavelet {letters}, level {level}").format(letters=rest, level=options["level"])
    if kind == "Wavelet":
        return _("Wavelet {letters}").format(letters=rest)
    if kind == "LBP3D":
        which = _("kurtosis") if rest == "k" else _("level {n}").format(n=rest[1:])
        return _("{type}, {which}").format(type=title_of(kind), which=which)
    if kind in IBSI_FILTERS:
        said = re.sub(r"(\d)-(\d)", r"\1.\2", image).replace("-", " ")
        return said[:1].upper() + said[1:]
    return title_of(kind)
