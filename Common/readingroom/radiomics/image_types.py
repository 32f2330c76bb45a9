"""The images that are measured: the original, and filtered ones, each with PyRadiomics' name.

Filters look at the region's box and at what lies within their reach around it, and at nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from . import binary_patterns
from .compiled import choice
from .ibsi_filters import Filters
from .image_names import of_sigma
from .prepare import Prepared
from .region import Box, widened, within
from .settings import IBSI_FILTERS, Settings
from .wavelet import decompose

FEWEST = 4  # voxels along each axis, for ITK's recursive filter
# Of a recursive Gaussian: so many sigma away a voxel counts less than single precision can tell.
_REACH = 20.0


def images(prepared: Prepared, kind: str, settings: Settings, margin: int = 0) -> Iterator[tuple[str, NDArray]]:
    """Name and values of one image type, one after another; ``settings`` are those of the type.

    Parameters
    ----------
    margin : voxels around the region's box that are wanted as well, as far as the image reaches

    Returns
    -------
    images : values ``[k, j, i]`` in the box with its margin, one at a time
    """
    values = SimpleITK.GetArrayViewFromImage(prepared.image)
    box = widened(prepared.box, margin, values.shape)
    left_out = {settings.flat_axis, 0 if prepared.flat else None}
    axes = tuple(axis for axis in range(3) if axis not in left_out)
    if kind == "Original":
        yield "original", values[box]
    elif settings.ibsi and kind in (*IBSI_FILTERS, "LoG", "Wavelet"):
        yield from Filters(values, prepared.spacing, axes, settings).images(kind, box)
    elif kind == "LoG":
        yield from _laplacians(prepared, box, settings)
    elif kind == "Wavelet":
        yield from decompose(values, box, settings.wavelet, axes[::-1], settings.start_level, settings.level).items()
    elif kind == "Gradient":
        yield "gradient", _gradient(prepared, box, settings)
    elif kind == "LBP2D":
        axis = 0 if prepared.flat else settings.force_2d_axis
        circle = settings.lbp_2d_radius, settings.lbp_2d_samples, settings.lbp_2d_method
        yield "lbp-2D", binary_patterns.in_plane(values, box, axis, *circle)
    elif kind == "LBP3D":
        if not prepared.flat:
            inside = prepared.mask.whole()
            if margin:
                inside = np.zeros_like(inside)
                inside[box] = True
            sphere = settings.lbp_3d_levels, settings.lbp_3d_radius, settings.lbp_3d_subdivisions
            for name, patterns in binary_patterns.in_space(values, inside, box, *sphere):
                yield f"lbp-3D-{name}", patterns
    else:
        yield kind.lower(), _rescaled(kind, values[box].astype(np.float64), _largest(values))


def unfiltered(prepared: Prepared, kind: str, settings: Settings) -> list[str]:
    """Sentences about the filtered images that cannot be made, or are not what they seem."""
    if kind == "LBP3D" and prepared.flat:
        return ["Local binary patterns in space (LBP3D) were left out: the image is a single slice of two dimensions."]
    if kind == "LBP2D" and not prepared.flat and not settings.force_2d:
        return ["Local binary patterns (LBP2D) are of planes, and were measured in space; force2D keeps to the planes."]
    if kind != "LoG":
        return []
    if not settings.sigma:
        return ["No sigma is given for the image type LoG; nothing was filtered."]
    if settings.ibsi:
        return []
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


def _laplacians(prepared: Prepared, box: Box, settings: Settings) -> Iterator[tuple[str, NDArray]]:
    image, values = _whole(prepared), SimpleITK.GetArrayViewFromImage(prepared.image)
    wide = {sigma: _reached(prepared, box, sigma) for sigma in settings.sigma if _large_enough(image, sigma)}
    sizes = [values[part].size for part in wide.values()]
    laplacian_of_gaussian = choice.laplacian_of_gaussian(sum(sizes), max(values.shape))
    for sigma, part in wide.items():
        axes = (2, 1) if prepared.flat else (2, 1, 0)
        yield of_sigma(sigma), laplacian_of_gaussian(values[part], within(box, part), prepared.spacing, sigma, axes)


def _reached(prepared: Prepared, box: Box, sigma: float) -> Box:
    """The box and what of the image a Gaussian of so many mm looks at around it."""
    k, j, i = (max(FEWEST, math.ceil(_REACH * sigma / spacing)) for spacing in prepared.spacing)
    return widened(box, (k, j, i), SimpleITK.GetArrayViewFromImage(prepared.image).shape)


def _large_enough(image: SimpleITK.Image, sigma: float) -> bool:
    size, spacing = np.array(image.GetSize()), np.array(image.GetSpacing())
    return bool(size.min() >= FEWEST and (size >= np.ceil(sigma / spacing) + 1).all())


def _gradient(prepared: Prepared, box: Box, settings: Settings) -> NDArray:
    return _filtered(prepared, box, (2, 2, 2), SimpleITK.GradientMagnitude, settings.gradient_use_spacing)


def _filtered(prepared: Prepared, box: Box, reach: tuple[int, int, int], function: object, *options: object) -> NDArray:
    """The box, filtered by a function of SimpleITK that looks so many voxels (k, j, i) far."""
    shape = SimpleITK.GetArrayViewFromImage(prepared.image).shape
    k, j, i = wide = widened(box, reach, shape)
    part = _whole(prepared)[i, j] if prepared.flat else prepared.image[i, j, k]
    found = SimpleITK.GetArrayFromImage(function(part, *options))  # type: ignore[operator]
    found = found[None] if prepared.flat else found
    inside: NDArray = found[within(box, wide)]
    return inside


def _largest(values: NDArray) -> float:
    """The largest absolute value of the whole image."""
    return float(max(abs(float(values.max())), abs(float(values.min()))))


def _rescaled(kind: str, values: NDArray[np.float64], largest: float) -> NDArray[np.float64]:
    """Square, square root, logarithm or exponential of the values, such that the largest stays as it is."""
    if largest == 0:
        return values
    if kind == "Square":
        return (1 / np.sqrt(largest) * values) ** 2
    if kind == "SquareRoot":
        return np.copysign(np.sqrt(np.abs(values) * largest), values)
    if kind == "Logarithm":
        return np.copysign(np.log(np.abs(values) + 1), values) * (largest / np.log(largest + 1))
    if kind == "Exponential":
        return np.exp(np.log(largest) / largest * values)
    raise ValueError(f"no image type named {kind}")
