"""What the images that are measured are called, as PyRadiomics calls them, before any is made."""

from __future__ import annotations

import itertools
import re
from typing import Any

from ..errors import InputError
from .settings import IMAGE_TYPES, Settings

LISTS = ("sigma", "laws_kernel", "gabor_sigma", "gabor_wavelength")  # options with an image for each of their values
_SIGMA = re.compile(r"log-sigma-(\d+)(-\d+)?-mm-3D")
_WAVELET = re.compile(r"wavelet(\d*)-[LH]{1,3}")
_PATTERNS = re.compile(r"lbp-3D-(?:m\d+|k)")
_RIESZ = re.compile(r"riesz-(\d)-(\d)-(\d)-([ls].+)")
_GABOR = ("sigma", "wavelength", "gamma")
_IBSI = re.compile(
    r"mean-(\d+)|laws-((?:[LES][35]|[WR]5)+)(?:-energy-(\d+))?|gabor"
    + "".join(rf"-{number}-(\d+)-(\d+)" for number in _GABOR)
    + r"|simoncelli-(\d+)"
)


def names(kind: str, settings: Settings, flat: bool = False) -> list[str]:
    """The images of a type, in the order they are made; ``settings`` are those of the type.

    Parameters
    ----------
    flat : whether the image has two dimensions
    """
    if kind == "LoG":
        return [of_riesz(settings) + of_sigma(sigma) for sigma in settings.sigma]
    if kind == "Wavelet":
        axes = 3 - flat - settings.force_2d
        return [
            f"{of_level(level)}-{each}"
            for level in range(1, settings.level + 1)
            for each in subbands(axes, settings.ibsi and settings.rotation_invariant, level == settings.level)
        ]
    if kind == "Mean":
        return [f"mean-{settings.mean_support}"]
    if kind == "Laws":
        return [of_laws(kernel, settings) for kernel in settings.laws_kernel]
    if kind == "Gabor":
        widths = itertools.product(settings.gabor_sigma, settings.gabor_wavelength)
        return [of_gabor(sigma, wavelength, settings) for sigma, wavelength in widths]
    if kind == "Simoncelli":
        return [f"{of_riesz(settings)}simoncelli-{level}" for level in range(1, settings.level + 1)]
    if kind == "LBP2D":
        return ["lbp-2D"]
    if kind == "LBP3D":
        return [] if flat else [*(f"lbp-3D-m{level}" for level in range(1, settings.lbp_3d_levels + 1)), "lbp-3D-k"]
    return [kind.lower()]


def of_sigma(sigma: float) -> str:
    """A Laplacian of Gaussian; the name has 3D at its end in two dimensions as well."""
    return f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D"


def of_level(level: int) -> str:
    """What the images of a level of wavelets begin with."""
    return "wavelet" if level == 1 else f"wavelet{level}"


def subbands(axes: int, turned: bool, last: bool) -> list[str]:
    """The letters of the images of one level of wavelets; that of low frequencies alone is given of the last level.

    Parameters
    ----------
    turned : whether turned filters are taken together, so that LLH, LHL and HLL are one
    """
    letters = ["".join(each) for each in itertools.product("LH", repeat=axes)]
    if turned:
        letters = [each for each in letters if "HL" not in each]
    return letters[1:] + letters[: int(last)]


def of_laws(kernel: str, settings: Settings) -> str:
    """The response of Laws' kernels, or its energy."""
    energy = f"-energy-{settings.laws_energy}" if settings.laws_energy else ""
    return f"laws-{kernel}{energy}"


def of_gabor(sigma: float, wavelength: float, settings: Settings) -> str:
    """A Gabor filter's response."""
    numbers = zip(_GABOR, (sigma, wavelength, settings.gabor_gamma), strict=True)
    return "gabor" + "".join(f"-{name}-{str(float(value)).replace('.', '-')}" for name, value in numbers)


def of_riesz(settings: Settings) -> str:
    """What the names of images begin with whose Riesz transform is taken; nothing where none is."""
    order = settings.riesz_order if settings.ibsi else None
    return "" if order is None else f"riesz-{'-'.join(str(int(each)) for each in order)}-"


def type_of(name: str) -> tuple[str, dict[str, Any]]:
    """The image type that has an image of this name, and the options that it takes to have it.

    Raises
    ------
    InputError : none can have
    """
    if found := _RIESZ.fullmatch(name):
        kind, options = type_of(found[4])
        if kind in ("LoG", "Simoncelli"):
            return kind, {**options, "riesz_order": tuple(int(each) for each in found.groups()[:3])}
    if found := _SIGMA.fullmatch(name):
        whole, fraction = found.groups()
        return "LoG", {"sigma": (float(f"{whole}.{fraction[1:]}") if fraction else int(whole),)}
    if found := _WAVELET.fullmatch(name):
        return "Wavelet", {"level": int(found[1] or 1)}
    if _PATTERNS.fullmatch(name):
        return "LBP3D", {"lbp_3d_levels": int(name[8:])} if name[7] == "m" else {}
    if found := _IBSI.fullmatch(name):
        mean, kernel, energy, *gabor, level = found.groups()
        if mean:
            return "Mean", {"mean_support": int(mean)}
        if kernel:
            return "Laws", {"laws_kernel": (kernel,), "laws_energy": int(energy or 0)}
        if level:
            return "Simoncelli", {"level": int(level)}
        sigma, wavelength, gamma = (
            float(f"{whole}.{fraction}") for whole, fraction in zip(gabor[::2], gabor[1::2], strict=True)
        )
        return "Gabor", {"gabor_sigma": (sigma,), "gabor_wavelength": (wavelength,), "gabor_gamma": gamma}
    plain = {"lbp-2D": "LBP2D"} | {kind.lower(): kind for kind in IMAGE_TYPES}
    if name not in plain or plain[name] in ("LoG", "Wavelet", "LBP3D"):
        raise InputError(
            f"There is no image named '{name}'; names are such as original, log-sigma-2-0-mm-3D, wavelet-LLH, gradient."
        )
    return plain[name], {}
