"""Which images are measured, the original and filtered ones: what a person chose, and how they are called."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slicer.i18n import tr as _

from ...errors import InputError
from ...radiomics import image_names
from ...radiomics.settings import IBSI_FILTERS, IMAGE_TYPES, from_parameters
from ...radiomics.wavelet import wavelets

ORIGINAL = "Original"
MOST_LEVELS = 3
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
    """

    chosen: tuple[str, ...] = (ORIGINAL,)
    sigma: tuple[float, ...] = (1.0, 2.0, 3.0)
    wavelet: str = "coif1"
    level: int = 1
    patterns: str = "uniform"
    degrees: int = 2

    def section(self) -> dict[str, dict[str, Any]]:
        """As the section ``imageType`` of PyRadiomics' parameters."""
        options: dict[str, dict[str, Any]] = {
            "LoG": {"sigma": list(self.sigma)},
            "Wavelet": {"wavelet": self.wavelet, "level": self.level},
            "LBP2D": {"lbp2DMethod": self.patterns},
            "LBP3D": {"lbp3DLevels": self.degrees},
        }
        return {kind: options.get(kind, {}) for kind in IMAGE_TYPES if kind in self.chosen}

    def added_to(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters with these image types, where they name none of their own."""
        if "imageType" in parameters or self.chosen == (ORIGINAL,):
            return dict(parameters)
        return {**parameters, "imageType": self.section()}

    def with_chosen(self, kind: str, on: bool) -> ImageTypes:
        """With one more or one less; in the order in which they are measured."""
        wanted = {*self.chosen, kind} if on else {*self.chosen} - {kind}
        return dataclasses.replace(self, chosen=tuple(each for each in IMAGE_TYPES if each in wanted))

    def to_json(self) -> str:
        """As text, to be kept."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ImageTypes:
        """What `to_json` gave; the default where it is no such text."""
        try:
            content: dict[str, Any] = json.loads(text)
            lists = {name: tuple(content[name]) for name in ("chosen", "sigma")}
            made = cls(**{**content, **lists})
            from_parameters({"imageType": dataclasses.replace(made, chosen=IMAGE_TYPES).section()})
        except (ValueError, TypeError, LookupError, InputError):
            return cls()
        known = made.wavelet in wavelets() and made.level <= MOST_LEVELS and set(made.chosen) <= set(IMAGE_TYPES)
        return made if known else cls()


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
        raise InputError(_("Sigma takes widths in mm, ten at most, such as 1, 2.5, 4."))
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
