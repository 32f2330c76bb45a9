"""The images that are measured: the original, and filtered ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import SimpleITK

from .prepare import Prepared
from .settings import Settings
from .wavelet import decompose


def images(prepared: Prepared, kind: str, settings: Settings) -> Iterator[tuple[str, SimpleITK.Image]]:
    """Name and image of one image type, one after another; ``settings`` are those of the type."""
    if kind == "Original":
        yield "original", prepared.image
    elif kind == "LoG":
        yield from _laplacians(prepared.image, settings)
    elif kind == "Wavelet":
        yield from _wavelets(prepared, settings)
    else:
        raise ValueError(f"no image type named {kind}")


def unfiltered(prepared: Prepared, kind: str, settings: Settings) -> list[str]:
    """Sentences about the filtered images that cannot be made, because the image is too small for the filter."""
    if kind != "LoG":
        return []
    if not settings.sigma:
        return ["No sigma is given for the image type LoG; nothing was filtered."]
    return [
        f"The image is too small for a Laplacian of Gaussian of {sigma:g} mm; it was left out."
        for sigma in settings.sigma
        if not _large_enough(prepared.image, sigma)
    ]


def _laplacians(image: SimpleITK.Image, settings: Settings) -> Iterator[tuple[str, SimpleITK.Image]]:
    """The whole image is filtered, so that the region's surroundings play their part."""
    for sigma in settings.sigma:
        if _large_enough(image, sigma):
            name = f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D"
            yield name, SimpleITK.LaplacianRecursiveGaussian(image, sigma, True)


def _large_enough(image: SimpleITK.Image, sigma: float) -> bool:
    size, spacing = np.array(image.GetSize()), np.array(image.GetSpacing())
    return bool(size.min() >= 4 and (size >= np.ceil(sigma / spacing) + 1).all())


def _wavelets(prepared: Prepared, settings: Settings) -> Iterator[tuple[str, SimpleITK.Image]]:
    flat_axis = 0 if prepared.flat else settings.flat_axis
    axes = tuple(axis for axis in (2, 1, 0) if axis != flat_axis)
    values = SimpleITK.GetArrayViewFromImage(prepared.image)
    for name, part in decompose(values, settings.wavelet, axes, settings.start_level, settings.level).items():
        filtered = SimpleITK.GetImageFromArray(part)
        filtered.CopyInformation(prepared.image)
        yield name, filtered
