"""What a chest CT must be before its lungs are read: its header, its values, and the lungs themselves.

Limits are wide: they stop what is no chest CT and warn of what a radiologist would mention. Volumes of lungs: 1.5 to
9 liters for both in adults (total lung capacity, Crapo 1981, with room for children and for breath held badly).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..formatting import number_text, percent
from ..imaging.lungs import Lungs
from ..imaging.volume import Volume
from ..reading import Check
from ..study import StudyImage
from .header_checks import CHEST, OTHER_BODY_PARTS, OTHER_MODALITIES, RADIOGRAPHY

_LUNG_AIR = -700.0  # HU; below this a chest has its lungs
_LEAST_AIR = 0.01  # of the image
_FEWEST_LEVELS = 300  # an image of 8 bits has 256
_METAL, _MOST_METAL = 2500.0, 1.0  # HU; mL
_THICK, _THICKEST = 3.0, 10.0  # mm
_FIELD = (150.0, 600.0)  # mm
_LITERS = (1.5, 9.0)
_STOP_LITERS = (0.3, 14.0)
_SMALLER_SHARE = 0.3  # of both lungs; below, one of them is missing, collapsed or not found
_CUT_WARN = 0.02  # of the largest slice of the lungs, on the image's edges


def checks_before(image: StudyImage, volume: Volume) -> tuple[Check, ...]:
    """Checks of the header and of the values, which need no lungs."""
    return (
        _modality(image),
        _body_part(image),
        *_values(volume),
        _slice_thickness(image, volume),
        *_acquisition(image),
        _field(volume),
        _metal(volume),
    )


def lung_checks(lungs: Lungs, volume: Volume) -> tuple[Check, ...]:
    """Checks of the lungs that were found or given: volume, both sides, cut off, the right way up."""
    ml = float(np.prod(volume.image.GetSpacing())) / 1000
    right, left = float(lungs.right.sum() * ml / 1000), float(lungs.left.sum() * ml / 1000)
    if right + left < _STOP_LITERS[0]:
        sentence = f"Only {number_text(right + left, 2)} L of lung were found: this may be no chest, or only its edge."
        return (Check("lung volume", "stop", sentence, right + left, _STOP_LITERS[0]),)
    return (_volume(right + left), _sides(right, left), _cut_off(lungs), *_way_up(lungs))


def prior_checks(present: StudyImage, prior: StudyImage, volume: Volume) -> tuple[Check, ...]:
    """Whether the prior is an earlier CT; who it is of was asked when the study was opened."""
    return (
        _order(present, prior),
        *(
            Check(f"prior: {check.name}", check.status, f"Prior: {check.sentence}", check.value, check.limit)
            for check in (_modality(prior), *_values(volume))
            if check.status != "pass"
        ),
    )


def _modality(image: StudyImage) -> Check:
    modality = image.modality.strip().upper()
    if modality == "CT":
        return Check("modality", "pass", "The header says CT, computed tomography.")
    if not modality:
        return Check("modality", "pass", "The image has no header that names its kind; only its values were checked.")
    words = {**OTHER_MODALITIES, **RADIOGRAPHY}.get(modality)
    kind = f"{modality}, {words}" if words else modality
    return Check("modality", "stop", f"The header says {kind}; this reader is for chest CT.")


def _body_part(image: StudyImage) -> Check:
    part = image.fact("BodyPartExamined").strip().upper()
    if not part:
        return Check("body part", "pass", "No body part is named; only the values were checked.")
    if any(word in part for word in CHEST):
        return Check("body part", "pass", f"The header names the body part {part}.")
    if any(word in part for word in OTHER_BODY_PARTS):
        # Protocols name one part of what a CT covers: the lungs decide.
        return Check("body part", "warn", f"The header names the body part {part}; this reader is for the chest.")
    return Check("body part", "pass", f"The header names the body part {part}; the lungs decide.")


def _values(volume: Volume) -> Iterator[Check]:
    """Are these Hounsfield units of something with air in it?"""
    voxels = volume.voxels
    low, high = float(voxels.min()), float(voxels.max())
    sample = voxels[:: max(len(voxels) // 16, 1)]
    air = float((sample < _LUNG_AIR).mean())
    levels = len(np.unique(sample[..., ::2]))
    if low > _LUNG_AIR or air < _LEAST_AIR:
        sentence = (
            f"The values run from {low:.0f} to {high:.0f} and hold no air (below {_LUNG_AIR:.0f}): these are no "
            "Hounsfield units of a chest."
        )
        yield Check("Hounsfield units", "stop", sentence, low, _LUNG_AIR)
    elif levels < _FEWEST_LEVELS:
        sentence = (
            f"The image has {levels} gray levels: it was windowed for the screen already, and what lay outside of the "
            "window is lost."
        )
        yield Check("Hounsfield units", "stop", sentence, float(levels), float(_FEWEST_LEVELS))
    elif high > 32000 or low < -32000:
        yield Check("Hounsfield units", "warn", f"The values run from {low:.0f} to {high:.0f}, beyond what CT has.")
    else:
        yield Check("Hounsfield units", "pass", f"The values run from {low:.0f} to {high:.0f} HU.")


def _slice_thickness(image: StudyImage, volume: Volume) -> Check:
    axis = 2 - volume.slice_axis
    between = float(volume.image.GetSpacing()[axis])
    try:
        thickness = float(image.fact("SliceThickness") or between)
    except ValueError:
        thickness = between
    largest = max(thickness, between)
    words = f"Slices are {number_text(thickness, 3)} mm thick, every {number_text(between, 3)} mm"
    if largest > _THICKEST:
        return Check("slice thickness", "stop", f"{words}: too thick to see fine change.", largest, _THICKEST)
    if largest > _THICK:
        sentence = f"{words}; fine reticulation is best seen on slices of at most {_THICK:g} mm."
        return Check("slice thickness", "warn", sentence, largest, _THICK)
    return Check("slice thickness", "pass", f"{words}.", largest, _THICK)


def _acquisition(image: StudyImage) -> Iterator[Check]:
    """Kernel and contrast, where the header knows."""
    if kernel := image.fact("ConvolutionKernel").strip():
        yield Check("kernel", "pass", f"Reconstructed with the kernel {kernel}.")
    if agent := image.fact("ContrastBolusAgent").strip():
        sentence = f"Contrast medium was given ({agent}): vessels are denser than on a CT without."
        yield Check("contrast", "pass", sentence)


def _field(volume: Volume) -> Check:
    width = max(
        size * step for size, step in list(zip(volume.image.GetSize(), volume.image.GetSpacing(), strict=True))[:2]
    )
    if not _FIELD[0] <= width <= _FIELD[1]:
        limit = _FIELD[0] if width < _FIELD[0] else _FIELD[1]
        sentence = f"The field of view is {width:.0f} mm; of a chest it is {_FIELD[0]:.0f} to {_FIELD[1]:.0f} mm."
        return Check("field of view", "warn", sentence, width, limit)
    return Check("field of view", "pass", f"The field of view is {width:.0f} mm.", width, _FIELD[1])


def _metal(volume: Volume) -> Check:
    ml = float((volume.voxels > _METAL).sum() * np.prod(volume.image.GetSpacing()) / 1000)
    if ml > _MOST_METAL:
        sentence = f"{number_text(ml, 2)} mL are denser than bone (metal): streaks may look like disease."
        return Check("metal", "warn", sentence, ml, _MOST_METAL)
    return Check("metal", "pass", "No metal to speak of.", ml, _MOST_METAL)


def _volume(liters: float) -> Check:
    low, high = _LITERS
    words = f"Both lungs hold {number_text(liters, 2)} L"
    if liters > _STOP_LITERS[1]:
        return Check("lung volume", "stop", f"{words}, more than lungs can.", liters, _STOP_LITERS[1])
    if not low <= liters <= high:
        sentence = f"{words}; {low:g} to {high:g} L are usual: look at the masks."
        return Check("lung volume", "warn", sentence, liters, low if liters < low else high)
    return Check("lung volume", "pass", f"{words}.", liters, high)


def _sides(right: float, left: float) -> Check:
    share = min(right, left) / (right + left)
    words = f"right {number_text(right, 2)} L, left {number_text(left, 2)} L"
    if share < _SMALLER_SHARE:
        sentence = f"One lung is much smaller than the other ({words}): removed, collapsed, dense, or not found."
        return Check("both lungs", "warn", sentence, share, _SMALLER_SHARE)
    return Check("both lungs", "pass", f"Both lungs were found ({words}).", share, _SMALLER_SHARE)


def _cut_off(lungs: Lungs) -> Check:
    """How much lung the edges of the image cut: of the largest slice, what lies on the image's own border."""
    both = lungs.both
    area = both.sum(axis=(1, 2))
    largest = float(area.max())
    ends = {"above": area[-1], "below": area[0]}
    border = both[:, 0].sum() + both[:, -1].sum() + both[..., 0].sum() + both[..., -1].sum()
    share = float(max(max(ends.values()) / largest, border / max(float(both.sum()), 1.0)))
    where = [name for name, cells in ends.items() if cells / largest > _CUT_WARN]
    if border / max(float(both.sum()), 1.0) > _CUT_WARN / 4:
        where.append("at the side")
    if not where:
        return Check("lungs whole", "pass", "The lungs lie whole in the image.", share, _CUT_WARN)
    sentence = (
        f"The lungs are cut off {' and '.join(where)} (by {percent(share)} of their largest slice): volumes and zones "
        "are of what is there."
    )
    return Check("lungs whole", "warn", sentence, share, _CUT_WARN)


def _way_up(lungs: Lungs) -> Iterator[Check]:
    """Lungs are wide at the base and narrow at the apex; the heart takes from the left one."""
    both = lungs.both
    area = both.sum(axis=(1, 2)).astype(float)
    held = np.flatnonzero(area)
    if len(held) < 6:
        return
    tenth = max(len(held) // 5, 1)
    bottom, top = area[held[:tenth]].mean(), area[held[-tenth:]].mean()
    # The base ends in a thin rim around the diaphragm: its outline counts, not its area.
    hull_bottom, hull_top = (_extent(both[held[part]]) for part in (slice(0, tenth), slice(-tenth, None)))
    if hull_bottom < 0.8 * hull_top and bottom < top:
        sentence = "The lungs are wider at the top than at the base: the image may be upside down."
        yield Check("way up", "warn", sentence, hull_bottom / hull_top, 0.8)
    else:
        yield Check(
            "way up", "pass", "The lungs are narrow at the top, as they should be.", hull_bottom / hull_top, 0.8
        )


def _extent(slices: np.ndarray) -> float:
    """Area of the box around the lungs on the slices, mean."""
    sizes = []
    for slice_ in slices:
        rows, columns = np.flatnonzero(slice_.any(axis=1)), np.flatnonzero(slice_.any(axis=0))
        sizes.append(float(np.ptp(rows) + 1) * float(np.ptp(columns) + 1))
    return float(np.mean(sizes))


def _order(present: StudyImage, prior: StudyImage) -> Check:
    if (
        prior.path is not None
        and prior.path == present.path
        and prior.series_instance_uid == present.series_instance_uid
    ):
        return Check("prior", "stop", "The prior is the same image as the present CT.")
    if not present.date or not prior.date:
        return Check("prior", "warn", "A date is missing: nothing says that the prior is earlier than the present CT.")
    if prior.date > present.date:
        return Check("prior", "stop", "The prior is of a later date than the present CT: exchange the two.")
    if prior.date == present.date:
        return Check("prior", "warn", "The prior is of the same day as the present CT.")
    return Check("prior", "pass", "The prior is of an earlier date.")
