"""What the images that are measured are called, as PyRadiomics calls them, before any is made."""

from __future__ import annotations

import itertools
import re
from typing import Any

from ..errors import InputError
from .settings import IMAGE_TYPES, Settings

_SIGMA = re.compile(r"log-sigma-(\d+)(-\d+)?-mm-3D")
_WAVELET = re.compile(r"wavelet(\d*)-[LH]{1,3}")
_PATTERNS = re.compile(r"lbp-3D-(?:m\d+|k)")


def names(kind: str, settings: Settings, flat: bool = False) -> list[str]:
    """The images of a type, in the order they are made; ``settings`` are those of the type.

    Parameters
    ----------
    flat : whether the image has two dimensions
    """
    if kind == "LoG":
        return [of_sigma(sigma) for sigma in settings.sigma]
    if kind == "Wavelet":
        letters = ["".join(each) for each in itertools.product("LH", repeat=3 - flat - settings.force_2d)]
        levels = ["wavelet", *(f"wavelet{level}" for level in range(2, settings.level + 1))]
        return [f"{level}-{each}" for level in levels for each in letters[1:]] + [f"{levels[-1]}-{letters[0]}"]
    if kind == "LBP2D":
        return ["lbp-2D"]
    if kind == "LBP3D":
        return [] if flat else [*(f"lbp-3D-m{level}" for level in range(1, settings.lbp_3d_levels + 1)), "lbp-3D-k"]
    return [kind.lower()]


def of_sigma(sigma: float) -> str:
    """A Laplacian of Gaussian; the name has 3D at its end in two dimensions as well."""
    return f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D"


def type_of(name: str) -> tuple[str, dict[str, Any]]:
    """The image type that has an image of this name, and the options that it takes to have it.

    Raises
    ------
    InputError : none can have
    """
    if found := _SIGMA.fullmatch(name):
        whole, fraction = found.groups()
        return "LoG", {"sigma": (float(f"{whole}.{fraction[1:]}") if fraction else int(whole),)}
    if found := _WAVELET.fullmatch(name):
        return "Wavelet", {"level": int(found[1] or 1)}
    if _PATTERNS.fullmatch(name):
        return "LBP3D", {"lbp_3d_levels": int(name[8:])} if name[7] == "m" else {}
    plain = {"lbp-2D": "LBP2D"} | {kind.lower(): kind for kind in IMAGE_TYPES}
    if name not in plain or plain[name] in ("LoG", "Wavelet", "LBP3D"):
        raise InputError(
            f"There is no image named '{name}'; names are such as original, log-sigma-2-0-mm-3D, wavelet-LLH, gradient."
        )
    return plain[name], {}
