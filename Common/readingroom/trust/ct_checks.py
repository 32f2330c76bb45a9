"""What a chest CT must be before its lungs are read: its header, its values, and the lungs themselves.

Limits are wide: they stop what is no chest CT and warn of what a radiologist would mention. Volumes of lungs: 1.5 to
9 liters for both in adults (total lung capacity, Crapo 1981, with room for children and for breath held badly).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy import ndimage

from ..formatting import number_text, percent
from ..imaging.lungs import Lungs, averaged, filled
from ..imaging.organ import areas
from ..imaging.volume import Volume
from ..parallel import side_by_side
from ..reading import Check
from ..study import StudyImage
from .ct_orientation import orientation_checks
from .header_checks import CHEST, OTHER_BODY_PARTS, OTHER_MODALITIES, RADIOGRAPHY

_LUNG_AIR = -700.0  # HU; below this a chest has its lungs
_LEAST_AIR = 0.01  # of the image
_FEWEST_LEVELS, _SCREEN = 300, (100.0, 255.0)  # an image of 8 bits has 256
_BONE_BELOW, _MOST_AT_TOP = 1500.0, 5e-4  # HU, dense bone on every chest; share of voxels at the highest value
_RANGE = (-2100.0, 32000.0)  # HU; with what pads images (-2000, -2048), and metal on an extended scale
_BLACK, _MOST_BLACK = -960.0, 50.0  # HU of averaged voxels; mL in one piece, wider than 8 mm
_METAL, _MOST_METAL = 2500.0, 1.0  # HU; mL
_THICK, _THICKEST = 3.0, 10.0  # mm
_FIELD = (150.0, 600.0)  # mm
_LITERS = (1.5, 9.0)
_STOP_LITERS = (0.3, 14.0)
_SMALLER_SHARE = 0.36  # of both lungs; the left one has 0.44 to 0.48 for the heart's sake
# HU; of lungs that were given. Drawn by hand on one CT 0.96; laid from one CT over another 0.39 to 0.75.
_AERATED, _LEAST_AERATED, _STOP_AERATED = -300.0, 0.65, 0.3
_CUT_WARN = 0.02  # of the largest slice of the lungs, on the first or last one; of their slices, at the image's side


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
    right, left = (np.count_nonzero(side) * ml / 1000 for side in (lungs.right, lungs.left))
    if right + left < _STOP_LITERS[0]:
        sentence = f"Only {number_text(right + left, 2)} L of lung were found: this may be no chest, or only its edge."
        return (Check("lung volume", "stop", sentence, right + left, _STOP_LITERS[0], "L"),)
    spacing = tuple(reversed(volume.image.GetSpacing()))
    # What touches the SimpleITK image comes before the threads, see `side_by_side`.
    voxels, gray, lung = volume.voxels, averaged(volume.image), filled(lungs.both, volume.image)
    free_air, orientation = side_by_side(
        lambda: _free_air(gray, lung), lambda: orientation_checks(lungs, voxels, spacing)
    )
    return (_volume(right + left), _sides(right, left), _cut_off(lungs), free_air, *orientation)


def drawn_check(lungs: Lungs, volume: Volume) -> Check:
    """Do lungs that somebody gave lie on lung? A mask of another CT lies there in part only."""
    name, values = "mask on lung", volume.voxels[lungs.both]
    air = float((values < _AERATED).mean())
    words = f"{percent(air)} of the lungs that were given hold air"
    if air < _STOP_AERATED:
        return Check.of_share(
            name, "stop", f"Only {words}: the mask is of another CT, or of no lungs.", air, _STOP_AERATED
        )
    if air < _LEAST_AERATED:
        sentence = f"Only {words}: either they are dense, or the mask is of another CT."
        return Check.of_share(name, "warn", sentence, air, _LEAST_AERATED)
    return Check.of_share(name, "pass", f"{words}.", air, _LEAST_AERATED)


def prior_checks(present: StudyImage, prior: StudyImage, volume: Volume) -> tuple[Check, ...]:
    """Whether the prior is an earlier CT; who it is of was asked when the study was opened."""
    return (
        _order(present, prior),
        *(
            replace(check, name=f"prior: {check.name}", sentence=f"Prior: {check.sentence}")
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
    """Are these Hounsfield units of something with air in it, all that the scanner gave?"""
    voxels = volume.voxels
    low, high = float(voxels.min()), float(voxels.max())
    sample = voxels[:: max(len(voxels) // 16, 1)]
    air = float((sample < _LUNG_AIR).mean())
    if low >= 0 and _SCREEN[0] < high <= _SCREEN[1]:
        sentence = (
            f"The values run from {low:.0f} to {high:.0f}: these are gray levels for a screen and no Hounsfield units."
        )
        yield Check("Hounsfield units", "stop", sentence, high, _SCREEN[1])
        return
    if air < _LEAST_AIR:
        sentence = (
            f"The values run from {low:.0f} to {high:.0f}, and {percent(air)} of them are air (below {_LUNG_AIR:.0f}): "
            "these are no Hounsfield units of a chest."
        )
        yield Check.of_share("Hounsfield units", "stop", sentence, air, _LEAST_AIR)
        return
    yield Check.of_share(
        "Hounsfield units", "pass", f"The values run from {low:.0f} to {high:.0f} HU.", air, _LEAST_AIR
    )
    levels = _levels(sample)
    if levels < _FEWEST_LEVELS:
        sentence = (
            f"The image has {levels} gray levels: it was windowed for the screen already, and what lay outside of the "
            "window is lost."
        )
        yield Check("gray levels", "stop", sentence, float(levels), float(_FEWEST_LEVELS))
    at_top = float((sample >= high).mean())
    if high < _BONE_BELOW and at_top > _MOST_AT_TOP:
        sentence = f"All that is denser was cut to {high:.0f} HU: the image was windowed already."
        yield Check("cut values", "warn", sentence, at_top, _MOST_AT_TOP)
    if low < _RANGE[0] or high > _RANGE[1]:
        sentence = f"The values run from {low:.0f} to {high:.0f}; a CT has {_RANGE[0]:.0f} to {_RANGE[1]:.0f} HU."
        yield Check("value range", "warn", sentence, *((low, _RANGE[0]) if low < _RANGE[0] else (high, _RANGE[1])))


def _levels(sample: NDArray[np.float32]) -> int:
    """How many different values there are; of enough of them fewer voxels tell."""
    few = len(np.unique(sample[:, ::8, ::8]))
    return few if few >= _FEWEST_LEVELS else len(np.unique(sample[..., ::2]))


def _slice_thickness(image: StudyImage, volume: Volume) -> Check:
    axis = 2 - volume.slice_axis
    between = float(volume.image.GetSpacing()[axis])
    try:
        thickness = float(image.fact("SliceThickness"))
    except ValueError:
        thickness = 0.0
    if not 0 < thickness < np.inf:
        thickness = between
    largest = max(thickness, between)
    words = f"Slices are {number_text(thickness, 3)} mm thick, every {number_text(between, 3)} mm"
    if largest > _THICKEST:
        return Check("slice thickness", "stop", f"{words}: too thick to see fine change.", largest, _THICKEST, "mm")
    if largest > _THICK:
        sentence = f"{words}; fine detail is best seen on slices of at most {_THICK:g} mm."
        return Check("slice thickness", "warn", sentence, largest, _THICK, "mm")
    return Check("slice thickness", "pass", f"{words}.", largest, _THICK, "mm")


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
        return Check("field of view", "warn", sentence, width, limit, "mm")
    return Check("field of view", "pass", f"The field of view is {width:.0f} mm.", width, _FIELD[1], "mm")


def _metal(volume: Volume) -> Check:
    ml = float(np.count_nonzero(volume.voxels > _METAL) * np.prod(volume.image.GetSpacing()) / 1000)
    if ml > _MOST_METAL:
        sentence = f"{number_text(ml, 2)} mL are denser than bone (metal): streaks may look like disease."
        return Check("metal", "warn", sentence, ml, _MOST_METAL, "mL")
    return Check("metal", "pass", "No metal to speak of.", ml, _MOST_METAL, "mL")


def _volume(liters: float) -> Check:
    low, high = _LITERS
    words = f"Both lungs hold {number_text(liters, 2)} L"
    if liters > _STOP_LITERS[1]:
        return Check("lung volume", "stop", f"{words}, more than lungs can.", liters, _STOP_LITERS[1], "L")
    if not low <= liters <= high:
        sentence = f"{words}; {low:g} to {high:g} L are usual: look at the masks."
        return Check("lung volume", "warn", sentence, liters, low if liters < low else high, "L")
    return Check("lung volume", "pass", f"{words}.", liters, high, "L")


def _sides(right: float, left: float) -> Check:
    share = min(right, left) / (right + left)
    words = f"right {number_text(right, 2)} L, left {number_text(left, 2)} L"
    if share < _SMALLER_SHARE:
        sentence = (
            f"One lung is much smaller than the other ({words}): removed, collapsed, dense, beside fluid, or not found."
        )
        return Check("both lungs", "warn", sentence, share, _SMALLER_SHARE)
    return Check("both lungs", "pass", f"Both lungs were found ({words}).", share, _SMALLER_SHARE)


def _cut_off(lungs: Lungs) -> Check:
    """How much lung the edges of the image cut."""
    both = lungs.both
    area = areas(both)
    sides = both[:, 0].any(axis=1) | both[:, -1].any(axis=1) | both[..., 0].any(axis=1) | both[..., -1].any(axis=1)
    shares = (
        (float(area[-1] / area.max()), "above, by {} of their largest slice"),
        (float(area[0] / area.max()), "below, by {} of their largest slice"),
        (float(sides.sum() / (area > 0).sum()), "at the image's side, on {} of their slices"),
    )
    most = max(share for share, _ in shares)
    where = [words.format(percent(share)) for share, words in shares if share > _CUT_WARN]
    if not where:
        return Check.of_share("lungs whole", "pass", "The lungs lie whole in the image.", most, _CUT_WARN)
    sentence = f"The lungs are cut off {'; '.join(where)}: volumes and zones are of what is there."
    return Check.of_share("lungs whole", "warn", sentence, most, _CUT_WARN)


def _free_air(gray: SimpleITK.Image, lung: NDArray[np.bool_]) -> Check:
    """Air without any lung in it counts as lung: its largest piece.

    Parameters
    ----------
    gray, lung : on voxels of about 2.5 mm
    """
    black = (SimpleITK.GetArrayViewFromImage(gray) < _BLACK) & lung
    wide = [axis for axis, step in enumerate(reversed(gray.GetSpacing())) if step < 4]
    labels, count = ndimage.label(_where_three_fit(black, wide))
    largest = int(np.bincount(labels.ravel())[1:].max()) if count else 0
    ml = float(largest * np.prod(gray.GetSpacing()) / 1000)
    if ml > _MOST_BLACK:
        sentence = (
            f"{number_text(ml, 2)} mL in one piece are air without lung (pneumothorax, bulla or emphysema); the mask "
            "of the lungs holds it."
        )
        return Check("free air", "warn", sentence, ml, _MOST_BLACK, "mL")
    return Check("free air", "pass", "No large air space without lung in it.", ml, _MOST_BLACK, "mL")


def _where_three_fit(mask: NDArray[np.bool_], axes: Sequence[int]) -> NDArray[np.bool_]:
    """A mask opened by a box of three voxels along these axes: one axis after the other, which takes a tenth of the
    time."""
    for combine in (np.logical_and, np.logical_or):
        for axis in axes:
            before, mask = np.moveaxis(mask, axis, 0), mask.copy()
            after = np.moveaxis(mask, axis, 0)
            combine(after[1:], before[:-1], out=after[1:])
            combine(after[:-1], before[1:], out=after[:-1])
            if combine is np.logical_and:
                after[[0, -1]] = False  # a box does not reach beyond the image
    return mask


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
