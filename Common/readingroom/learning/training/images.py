"""From a row of a cohort to pixels: the same that a reader makes of the study when it reads.

`prepared` gives gray levels from 0 to 1 in the input's size; `normalization` makes them what the network is given.
Between the two lies the augmentation. What `prepared` costs (decoding, resampling, finding the lungs) is paid once for
each image, see `picture_store`.
"""

from __future__ import annotations

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy import ndimage

from ...bundles.preprocessing import Preprocessing
from ...errors import InputError, ReadingRoomError
from ...imaging.display import Window
from ...imaging.open import open_image
from ...imaging.organ import box, breast_mask, evenly_spaced, lung_mask
from ...imaging.preprocessing import gray_levels, prepare, resize
from ...imaging.radiograph_loading import load_radiograph
from ...imaging.volume import load_mask, load_volume
from ..cohorts.cohort import Row
from ..protocols.training_protocol import Input

Pixels = NDArray[np.float32]

VERSION = 1  # of what `prepared` makes of a file: with another number, pictures that were kept are made again

_ORGANS = ("lungs", "lung", "liver", "breast", "organ")  # names of masks that say where to look, the first one wins


def prepared(row: Row, wanted: Input) -> Pixels:
    """Gray levels of a study, 0 to 1: ``[j, i]`` of a picture, ``[k, j, i]`` of slices and volumes.

    Pictures are prepared by `readingroom.imaging.preprocessing`; ``organ_crop`` cuts mammograms to the breast; a window
    is not applied to them, since a picture is shown as its file says. Slices of a CT are those in which lung fills at
    least ``least_organ``, cut to the box around the lungs (or around the row's own mask). A volume whose ``spacing``
    is given is cut or padded to the size about its center, else it is stretched or padded to it.

    Raises
    ------
    InputError : with a sentence that names the row, for whatever cannot be made into this input
    """
    try:
        return _picture(row, wanted) if wanted.kind == "picture" else _stack(row, wanted)
    except ReadingRoomError as error:
        raise type(error)(f"Study '{row.study_id}' of patient '{row.patient_id}': {error}") from error


def _picture(row: Row, wanted: Input) -> Pixels:
    gray = load_radiograph(open_image(row.image, "picture").image).gray
    settings = wanted.settings
    if settings.get("organ_crop"):
        gray = np.ascontiguousarray(gray[box(breast_mask(gray))])
    if "percentile_low" in settings or "percentile_high" in settings:
        gray = _scaled(gray, *_limits(gray, wanted))
    rows, columns = wanted.size
    if rows == columns and not settings.get("keep_aspect"):
        plain = Preprocessing("picture", (rows, columns), channels=1, preset=wanted.preset, normalize="none")
        return prepare(gray, plain).pixels[0]
    return _fitted(gray_levels(gray, wanted.preset), (rows, columns), bool(settings.get("keep_aspect")))


def _stack(row: Row, wanted: Input) -> Pixels:
    volume = _resampled(load_volume(row.image), wanted)
    voxels = SimpleITK.GetArrayFromImage(volume)
    low, high = _limits(voxels, wanted)
    settings = wanted.settings
    if settings.get("least_organ") or settings.get("organ_crop"):
        voxels = _of_organ(voxels, _organ(row, volume), wanted)
    gray = _scaled(voxels, low, high)
    if wanted.kind == "slices":
        chosen = gray[evenly_spaced(np.arange(len(gray)), int(settings.get("slices", len(gray))))]
        return np.stack([_fitted(slice_, wanted.size, bool(settings.get("keep_aspect"))) for slice_ in chosen])
    if any(f"spacing_{axis}" in settings for axis in "ijk"):
        return _centered(gray, wanted.size)
    return _zoomed(gray, wanted.size, bool(settings.get("keep_aspect")))


def _resampled(volume: SimpleITK.Image, wanted: Input) -> SimpleITK.Image:
    """On the spacing that the protocol asks for, linearly; as it is where it asks for none."""
    own = volume.GetSpacing()
    spacing = [wanted.settings.get(f"spacing_{axis}", own[place]) for place, axis in enumerate("ijk")]
    if spacing == list(own):
        return volume
    size = [max(round(n * before / after), 1) for n, before, after in zip(volume.GetSize(), own, spacing, strict=True)]
    return SimpleITK.Resample(
        volume,
        size,
        SimpleITK.Transform(),
        SimpleITK.sitkLinear,
        volume.GetOrigin(),
        spacing,
        volume.GetDirection(),
        float(SimpleITK.GetArrayViewFromImage(volume).min()),
        SimpleITK.sitkFloat32,
    )


def _organ(row: Row, volume: SimpleITK.Image) -> NDArray[np.bool_]:
    name = next((name for name in _ORGANS if name in row.masks), None)
    if name is not None:
        organ = load_mask(row.masks[name], volume)
        if not organ.any():
            raise InputError(f"The mask '{name}' is empty on this image.")
        return organ
    organ = lung_mask(volume)
    if not organ.any():
        raise InputError("No lungs were found in this image; give a mask_lungs (or mask_liver) in the table.")
    return organ


def _of_organ(voxels: Pixels, organ: NDArray[np.bool_], wanted: Input) -> Pixels:
    """The slices that hold enough of the organ; with ``organ_crop`` their part that holds it."""
    least = wanted.settings.get("least_organ", 0.0)
    shares = organ.mean(axis=(1, 2))
    kept = (shares > 0) & (shares >= least)
    if not kept.any():
        raise InputError(f"In no slice does the organ fill {least:.0%}; the most is {shares.max():.1%}.")
    voxels, organ = voxels[kept], organ[kept]
    if not wanted.settings.get("organ_crop"):
        return voxels
    _, rows, columns = box(organ)
    return voxels[:, rows, columns]


def _limits(values: Pixels, wanted: Input) -> tuple[float, float]:
    """The values that become 0 and 1."""
    settings = wanted.settings
    if "window_center" in settings and "window_width" in settings and wanted.kind != "picture":
        center, half = settings["window_center"], settings["window_width"] / 2
        return center - half, center + half
    if "intensity_low" in settings and "intensity_high" in settings:
        return settings["intensity_low"], settings["intensity_high"]
    if "percentile_low" in settings and "percentile_high" in settings:
        low, high = np.percentile(values, [settings["percentile_low"], settings["percentile_high"]])
        if low == high:
            raise InputError("The percentiles of the image are all the same: there is nothing in it to read.")
        return float(low), float(high)
    raise InputError("The protocol's input gives no window, no intensities and no percentiles to make gray levels of.")


def _scaled(values: Pixels, low: float, high: float) -> Pixels:
    return Window((low + high) / 2, high - low, "LINEAR_EXACT")(values)


def _fitted(gray: Pixels, size: tuple[int, ...], keep_aspect: bool) -> Pixels:
    """A picture of (rows, columns): stretched, or padded with black to the proportions and then resized."""
    rows, columns = size
    if keep_aspect:
        height, width = gray.shape
        full = (max(height, round(width * rows / columns)), max(width, round(height * columns / rows)))
        gray = _padded(gray, full)
    return resize(gray, (rows, columns))


def _zoomed(gray: Pixels, size: tuple[int, ...], keep_aspect: bool) -> Pixels:
    """A volume of (slices, rows, columns): linear between voxels, smoothed where it shrinks."""
    if keep_aspect:
        factor = max(n / wanted for n, wanted in zip(gray.shape, size, strict=True))
        gray = _padded(gray, tuple(max(round(wanted * factor), n) for n, wanted in zip(gray.shape, size, strict=True)))
    ratios = [n / wanted for n, wanted in zip(gray.shape, size, strict=True)]
    smooth = ndimage.gaussian_filter(gray, [max(ratio - 1, 0) / 2 for ratio in ratios], mode="nearest")
    image = SimpleITK.GetImageFromArray(smooth)
    zoomed = SimpleITK.Resample(
        image,
        list(reversed(size)),
        SimpleITK.Transform(),
        SimpleITK.sitkLinear,
        [(ratio - 1) / 2 for ratio in reversed(ratios)],  # centers stay at the centers of the parts they cover
        list(reversed(ratios)),
        image.GetDirection(),
        0.0,
        SimpleITK.sitkFloat32,
    )
    return np.clip(SimpleITK.GetArrayFromImage(zoomed), 0, 1)


def _centered(gray: Pixels, size: tuple[int, ...]) -> Pixels:
    """Cut to the size about the center where larger, padded with black where smaller."""
    cut = tuple(
        slice(max((n - wanted) // 2, 0), max((n - wanted) // 2, 0) + wanted)
        for n, wanted in zip(gray.shape, size, strict=True)
    )
    return _padded(gray[cut], size)


def _padded(gray: Pixels, size: tuple[int, ...]) -> Pixels:
    missing = [wanted - n for n, wanted in zip(gray.shape, size, strict=True)]
    return np.pad(gray, [(lack // 2, lack - lack // 2) for lack in missing])
