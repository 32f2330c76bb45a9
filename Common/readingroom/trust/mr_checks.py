"""What an MR of the abdomen must be before it is read: its header, how its slices lie, and its values.

Limits are wide: they stop what is no MR image of an abdomen and warn of what a radiologist would mention. They were set
on phantoms and on the real volumes of ``docs/mr-checks.md``, which shows how often they speak.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..bundles.network import ANY_WEIGHTING
from ..formatting import number_text, percent
from ..imaging.bias_field import BiasField
from ..imaging.mr_body import body_of, shrunken
from ..imaging.mr_facts import MRSeries, mr_series
from ..imaging.organ import Booleans, areas, box
from ..imaging.volume import Volume
from ..reading import Check
from ..study import Study, StudyImage
from .header_checks import OTHER_BODY_PARTS, OTHER_MODALITIES, RADIOGRAPHY

ABDOMEN = ("ABDOMEN", "ABD", "LIVER", "HEPAR", "PANCREAS", "KIDNEY", "SPLEEN", "BILIARY", "GALLBLADDER", "TRUNK")
_BESIDE = ("CHEST", "THORAX", "PELVIS", "SPINE", "WHOLE", "BODY", "BREAST", "HEART")  # protocols name them of abdomens
_NO_SIGNAL = {
    "ADC map": "an ADC map, which shows how freely water moves and no signal",
    "localizer": "a localizer",
    "subtraction": "a subtraction of two series",
    "projection": "a projection of many slices into one (MIP)",
    "fat fraction": "a map of the fat fraction",
    "phase image": "a phase image",
    "real or imaginary image": "the real or imaginary part of the signal",
    "parameter map": "a map of a measured parameter",
    "report": "a screen capture or a report",
}
_COARSE = 4.0  # mm of the voxels on which the body is looked at
_CT_AIR, _LEAST_CT_AIR = (-1100.0, -800.0), 0.01  # HU; of the image
_ALIKE = 0.15  # quarter to three quarters of the body, of its median: MR 0.85 to 1.6, CT from 0 up 0.05
_MASK_LEVELS, _FEW_LEVELS = 20, 100
_MOST_AT_TOP = 2e-3  # of the body at the highest value; 5e-6 at most on real MR
_MOST_NEGATIVE = 0.05  # of the body; 0.014 at most on real MR
_LEAST_SIGNAL = 3.5  # of the noise; real MR 6 and more
BIAS = "bias field"  # name of the check
_FIRST_QUARTER = 0.3186  # of a normal distribution's absolute values, in its deviations
_UNEVEN = 0.15  # by which slices differ from those beside them; real MR 0.05 and less
_BIASED = 1.5  # times, as N4 finds it; on real MR 1.3 and less
_FIELD, _STOP_FIELD = (250.0, 600.0), 150.0  # mm; no liver fits into less
_HEIGHT, _STOP_HEIGHT = 150.0, 40.0  # mm from the lowest slice to the highest; livers are 100 to 200 mm high
_APART, _STOP_APART = 10.0, 20.0  # mm between slices
_WIDE_PIXEL = 3.01  # mm
_GAP = 0.5  # of the slice thickness


class _Case(Protocol):
    """A study with its images open, as readers have it."""

    @property
    def study(self) -> Study: ...

    @property
    def images(self) -> Mapping[str, Any]: ...


def mr_checks(case: _Case, role: str, weighting: str = "T2") -> tuple[Check, ...]:
    """Checks of the MR in a role, which need no network and no mask.

    Parameters
    ----------
    weighting : that the image should have; empty where that is not asked here
    """
    image, volume = case.study.image(role), case.images[role]
    found = [_modality(image), _body_part(image)]
    if image.modality.strip().upper() in ("MR", ""):
        found += _series(mr_series(image), image, weighting)
    small = shrunken(volume.image, _COARSE)
    body = body_of(small)
    return (
        *found,
        *_values(volume, SimpleITK.GetArrayFromImage(small), body),
        *_slices(image, volume),
        *_reach(volume.image, small, body),
    )


def _modality(image: StudyImage) -> Check:
    modality = image.modality.strip().upper()
    if modality == "MR":
        return Check("modality", "pass", "The header says MR, magnetic resonance.")
    if not modality:
        return Check("modality", "pass", "The image has no header that names its kind; only its values were checked.")
    words = {**OTHER_MODALITIES, **RADIOGRAPHY}.get(modality)
    kind = f"{modality}, {words}" if words else modality
    return Check("modality", "stop", f"The header says {kind}; this reader is for MR of the abdomen.")


def _body_part(image: StudyImage) -> Check:
    part = image.fact("BodyPartExamined").strip().upper()
    if not part:
        return Check("body part", "pass", "No body part is named; only the values were checked.")
    if any(word in part for word in ABDOMEN):
        return Check("body part", "pass", f"The header names the body part {part}.")
    if any(word in part for word in _BESIDE):
        sentence = f"The header names the body part {part}; this reader is for the abdomen."
        return Check("body part", "warn", sentence)
    if any(word in part for word in OTHER_BODY_PARTS):
        return Check("body part", "stop", f"The header names the body part {part}; this reader is for the abdomen.")
    return Check("body part", "warn", f"The header names the body part {part}, which is not known to be the abdomen.")


def _series(series: MRSeries, image: StudyImage, wanted: str) -> Iterator[Check]:
    """What kind of series it is; a guess from words is said to be one."""
    if series.kind:
        sentence = f"By its header this is {_NO_SIGNAL[series.kind]}; what is read is the signal itself."
        yield Check("kind of image", "stop", sentence)
    elif wanted:
        yield weighting_check(series, wanted)
    if series.fat_saturated is None:
        yield Check("fat suppression", "pass", "Nothing says whether the signal of fat is suppressed.")
    else:
        words = "" if series.fat_saturated else "not "
        yield Check("fat suppression", "pass", f"The signal of fat is {words}suppressed.")
    if series.contrast or series.phase:
        phase = f" ({series.phase} phase)" if series.phase and series.phase != "before contrast" else ""
        sentence = (
            f"Contrast medium was given{phase}: vessels and lesions may be brighter than without."
            if series.contrast
            else "By its description the image was taken before contrast medium was given."
        )
        yield Check("contrast", "pass", sentence)
    if series.chemical_shift:
        what = series.chemical_shift if "phase" in series.chemical_shift else f"a {series.chemical_shift} image"
        status, words = (
            ("warn", "An image of fat alone: organs are dark in it.")
            if series.chemical_shift == "fat"
            else ("pass", f"Fat and water: {what}.")
        )
        yield Check("fat and water", status, words)  # type: ignore[arg-type]
    if series.field_strength:
        yield Check("field strength", "pass", f"Imaged at {number_text(series.field_strength, 2)} T.")
    if "PHILIPS" in image.fact("Manufacturer").upper():
        sentence = "Scanners of Philips scale each series by itself: its values compare with no other series."
        yield Check("scale", "pass", sentence)


def weighting_check(series: MRSeries, wanted: str) -> Check:
    """Whether a series has the weighting that a bundle is for; ``any`` of them where it learned from several."""
    name, found = "weighting", series.weighting
    if wanted == ANY_WEIGHTING:
        said = f"The image is {found}-weighted by its header" if found else "Nothing says how the image is weighted"
        return Check(name, "pass", f"{said}; the bundle learned from several weightings.")
    if not found:
        return Check(name, "pass", f"Nothing says how the image is weighted; the bundle is for {wanted}: look at it.")
    words = f"{found}-weighted" if found in ("T1", "T2", "T2*", "PD") else f"weighted otherwise ({found})"
    if series.by == "words":
        if found == wanted:
            return Check(name, "pass", f"By its description the image is {words}.")
        return Check(name, "warn", f"By its description the image is {words}; the bundle is for {wanted}.")
    if found != wanted:
        sentence = f"By the times of its sequence the image is {words}; the bundle is for {wanted}."
        return Check(name, "warn" if series.named == wanted else "stop", sentence)
    if series.named and series.named != found:
        sentence = f"By the times of its sequence the image is {words}, but its description says {series.named}."
        return Check(name, "warn", sentence)
    return Check(name, "pass", f"By the times of its sequence the image is {words}.")


def bias_check(field: BiasField, corrected: bool = False) -> Check:
    """How strong the bias field of an MR is, and whether it was taken out."""
    words = f"one end of the body is about {number_text(field.spread, 2)} times as bright as the other by the coils"
    if corrected:
        return Check(BIAS, "pass", f"Before it was corrected, {words}.", field.spread, _BIASED)
    if field.spread > _BIASED:
        sentence = f"There is a bias field: {words}. It can be corrected before the image is read."
        return Check(BIAS, "warn", sentence, field.spread, _BIASED)
    sentence = f"The brightness is even: by the coils it differs about {number_text(field.spread, 2)} times at most."
    return Check(BIAS, "pass", sentence, field.spread, _BIASED)


def _values(volume: Volume, coarse: NDArray[np.float32], body: Booleans) -> Iterator[Check]:
    """Are these the values of an MR, all that the scanner gave?

    Parameters
    ----------
    coarse, body : ``[k, j, i]`` of a small copy, and where the body is on it
    """
    voxels = volume.voxels
    low, high = float(voxels.min()), float(voxels.max())
    name, words = "values", f"The values run from {number_text(low)} to {number_text(high)}"
    if low == high:
        yield Check(name, "stop", f"All values are {number_text(low)}: the image is empty.")
        return
    sample = voxels[:: max(len(voxels) // 16, 1)]
    air = float(((sample >= _CT_AIR[0]) & (sample <= _CT_AIR[1])).mean())
    if air >= _LEAST_CT_AIR:
        sentence = f"{words}, and {percent(air)} of them are those of air on a CT: this is no MR."
        yield Check.of_share(name, "stop", sentence, air, _LEAST_CT_AIR)
        return
    levels = len(np.unique(sample))
    if levels <= _MASK_LEVELS:
        yield Check(name, "stop", f"The image has only {levels} different values: it is a mask.", levels, _MASK_LEVELS)
        return
    inside = coarse[body]
    if not inside.size:
        yield Check(name, "stop", f"{words}, and nothing stands out from the background: no body is seen.")
        return
    first, median, third = map(float, np.percentile(inside, (25, 50, 75)))
    contrast = (third - first) / median if median > 0 else 0.0
    if contrast < _ALIKE:
        sentence = f"{words}, and all tissue has nearly the same: this is no MR, perhaps a CT that starts at 0."
        yield Check(name, "stop", sentence, contrast, _ALIKE)
        return
    yield Check(name, "pass", f"{words}.", contrast, _ALIKE)
    if levels < _FEW_LEVELS:
        yield Check("gray levels", "warn", f"The image has only {levels} gray levels.", levels, _FEW_LEVELS)
    negative = float((inside < 0).mean())
    if negative > _MOST_NEGATIVE:
        sentence = f"{percent(negative)} of the body has values below 0: a subtraction, or a phase image."
        yield Check("negative values", "warn", sentence, negative, _MOST_NEGATIVE)
    at_top = float((voxels >= high).mean() / body.mean())
    if at_top > _MOST_AT_TOP:
        sentence = f"{percent(at_top)} of the body has the highest value: what is brighter was cut off."
        yield Check("cut values", "warn", sentence, at_top, _MOST_AT_TOP)
    yield _noise(sample, median)
    yield _even(coarse, body)


def _noise(sample: NDArray[np.float32], median: float) -> Check:
    """How far the signal of the body stands above what changes from pixel to pixel."""
    bright = sample > median / 2
    middle = sample[:, 1:-1, 1:-1]
    beside = sample[:, :-2, 1:-1] + sample[:, 2:, 1:-1] + sample[:, 1:-1, :-2] + sample[:, 1:-1, 2:]
    changes = (4 * middle - beside)[bright[:, 1:-1, 1:-1]] / np.sqrt(20)
    # The quarter that changes least is flat tissue, where noise alone changes anything.
    noise = float(np.percentile(np.abs(changes), 25)) / _FIRST_QUARTER if changes.size else 0.0
    ratio = min(median / noise, 1e4) if noise > 0 else 1e4
    if ratio < _LEAST_SIGNAL:
        sentence = f"The signal of the body is only {number_text(ratio, 2)} times the noise."
        return Check("noise", "warn", sentence, ratio, _LEAST_SIGNAL)
    return Check("noise", "pass", "The signal of the body stands well above the noise.", ratio, _LEAST_SIGNAL)


def _even(coarse: NDArray[np.float32], body: Booleans) -> Check:
    """How much slices differ in brightness from the two beside them."""
    held = np.flatnonzero(areas(body) >= 0.1 * body[0].size)
    medians = np.array([np.median(coarse[k][body[k]]) for k in held])
    if len(held) < 5 or medians.min() <= 0:
        return Check("even slices", "pass", "Too few slices to compare their brightness.")
    between = (medians[:-2] + medians[2:]) / 2
    differ = float(np.median(np.abs(medians[1:-1] - between) / between))
    if differ > _UNEVEN:
        sentence = (
            f"Slices are brighter or darker than those beside them, by {percent(differ)} as a rule: motion, or slices "
            "that disturb each other."
        )
        return Check("even slices", "warn", sentence, differ, _UNEVEN)
    return Check("even slices", "pass", "Neighboring slices are equally bright.", differ, _UNEVEN)


def _slices(image: StudyImage, volume: Volume) -> Iterator[Check]:
    """The plane of the slices, how far they lie apart, and what lies between them."""
    spacing = volume.image.GetSpacing()
    plane = ("axial", "coronal", "sagittal")[volume.slice_axis]
    apart = float(spacing[2 - volume.slice_axis])
    pixel = max(float(step) for axis, step in enumerate(spacing) if axis != 2 - volume.slice_axis)
    if plane != "axial":
        yield Check("plane", "warn", f"The slices are {plane}; the reader is for axial ones.")
    else:
        yield Check("plane", "pass", "The slices are axial.")
    if apart > _APART:
        status, limit = ("stop", _STOP_APART) if apart > _STOP_APART else ("warn", _APART)
        sentence = f"The slices lie {number_text(apart, 3)} mm apart: small lesions may lie between them."
        yield Check("slice distance", status, sentence, apart, limit)  # type: ignore[arg-type]
    else:
        yield Check("slice distance", "pass", f"The slices lie {number_text(apart, 3)} mm apart.", apart, _APART)
    try:
        thickness = float(image.fact("SliceThickness"))
    except ValueError:
        thickness = 0.0
    if 0 < thickness < apart:
        gap = apart - thickness
        status = "warn" if gap > _GAP * thickness else "pass"
        sentence = (
            f"Slices of {number_text(thickness, 3)} mm with gaps of {number_text(gap, 2)} mm between them, which were "
            "not imaged."
        )
        yield Check("slice gaps", status, sentence, gap, round(_GAP * thickness, 3), "mm")  # type: ignore[arg-type]
    if pixel > _WIDE_PIXEL:
        sentence = f"Pixels are {number_text(pixel, 2)} mm wide: little detail is left."
        yield Check("pixel size", "warn", sentence, pixel, _WIDE_PIXEL, "mm")


def _reach(image: SimpleITK.Image, small: SimpleITK.Image, body: Booleans) -> Iterator[Check]:
    """Whether a liver fits into what was imaged."""
    width, depth, height = (n * step for n, step in zip(image.GetSize(), image.GetSpacing(), strict=True))
    if not body.any():
        return
    across = [part.stop - part.start for part in box(body)]
    seen = across[2] * small.GetSpacing()[0]
    name = "field of view"
    if width < _STOP_FIELD or depth < _STOP_FIELD / 2 or seen < _STOP_FIELD:
        sentence = (
            f"The image is {width:.0f} x {depth:.0f} mm and the body in it {seen:.0f} mm wide: no abdomen fits into "
            "that, this is another part of the body or a cut-out."
        )
        yield Check(name, "stop", sentence, min(width, seen), _STOP_FIELD, "mm")
    elif not _FIELD[0] <= width <= _FIELD[1]:
        limit = _FIELD[0] if width < _FIELD[0] else _FIELD[1]
        sentence = f"The image is {width:.0f} mm wide; of an abdomen it is {_FIELD[0]:.0f} to {_FIELD[1]:.0f} mm."
        yield Check(name, "warn", sentence, width, limit, "mm")
    else:
        yield Check(
            name, "pass", f"The image is {width:.0f} mm wide, the body in it {seen:.0f} mm.", width, _FIELD[1], "mm"
        )
    words = f"From the lowest to the highest slice it is {height:.0f} mm"
    if height < _STOP_HEIGHT:
        sentence = f"{words}: only a small part of a liver can lie in that."
        yield Check("coverage", "stop", sentence, height, _STOP_HEIGHT, "mm")
    elif height < _HEIGHT:
        sentence = f"{words}: a liver, 100 to 200 mm high, may be cut off above or below."
        yield Check("coverage", "warn", sentence, height, _HEIGHT, "mm")
    else:
        yield Check("coverage", "pass", f"{words}.", height, _HEIGHT, "mm")
