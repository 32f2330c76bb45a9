"""The images that are measured: the original, and filtered ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import SimpleITK

from .prepare import Prepared
from .settings import Settings
from .wavelet import decompose

FEWEST = 4  # voxels along each axis, for ITK's recursive filter


def images(prepared: Prepared, kind: str, settings: Settings) -> Iterator[tuple[str, SimpleITK.Image]]:
    """Name and image of one image type, one after another; ``settings`` are those of the type."""
    if kind == "Original":
        yield "original", prepared.image
    elif kind == "LoG":
        yield from _laplacians(prepared, settings)
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
    size = _whole(prepared).GetSize()
    said = " x ".join(map(str, size))
    if min(size) < FEWEST:
        return [
            f"A Laplacian of Gaussian was left out: it needs {FEWEST} voxels along each axis; the image has {said}."
        ]
    return [
        f"The Laplacian of Gaussian of {sigma:g} mm was left out: it is too wide for the image of {said} voxels."
        for sigma in settings.sigma
        if not _large_enough(_whole(prepared), sigma)
    ]


def _whole(prepared: Prepared) -> SimpleITK.Image:
    """The image in as many dimensions as it came in: a picture is filtered as a picture."""
    return prepared.image[:, :, 0] if prepared.flat else prepared.image


def _laplacians(prepared: Prepared, settings: Settings) -> Iterator[tuple[str, SimpleITK.Image]]:
    """The whole image is filtered, so that the region's surroundings play their part."""
    image = _whole(prepared)
    for sigma in settings.sigma:
        if _large_enough(image, sigma):
            filtered = SimpleITK.LaplacianRecursiveGaussian(image, sigma, True)
            name = f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D"  # PyRadiomics' name in two dimensions as well
            yield name, SimpleITK.JoinSeries(filtered) if prepared.flat else filtered


def _large_enough(image: SimpleITK.Image, sigma: float) -> bool:
    size, spacing = np.array(image.GetSize()), np.array(image.GetSpacing())
    return bool(size.min() >= FEWEST and (size >= np.ceil(sigma / spacing) + 1).all())


def _wavelets(prepared: Prepared, settings: Settings) -> Iterator[tuple[str, SimpleITK.Image]]:
    left_out = {settings.flat_axis, 0 if prepared.flat else None}
    axes = tuple(axis for axis in (2, 1, 0) if axis not in left_out)
    values = SimpleITK.GetArrayViewFromImage(prepared.image)
    for name, part in decompose(values, settings.wavelet, axes, settings.start_level, settings.level).items():
        filtered = SimpleITK.GetImageFromArray(part)
        filtered.CopyInformation(prepared.image)
        yield name, filtered
