"""What a corrected liver changes at once, and what stays as the network said it of the earlier one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..bundles.metadata import ClassifierMetadata
from ..imaging.volume import Volume
from ..reading import Check, Reading
from ..trust.liver_checks import liver_checks
from .answer import CorrectedMask
from .bias_correction import is_corrected
from .explained_features import with_corrected_mask
from .liver_hcc_answer import LEVELS, MapInLiver, inside_check, map_in_liver, numbers_of, profile, suspicious_name
from .liver_masks import LIVER, MR
from .lung_regions import voxel_ml

_FOLLOW = "its volume, its checks and what is suspicious in it follow"
_STAY = "probability, map and parts taken away are of the earlier outline"


def with_liver(reading: Reading, corrected: CorrectedMask, metadata: ClassifierMetadata) -> Reading:
    """The reading with a liver as a person corrected it; the network is not asked again, and the reading says so."""
    masks = (replace(one, source=corrected.source) if one.role == LIVER else one for one in reading.study.masks)
    ml = voxel_ml(corrected.mask)
    volumes = {name: float(np.count_nonzero(mask) * ml) for name, mask in _regions(corrected).items()}
    reading = replace(
        reading,
        study=replace(reading.study, masks=tuple(masks)),
        regions=tuple(replace(one, volume_ml=volumes.get(one.name, one.volume_ml)) for one in reading.regions),
        checks=tuple(_checked(reading, corrected)),
        outdated=f"The liver was corrected after it was read: {_FOLLOW}; {_STAY}.",
    )
    found = _found(corrected)
    if found is not None:
        now = numbers_of(found, ml)
        curve = profile(found)
        reading = replace(
            reading,
            measurements=tuple(replace(one, value=now.get(one.name, one.value)) for one in reading.measurements),
            curves=tuple(curve if one.name == curve.name else one for one in reading.curves),
        )
    if not is_corrected(reading.provenance.settings.get("options"), metadata):
        return with_corrected_mask(reading, corrected, metadata.explained)
    # They were measured where the bias field was taken out, and the scene has the image as it was.
    said = f"The liver was corrected after it was read: {_FOLLOW}; {_STAY}, and handcrafted features too."
    return replace(reading, outdated=said)


def suspicious_regions(reading: Reading, corrected: CorrectedMask) -> Mapping[str, NDArray[np.bool_]]:
    """The regions of suspicious liver, ``[k, j, i]``, within a corrected one."""
    names = {region.name for region in reading.regions}
    return {name: mask for name, mask in _regions(corrected).items() if name in names and name != LIVER}


def _regions(corrected: CorrectedMask) -> dict[str, NDArray[np.bool_]]:
    liver, heat = _liver(corrected), _heat(corrected)
    if heat is None:
        return {LIVER: liver}
    return {LIVER: liver, **{suspicious_name(level): liver & (heat >= level) for level in LEVELS}}


def _found(corrected: CorrectedMask) -> MapInLiver | None:
    heat = _heat(corrected)
    return None if heat is None else map_in_liver(heat, _liver(corrected), None)


def _liver(corrected: CorrectedMask) -> NDArray[np.bool_]:
    return np.asarray(SimpleITK.GetArrayFromImage(corrected.mask) > 0)


def _heat(corrected: CorrectedMask) -> NDArray[np.float32] | None:
    """The map of evidence, where there is one on the voxels of the mask."""
    heat = corrected.maps.get(MR)
    return heat if heat is not None and heat.shape == corrected.mask.GetSize()[::-1] else None


def _checked(reading: Reading, corrected: CorrectedMask) -> Iterator[Check]:
    """The checks with those of the liver, and of the map in it, anew."""
    found = _found(corrected)
    new = [*liver_checks(_liver(corrected), Volume(corrected.image)), *([inside_check(found)] if found else [])]
    names = {check.name for check in new}
    for check in reading.checks:
        if check.name not in names and not check.name.startswith("liver "):
            yield check
    for check in new:
        if check.status == "stop" and not reading.forced:  # what was read stands; the next read would end
            check = replace(check, status="warn", sentence=f"{check.sentence} Another read would stop here.")
        yield check
