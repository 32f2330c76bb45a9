"""Where numbers come from, in the rows that PyRadiomics writes: ``diagnostics_...``."""

from __future__ import annotations

import hashlib
import platform
from typing import Any

import numpy as np
import scipy
import SimpleITK
from numpy.typing import NDArray

from .. import __version__
from .once import once
from .prepare import Prepared, Stage, in_space
from .settings import Settings


def provenance(image: SimpleITK.Image, prepared: Prepared, settings: Settings) -> dict[str, str]:
    """Versions, settings, hashes, and facts of image and mask at each stage.

    The hashes are the SHA-1 of the pixels as they came (the mask as unsigned 32 bit), as those of PyRadiomics.
    """
    parameters = settings.parameters()
    parameters["setting"]["label"] = prepared.label
    rows: dict[str, Any] = {
        "Versions_ReadingRoom": __version__,
        "Versions_Numpy": np.__version__,
        "Versions_Scipy": scipy.__version__,
        "Versions_SimpleITK": SimpleITK.Version.VersionString(),
        "Versions_Python": platform.python_version(),
        "Configuration_Settings": parameters["setting"],
        "Configuration_EnabledImageTypes": parameters["imageType"],
        "Image-original_Hash": _hash(image),
        "Image-original_Dimensionality": f"{image.GetDimension()}D",
        **once("facts", image, lambda: _of_image(image, "original")),
        "Mask-original_Hash": _hash(prepared.labels),
    }
    for stage in prepared.stages:
        if stage.name == "interpolated" and stage.image is not None:
            rows |= _of_image(stage.image, stage.name)
        rows |= _of_mask(stage)
    return {f"diagnostics_{name}": str(value) for name, value in rows.items()}


def _hash(image: SimpleITK.Image) -> str:
    """What `SimpleITK.Hash` gives, many times faster."""
    data = SimpleITK.GetArrayViewFromImage(image).data
    return once("hash", image, lambda: hashlib.sha1(data, usedforsecurity=False).hexdigest())


def _of_image(image: SimpleITK.Image, stage: str) -> dict[str, Any]:
    values = SimpleITK.GetArrayViewFromImage(image)
    prefix = f"Image-{stage}"
    return {
        f"{prefix}_Spacing": image.GetSpacing(),
        f"{prefix}_Size": image.GetSize(),
        f"{prefix}_Mean": float(values.mean(dtype=np.float64)),
        f"{prefix}_Minimum": float(values.min()),
        f"{prefix}_Maximum": float(values.max()),
    }


def _of_mask(stage: Stage) -> dict[str, Any]:
    inside, axes = stage.mask.inside, stage.grid.GetDimension()
    starts = [part.start for part in reversed(stage.mask.box)][:axes]
    center = tuple(start + mean for start, mean in zip(starts, _mean_places(inside)[::-1], strict=False))
    components = SimpleITK.ConnectedComponentImageFilter()
    components.FullyConnectedOn()
    components.Execute(SimpleITK.GetImageFromArray(inside.astype(np.uint8)))
    prefix = f"Mask-{stage.name}"
    rows: dict[str, Any] = {
        f"{prefix}_Spacing": stage.grid.GetSpacing(),
        f"{prefix}_Size": stage.grid.GetSize(),
        f"{prefix}_BoundingBox": (*starts, *inside.shape[::-1][:axes]),
        f"{prefix}_VoxelNum": stage.mask.voxels,
        f"{prefix}_VolumeNum": components.GetObjectCount(),
        f"{prefix}_CenterOfMassIndex": center,
        f"{prefix}_CenterOfMass": stage.grid.TransformContinuousIndexToPhysicalPoint(center),
    }
    if stage.image is not None:
        values = in_space(stage.image)[stage.mask.box][inside].astype(np.float64)
        rows |= {
            f"{prefix}_Mean": float(values.mean()),
            f"{prefix}_Minimum": float(values.min()),
            f"{prefix}_Maximum": float(values.max()),
        }
    return rows


def _mean_places(mask: NDArray[np.bool_]) -> list[float]:
    """Mean index of the True voxels along each axis."""
    result = []
    for axis in range(mask.ndim):
        profile = np.count_nonzero(mask, axis=tuple(other for other in range(mask.ndim) if other != axis))
        result.append(float(profile @ np.arange(len(profile)) / profile.sum()))
    return result
