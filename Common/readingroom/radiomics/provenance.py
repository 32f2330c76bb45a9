"""Where numbers come from, in the rows that PyRadiomics writes: ``diagnostics_...``."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
import scipy
import SimpleITK

from .. import __version__
from .prepare import Prepared
from .settings import Settings


def provenance(image: SimpleITK.Image, prepared: Prepared, settings: Settings) -> dict[str, str]:
    """Versions, settings, hashes, and facts of image and mask at each stage.

    The hashes are SimpleITK's SHA-1 of the pixels as they came (the mask as unsigned 32 bit), as those of PyRadiomics.
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
        "Image-original_Hash": SimpleITK.Hash(image),
        "Image-original_Dimensionality": f"{image.GetDimension()}D",
        **_of_image(image, "original"),
    }
    for stage, its_image, mask in prepared.stages:
        if stage == "original":
            rows["Mask-original_Hash"] = SimpleITK.Hash(mask)
            mask = mask == prepared.label
        elif stage == "interpolated" and its_image is not None:
            rows |= _of_image(its_image, stage)
        rows |= _of_mask(its_image, mask, stage)
    return {f"diagnostics_{name}": str(value) for name, value in rows.items()}


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


def _of_mask(image: SimpleITK.Image | None, mask: SimpleITK.Image, stage: str) -> dict[str, Any]:
    """``mask`` is 1 where the region is."""
    shape = SimpleITK.LabelShapeStatisticsImageFilter()
    shape.ComputePerimeterOff()
    shape.Execute(mask)
    components = SimpleITK.ConnectedComponentImageFilter()
    components.FullyConnectedOn()
    components.Execute(mask)
    inside = SimpleITK.GetArrayViewFromImage(mask) > 0
    center = tuple(float(np.mean(axis)) for axis in reversed(np.nonzero(inside)))
    prefix = f"Mask-{stage}"
    rows: dict[str, Any] = {
        f"{prefix}_Spacing": mask.GetSpacing(),
        f"{prefix}_Size": mask.GetSize(),
        f"{prefix}_BoundingBox": shape.GetBoundingBox(1),
        f"{prefix}_VoxelNum": shape.GetNumberOfPixels(1),
        f"{prefix}_VolumeNum": components.GetObjectCount(),
        f"{prefix}_CenterOfMassIndex": center,
        f"{prefix}_CenterOfMass": mask.TransformContinuousIndexToPhysicalPoint(center),
    }
    if image is not None:
        values = SimpleITK.GetArrayViewFromImage(image)[inside].astype(np.float64)
        rows |= {
            f"{prefix}_Mean": float(values.mean()),
            f"{prefix}_Minimum": float(values.min()),
            f"{prefix}_Maximum": float(values.max()),
        }
    return rows
