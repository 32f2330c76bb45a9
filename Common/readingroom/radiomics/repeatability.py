"""Which features of a region differ between two images by more than their repeatability.

Nobody scans a patient twice to tell. So contour and noise of each image are changed a little several times, and the
limit for a feature is 1.96 times the square root of 2 times its standard deviation within an image (Bland and Altman's
coefficient of repeatability). Another breath, scanner or kernel is no such change, and can exceed the limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import SimpleITK

from ..errors import InputError
from ..progress import Progress
from .measure import measure
from .perturb import Pair, contour_noise, image_noise
from .region import bounding_box
from .settings import Settings

SHIFTS = (-0.5, 0.5, -0.5, 0.5)  # mm that the whole contour is moved outward by; one repeat each
CONTOUR_MM = 1.0  # standard deviation of the noise of the contour
NOISE = 0.1  # standard deviation of the noise of the image, as a share of that of the region
_FACTOR = 1.96 * np.sqrt(2)
_COARSEST = 3.0  # mm; finer voxels are not worth their time
_MARGIN = 10.0  # mm around the region
FEATURES: Mapping[str, tuple[str, ...]] = {
    "shape": ("VoxelVolume",),
    "firstorder": (
        "Mean", "10Percentile", "Median", "90Percentile", "InterquartileRange", "Skewness", "Kurtosis", "Entropy",
    ),
    "glcm": ("Contrast", "Correlation", "Idm", "JointEntropy"),
}  # fmt: skip


@dataclass(frozen=True)
class FeatureChange:
    """A feature now and on the prior image; ``limit`` is what small changes of contour and noise alone make of it."""

    now: float
    prior: float
    limit: float

    @property
    def is_beyond(self) -> bool:
        """Whether it changed by more than its repeatability."""
        return abs(self.now - self.prior) > self.limit


def feature_changes(
    now: Pair, prior: Pair, seed: int = 0, progress: Progress | None = None
) -> dict[str, FeatureChange]:
    """The features of `FEATURES` in a region of two images of one patient, by name; what is not defined is left out.

    Both are brought to voxels of one size first, since texture depends on it: in each direction the coarser one's, and
    3 mm at least.

    Parameters
    ----------
    now, prior : image and mask (not 0 inside) on one grid

    Raises
    ------
    InputError : a region is empty, or too small to be measured
    CancelledError : the user canceled
    """
    progress = progress or Progress()
    spacing = np.maximum(np.maximum(now[0].GetSpacing(), prior[0].GetSpacing()), _COARSEST)
    tables = []
    for number, pair in enumerate((now, prior)):
        random = np.random.default_rng([seed, number])
        tables.append(_repeated(_on_grid(*pair, spacing), random, progress.part(number / 2, (number + 1) / 2)))
    found = {}
    for name in tables[0][0]:
        columns = [np.array([row[name] for row in rows]) for rows in tables]
        if all(np.isfinite(column).all() for column in columns):
            within = np.sqrt(np.mean([column.var(ddof=1) for column in columns]))
            found[name] = FeatureChange(float(columns[0][0]), float(columns[1][0]), float(_FACTOR * within))
    return found


def _repeated(pair: Pair, random: np.random.Generator, progress: Progress) -> list[Mapping[str, float]]:
    """The features as they are, and after each small change."""
    settings = Settings(features=dict(FEATURES), label=1, provenance=False)
    rows = [measure(*pair, settings).values]
    for number, shift in enumerate(SHIFTS, start=1):
        progress(number / (len(SHIFTS) + 1), "Measuring features and their repeatability.")
        image, mask = contour_noise(CONTOUR_MM, outward=shift)(*pair, random)
        if not SimpleITK.GetArrayViewFromImage(mask).any():
            raise InputError("The region is too small for its repeatability to be known.")
        image, mask = image_noise(NOISE)(image, mask, random)
        rows.append(measure(image, mask, settings).values)
    return rows


def _on_grid(image: SimpleITK.Image, mask: SimpleITK.Image, spacing: np.ndarray) -> Pair:
    """Image (linear) and mask (nearest neighbor) around the region, on voxels of that size.

    Raises
    ------
    InputError : the region is empty
    """
    voxels = SimpleITK.GetArrayViewFromImage(mask) != 0
    if not voxels.any():
        raise InputError("The region is empty.")
    box = bounding_box(voxels)[::-1]
    step, size = np.array(image.GetSpacing()), np.array(image.GetSize())
    margin = np.ceil(_MARGIN / step)
    start = np.maximum([axis.start for axis in box] - margin, 0)
    stop = np.minimum([axis.stop for axis in box] + margin, size)
    grid = SimpleITK.ResampleImageFilter()
    grid.SetOutputSpacing(spacing.tolist())
    grid.SetOutputDirection(image.GetDirection())
    grid.SetOutputOrigin(image.TransformContinuousIndexToPhysicalPoint((start - 0.5 + spacing / step / 2).tolist()))
    grid.SetSize([int(count) for count in np.maximum((stop - start) * step // spacing, 1)])
    grid.SetOutputPixelType(SimpleITK.sitkFloat32)
    grid.SetInterpolator(SimpleITK.sitkLinear)
    values = grid.Execute(image)
    grid.SetOutputPixelType(SimpleITK.sitkUInt8)
    grid.SetInterpolator(SimpleITK.sitkNearestNeighbor)
    return values, grid.Execute(mask)
