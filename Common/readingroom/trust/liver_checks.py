"""What a mask must be before it is read as a liver: whatever drew it, and on whatever sequence of MR.

Gray values of MR differ from scanner to scanner, so the checks ask where the mask lies in the body, how large it is,
and whether what it holds is gray in one way and the tissue about it in another. Limits are wide: they stop what is
another organ, a piece, or a mask of another study, and warn of what a radiologist would mention. Volumes: a liver of
500 to 4000 ml, from cirrhosis to steatosis.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy import ndimage

from ..formatting import percent
from ..imaging.lungs import averaged
from ..imaging.nearness import near
from ..imaging.organ import Booleans, areas, box
from ..imaging.volume import Volume
from ..reading import Check

_ML, _STOP_ML = (500.0, 4000.0), (100.0, 7000.0)
_LEAST_WHOLE = 300.0  # ml, where the mask ends within the image
_RIGHT, _STOP_RIGHT = 0.6, 0.5  # of the mask, in the right half of the body
_FRONT, _STOP_FRONT = 0.35, 0.45  # where the mask begins behind the front of the body, as a share of its depth
_SECTION, _STOP_SECTION = 0.1, 0.07  # of the body, on the slice where the mask is largest
_PIECE, _STOP_PIECE = 0.8, 0.5  # of the mask, in its largest piece
_SMOOTH, _STOP_SMOOTH = 0.45, 0.3  # sphericity
_IN_BODY, _STOP_IN_BODY = 0.95, 0.8  # of the mask
_CUT = 0.1  # of the largest slice of the mask, on the first or last one of the image
_BLUNT = 0.6  # of the largest section of the mask, in the outermost one; of whole livers 0.25 at most
_EVEN, _STOP_EVEN = 0.45, 0.7  # relative spread of the gray values deep in the mask
_APART, _STOP_APART = 0.35, 0.2  # of the values: how many more are liver-like inside than around
_TURNED = 0.15  # of the same difference, how much more it may be where the mask is mirrored
_AXES = ("upside down", "back to front", "left to right")  # by the axis of an array
_TURNS = tuple(axes for count in (1, 2, 3) for axes in itertools.combinations(range(3), count))
_BODY = 0.1  # of the bright end of the gray values
SIZE = "liver volume"  # name of the check that every mask has
_DEEP, _GAP, _AROUND = 5.0, 3.0, 9.0  # mm within and beyond the border


def liver_checks(mask: Booleans, volume: Volume) -> tuple[Check, ...]:
    """Whether a mask on an MR can be its liver.

    Parameters
    ----------
    mask : ``[k, j, i]`` on the voxels of the volume, not empty
    """
    ml = float(np.count_nonzero(mask)) * float(np.prod(volume.image.GetSpacing())) / 1000
    coarse = _coarse(mask, volume)
    size = _volume(ml, mask)
    if not coarse.mask.any():  # a few voxels, or a thread
        return (size, Check("liver shape", "stop", "The mask is thinner than 3 mm everywhere: this is no liver."))
    return (
        size,
        _cut_off(mask),
        _in_body(coarse),
        _side(coarse),
        _position(coarse),
        _section(coarse),
        _pieces(coarse),
        _smoothness(coarse),
        *_gray(coarse),
    )


@dataclass(frozen=True, eq=False)
class _Coarse:
    """Mask, body and gray values ``[k, j, i]`` on voxels of about 2.5 mm."""

    mask: Booleans
    body: Booleans
    gray: NDArray[np.float32]
    spacing: tuple[float, ...]

    @property
    def section(self) -> tuple[slice, slice]:
        """Rows and columns of the body on the slices of the mask."""
        (slices, *_) = box(self.mask)
        seen = np.asarray(self.body[slices].any(axis=0))
        rows, columns = box(seen) if seen.any() else (slice(0, seen.shape[0]), slice(0, seen.shape[1]))
        return rows, columns


def _coarse(mask: Booleans, volume: Volume) -> _Coarse:
    means = averaged(volume.image)
    gray = SimpleITK.GetArrayFromImage(means)
    gray -= min(float(np.percentile(gray, 1)), 0.0)  # air is about 0, also where values were normalized
    return _Coarse(_averaged_mask(mask, volume.image), _body(gray), gray, tuple(reversed(means.GetSpacing())))


def _averaged_mask(mask: Booleans, image: SimpleITK.Image) -> Booleans:
    """Which voxels of the `averaged` image lie in a mask by at least a half."""
    drawn = SimpleITK.GetImageFromArray(mask.view(np.uint8))
    drawn.CopyInformation(image)
    drawn = SimpleITK.Cast(drawn, SimpleITK.sitkFloat32)  # not as an array, of which an image is a copy
    return np.asarray(SimpleITK.GetArrayViewFromImage(averaged(drawn)) >= 0.5)


def _body(gray: NDArray[np.float32]) -> Booleans:
    """What is not the air around it, slice by slice; lungs and bowel are inside."""
    low, high = (float(value) for value in np.percentile(gray, [1, 99]))
    tissue = gray > low + _BODY * (high - low)
    labels, count = ndimage.label(np.stack([ndimage.binary_opening(slice_) for slice_ in tissue]))
    if not count:
        return np.ones(gray.shape, dtype=bool)
    largest = labels == int(np.bincount(labels.ravel())[1:].argmax()) + 1
    return np.stack([ndimage.binary_fill_holes(slice_) for slice_ in largest])


def _volume(ml: float, mask: Booleans) -> Check:
    name, words = SIZE, f"The liver's mask has {ml:,.0f} mL"
    cut = bool(mask[0].any() or mask[-1].any())
    least = _STOP_ML[0] if cut else _LEAST_WHOLE
    if ml < least:
        return Check(name, "stop", f"{words}: this is a smaller organ, or a piece.", ml, least, "mL")
    if ml > _STOP_ML[1]:
        return Check(name, "stop", f"{words}: no liver is so large.", ml, _STOP_ML[1], "mL")
    if ml < _ML[0]:
        why = "the image may hold a part of it only" if cut else "smaller than livers usually are"
        return Check(name, "warn", f"{words}: {why}.", ml, _ML[0], "mL")
    if ml > _ML[1]:
        sentence = f"{words}: larger than livers usually are; look whether it took in its neighbors."
        return Check(name, "warn", sentence, ml, _ML[1], "mL")
    return Check(name, "pass", f"{words}.", ml, _ML[0], "mL")


def _cut_off(mask: Booleans) -> Check:
    """Does the liver end where the image does, or the mask where no organ would?"""
    name, on_slices = "liver coverage", areas(mask)
    side = max(_bluntness(mask, axis) for axis in (1, 2))
    if side > _BLUNT:
        sentence = "The mask ends in a straight cut where the liver is wide: is a half of it marked alone?"
        return Check.of_share(name, "warn", sentence, side, _BLUNT)
    most = float(on_slices.max())
    ends = {"lowest": float(on_slices[0]) / most, "highest": float(on_slices[-1]) / most}
    if cut := [end for end, share in ends.items() if share > _CUT]:
        sentence = f"The liver goes on beyond the {' and the '.join(cut)} slice: a part of it was read."
        return Check.of_share(name, "warn", sentence, max(ends.values()), _CUT)
    end = _bluntness(mask, 0)
    if end > _BLUNT:
        sentence = "The mask ends where the liver is still wide: slices of it may not be marked."
        return Check.of_share(name, "warn", sentence, end, _BLUNT)
    return Check.of_share(name, "pass", "The mask holds the liver from dome to tip.", end, _BLUNT)


def _bluntness(mask: Booleans, axis: int) -> float:
    """The larger of a mask's two outermost sections across an axis, as a share of its largest."""
    sections = np.count_nonzero(mask, axis=tuple({0, 1, 2} - {axis}))
    held = np.flatnonzero(sections)
    return float(max(sections[held[0]], sections[held[-1]]) / sections.max())


def _in_body(coarse: _Coarse) -> Check:
    share = float(coarse.body[coarse.mask].mean())
    words = f"{percent(share)} of the liver's mask lies in the body"
    if share < _STOP_IN_BODY:
        return Check.of_share("liver in body", "stop", f"Only {words}: is it of another study?", share, _STOP_IN_BODY)
    return Check.of_share("liver in body", "pass" if share >= _IN_BODY else "warn", f"{words}.", share, _IN_BODY)


def _side(coarse: _Coarse) -> Check:
    name, (_, columns) = "liver side", coarse.section
    middle = (columns.start + columns.stop) / 2 - 0.5
    right = float((np.nonzero(coarse.mask)[2] < middle).mean())
    words = f"{percent(right)} of the mask lies in the right half of the body"
    if right < _STOP_RIGHT:
        sentence = f"Only {words}: it is another organ, mirrored, or the organs lie on the other side."
        return Check.of_share(name, "stop", sentence, right, _STOP_RIGHT)
    return Check.of_share(name, "pass" if right >= _RIGHT else "warn", f"{words}.", right, _RIGHT)


def _position(coarse: _Coarse) -> Check:
    name, (rows, _) = "liver position", coarse.section
    first = float(np.percentile(np.nonzero(coarse.mask)[1], 5))
    front = (first - rows.start) / (rows.stop - rows.start)
    words = f"The mask begins {percent(max(front, 0.0))} of the body's depth behind its front"
    if front > _STOP_FRONT:
        sentence = f"{words}: so far back lie a kidney, the spleen or muscle."
        return Check.of_share(name, "stop", sentence, front, _STOP_FRONT)
    return Check.of_share(name, "pass" if front <= _FRONT else "warn", f"{words}.", front, _FRONT)


def _section(coarse: _Coarse) -> Check:
    name, on_slices = "liver section", areas(coarse.mask)
    share = float(on_slices.max()) / max(float(areas(coarse.body)[on_slices > 0].max()), 1.0)
    words = f"On its largest slice the mask takes {percent(share)} of the body's section"
    if share < _STOP_SECTION:
        return Check.of_share(name, "stop", f"{words}: a liver takes more.", share, _STOP_SECTION)
    return Check.of_share(name, "pass" if share >= _SECTION else "warn", f"{words}.", share, _SECTION)


def _pieces(coarse: _Coarse) -> Check:
    labels, count = ndimage.label(coarse.mask)
    share = float(np.bincount(labels.ravel())[1:].max()) / float(coarse.mask.sum())
    words = f"The largest piece of the mask holds {percent(share)} of it"
    if share < _STOP_PIECE:
        return Check.of_share("liver pieces", "stop", f"{words}: it is in {count} pieces.", share, _STOP_PIECE)
    return Check.of_share("liver pieces", "pass" if share >= _PIECE else "warn", f"{words}.", share, _PIECE)


def _smoothness(coarse: _Coarse) -> Check:
    """Sphericity: the surface of a ball of the mask's volume by its own, whose steps count two thirds."""
    name, voxel = "liver smoothness", float(np.prod(coarse.spacing))
    faces = 0.0
    for axis, step in enumerate(coarse.spacing):
        crossed = np.diff(coarse.mask.astype(np.int8), axis=axis, prepend=0, append=0)
        faces += float(np.count_nonzero(crossed)) * voxel / step
    cubic = float(coarse.mask.sum()) * voxel
    sphericity = float((36 * np.pi * cubic**2) ** (1 / 3) / (faces * 2 / 3))
    if sphericity < _STOP_SMOOTH:
        sentence = "The mask's surface is far more rugged than a liver's, by its sphericity."
        return Check(name, "stop", sentence, sphericity, _STOP_SMOOTH)
    if sphericity < _SMOOTH:
        sentence = "The mask's surface is more rugged than a liver's, by its sphericity."
        return Check(name, "warn", sentence, sphericity, _SMOOTH)
    return Check(name, "pass", "The mask's surface is as smooth as a liver's.", sphericity, _SMOOTH)


def _gray(coarse: _Coarse) -> tuple[Check, ...]:
    """Is the inside gray in one way, and the tissue about it in another; and would it be so the other way round?"""
    mask, spacing = coarse.mask, (1e9, *coarse.spacing[1:])  # slices are thick: within the plane
    deep = mask & ~near(~mask, spacing, _DEEP)
    deep = deep if np.count_nonzero(deep) >= 20 else mask
    wide = near(mask, spacing, _AROUND) & ~near(mask, spacing, _GAP)
    own = _contrast(coarse.gray, mask, deep, wide)
    words = f"The gray values deep in the mask spread by {percent(own.spread)}"
    if own.spread > _STOP_EVEN:
        even = Check.of_share("liver gray values", "stop", f"{words}: this is no one organ.", own.spread, _STOP_EVEN)
    else:
        even = Check.of_share(
            "liver gray values", "pass" if own.spread <= _EVEN else "warn", f"{words}.", own.spread, _EVEN
        )
    if not wide.any():
        return (even,)
    words = (
        f"{percent(own.inside)} of the mask and {percent(own.around)} of what lies about it are as gray as its middle"
    )
    if own.apart < _STOP_APART:
        sentence = f"{words}: the mask follows no organ here; is it of another study?"
        border = Check.of_share("liver border", "stop", sentence, own.apart, _STOP_APART)
    else:
        border = Check.of_share(
            "liver border", "pass" if own.apart >= _APART else "warn", f"{words}.", own.apart, _APART
        )
    turned = {axes: _contrast(np.flip(coarse.gray, axes), mask, deep, wide).apart for axes in _TURNS}
    return (even, border, _orientation(own.apart, turned))


@dataclass(frozen=True)
class _Contrast:
    """Relative spread of the gray values deep in a mask; shares of it, and of what is around, as gray as its middle."""

    spread: float
    inside: float
    around: float

    @property
    def apart(self) -> float:
        return self.inside - self.around


def _contrast(gray: NDArray[np.float32], mask: Booleans, deep: Booleans, wide: Booleans) -> _Contrast:
    values = gray[deep]
    middle = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - middle)))
    width = 2.5 * max(spread, 0.05 * max(middle, 1e-6))
    inside, around = (
        float((np.abs(gray[part] - middle) <= width).mean()) if part.any() else 0.0 for part in (mask, wide)
    )
    return _Contrast(spread / max(middle, 1e-6), inside, around)


def _orientation(own: float, turned: Mapping[tuple[int, ...], float]) -> Check:
    """Whether the mask would follow an organ far better mirrored on the image's own grid."""
    name, best = "liver orientation", max(turned, key=lambda axes: turned[axes])
    gain = turned[best] - own
    if gain > _TURNED and turned[best] >= _APART:
        how = " and ".join(_AXES[axis] for axis in best)
        sentence = (
            f"The mask would follow the liver far better turned {how}: "
            "the files of mask and image disagree about how the patient lies."
        )
        return Check.of_share(name, "stop", sentence, gain, _TURNED)
    return Check.of_share(name, "pass", "The mask follows the organ best as it lies.", gain, _TURNED)
