"""The tumor that somebody outlined on a chest CT: how large and how dense it is, and whether the outline lies on it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..errors import InputError
from ..formatting import percent
from ..radiomics.measure import measure
from ..radiomics.measurements import measurements
from ..radiomics.region import bounding_box
from ..radiomics.settings import Settings
from ..reading import Check, Measurement

NOT_MEASURED = "The tumor was not measured beyond its volume"
_FEATURES = {  # with the titles that a radiologist would give them
    "original_shape_Maximum3DDiameter": "Longest diameter",
    "original_shape_Maximum2DDiameterSlice": "Longest axial diameter",
    "original_shape_Sphericity": "Sphericity (a ball has 1)",
    "original_firstorder_Mean": "Mean density",
    "original_firstorder_Entropy": "Entropy of the densities",
    "original_glcm_Contrast": "Contrast of neighboring voxels",
}
_SETTINGS = Settings(
    features={
        "shape": ("Maximum3DDiameter", "Maximum2DDiameterSlice", "Sphericity"),
        "firstorder": ("Mean", "Entropy"),
        "glcm": ("Contrast",),
    },
    label=1,
    provenance=False,
)
_AIR, _MOST_AIR = -850.0, 0.5  # HU: inflated lung, not even ground glass; of the outline


@dataclass(frozen=True, eq=False)
class Tumor:
    """An outlined tumor: its volume, what was measured in it, and what is to be said of the outline.

    ``note`` is a sentence where it could not be measured; empty where it was.
    """

    ml: float
    measurements: tuple[Measurement, ...]
    check: Check
    note: str = ""

    @property
    def diameter(self) -> float | None:
        """The longest, in mm."""
        return next((one.value for one in self.measurements if one.title == "Longest diameter"), None)


def measured_tumor(
    voxels: NDArray, mask: NDArray[np.bool_], spacing: tuple[float, float, float], image: str, region: str
) -> Tumor:
    """Measure it. Takes no network, and a fraction of a second.

    Parameters
    ----------
    voxels : ``[k, j, i]``, HU
    mask : of the same shape, with at least one voxel inside
    spacing : of i, j and k, mm
    image, region : role of the CT and name of the region that the measurements are of
    """
    ml = float(np.count_nonzero(mask)) * float(np.prod(spacing)) / 1000
    box = bounding_box(mask)
    pair = []
    for array in (np.ascontiguousarray(voxels[box]), mask[box].astype(np.uint8)):
        made = SimpleITK.GetImageFromArray(array)
        made.SetSpacing(spacing)
        pair.append(made)
    check = _check(voxels[box][mask[box]])
    try:
        features = measure(pair[0], pair[1], _SETTINGS)
    except InputError as error:
        return Tumor(ml, (), check, f"{NOT_MEASURED}: {error}")
    found = measurements(features, [name for name in _FEATURES if name in features.values], image, region, "HU")
    return Tumor(ml, tuple(replace(one, title=_FEATURES[one.name]) for one in found), check)


def _check(values: NDArray) -> Check:
    air = float((values < _AIR).mean())
    words = f"{percent(air)} of the tumor's outline is air or inflated lung"
    if air > _MOST_AIR:
        sentence = f"{words}: is it of another CT, or moved?"
        return Check.of_share("tumor mask", "warn", sentence, air, _MOST_AIR)
    return Check.of_share("tumor mask", "pass", f"{words}.", air, _MOST_AIR)
