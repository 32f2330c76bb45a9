"""Where the breast of a mammogram is, which edge of the picture is the chest wall, and what is pectoral muscle.

All is found on a reduced picture: an outline needs no calcifications, and a mammogram has 12 million pixels.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from .blocks import resampled
from .organ import box

Booleans = NDArray[np.bool_]
Floats = NDArray[np.float32]
Numbers = NDArray[np.intp] | NDArray[np.float64]
Edge = Literal["left", "right"]

_LONGEST_SIDE = 400  # pixels of the reduced picture
_SMALLEST, _LARGEST = 0.02, 0.98  # shares of the picture that a breast may fill
_THIN = 2  # pixels of the reduced picture: letters and the edges of a film are thinner
_STRIP = 8  # half the width of labels and of fog along an edge, which may touch the breast
_NIPPLE = 6  # how far a nipple stands out
_BINS = 64  # of the gray values up to dense tissue
_MUSCLE_SIDE = 96  # pixels of the picture that the muscle is looked for in
_NARROWEST, _NARROWEST_UNASKED = 0.1, 0.25  # share of the breast's width, on an MLO view and where it may be none
_MUSCLE_EDGE = 0.03  # gray levels by which the muscle is brighter than what lies before it
_EDGE_BAND = 3.0  # pixels on each side of the muscle's edge that are compared


@dataclass(frozen=True, eq=False)
class Breast:
    """A breast on a mammogram.

    Parameters
    ----------
    small_mask : boolean ``[j, i]`` of cells that share the picture evenly: the breast with the muscle
    small_muscle : of the same cells, the pectoral muscle; empty where none is seen, as on most CC views
    shape : (rows, columns) of the picture
    chest_wall : the edge of the picture at which the chest wall is
    found : False where no outline could be found and all of the picture is taken
    """

    small_mask: Booleans
    small_muscle: Booleans
    shape: tuple[int, int]
    chest_wall: Edge
    found: bool = True

    @functools.cached_property
    def mask(self) -> Booleans:
        """``[j, i]`` of the picture: the breast with the muscle."""
        return self.small_mask[np.ix_(*self._cells(*map(np.arange, self.shape)))]

    @functools.cached_property
    def muscle(self) -> Booleans:
        """``[j, i]`` of the picture: the pectoral muscle."""
        return self.small_muscle[np.ix_(*self._cells(*map(np.arange, self.shape)))]

    @property
    def tissue(self) -> Booleans:
        """``[j, i]`` of the picture: the breast without the muscle."""
        return self.mask & ~self.muscle

    @property
    def box(self) -> tuple[slice, ...]:
        """The rows and columns of the picture that hold all of the tissue."""
        tissue = self.small_mask & ~self.small_muscle
        rows, columns = self._cells(*map(np.arange, self.shape))
        return box(np.any(tissue[rows], axis=1)) + box(np.any(tissue[:, columns], axis=0))

    def at(self, rows: Numbers, columns: Numbers) -> Breast:
        """The breast at these rows and columns of the picture alone; they may lie between two pixels."""
        places = np.ix_(*self._cells(rows, columns))
        shape = (len(rows), len(columns))
        return replace(self, small_mask=self.small_mask[places], small_muscle=self.small_muscle[places], shape=shape)

    def _cells(self, *pixels: Numbers) -> list[NDArray[np.intp]]:
        """In which row and column of cells these rows and columns of the picture lie."""
        sizes = zip(pixels, self.small_mask.shape, self.shape, strict=True)
        return [np.floor((own + 0.5) * (cells / size)).astype(np.intp) for own, cells, size in sizes]


def find_breast(gray: Floats, view: str = "") -> Breast:
    """The largest bright part of a mammogram ``[j, i]`` (0 to 1), without letters and markers.

    Where it is smaller or larger than any breast, all of the picture is taken, and `Breast.found` is False.

    Parameters
    ----------
    view : ``CC`` or ``MLO``, where it is known. The pectoral muscle is not looked for on a CC view, which seldom shows
        it: dense tissue there may look like it
    """
    small = reduced(gray, _LONGEST_SIDE)
    mask = _largest_part(small > _darkest_tissue(small))
    found = bool(_SMALLEST < mask.mean() < _LARGEST)
    if not found:
        mask = np.ones(small.shape, dtype=bool)
    chest_wall = _chest_wall(mask if found else small > float(np.median(small)))
    triangle = np.zeros(small.shape, dtype=bool)
    if found and view != "CC":
        triangle = _muscle(small, mask, chest_wall, _NARROWEST if view == "MLO" else _NARROWEST_UNASKED)
    return Breast(mask, triangle, (gray.shape[0], gray.shape[1]), chest_wall, found)


def with_tissue(found: Breast, tissue: Booleans) -> Breast:
    """The breast whose outline, without the muscle, a person drew; what is left of the muscle stays."""
    muscle = found.muscle & ~tissue
    return Breast(tissue | muscle, muscle, found.shape, _chest_wall(tissue | muscle))


def reduced(gray: Floats, longest: int) -> Floats:
    """A picture whose longer side has at most so many pixels, of averages."""
    rows, columns = gray.shape
    scale = longest / max(rows, columns)
    if scale >= 1:
        return gray
    return resampled(gray, (max(1, round(rows * scale)), max(1, round(columns * scale))), Image.Resampling.BOX)


def otsu(values: NDArray[np.floating]) -> float:
    """Otsu's threshold (1979), which finds two classes wherever it is asked."""
    line = SimpleITK.GetImageFromArray(np.ascontiguousarray(values, dtype=np.float32).reshape(1, -1))
    threshold = SimpleITK.OtsuThresholdImageFilter()
    threshold.Execute(line)
    return float(threshold.GetThreshold())


def _darkest_tissue(small: Floats) -> float:
    """The gray value that tells skin and fat from the black around the breast.

    The first threshold tells dense tissue from the rest. Of the rest, the film's own black is the highest peak in the
    lowest quarter: what lies around the film on the scanner may be darker. Tissue is what lies above its spread, and
    above a twentieth of the way to the bright part.
    """
    first = otsu(small)
    dark, bright = small[small <= first], small[small > first]
    if not len(dark) or not len(bright):
        return first
    counts, edges = np.histogram(dark, bins=_BINS)
    smooth = ndimage.uniform_filter1d(counts.astype(float), 3, mode="constant")
    peaks = (smooth >= 0.01 * small.size) & (smooth >= ndimage.maximum_filter1d(smooth, 5))
    low = np.flatnonzero(peaks[: _BINS // 4])
    place = int(low[-1]) if len(low) else int(smooth.argmax())
    black = float(edges[place] + edges[place + 1]) / 2
    falling = np.flatnonzero(np.diff(smooth[: place + 1]) < 0)
    valley = float(edges[falling[-1] + 2]) if len(falling) else float(edges[0])
    below = dark[(dark <= black) & (dark >= valley)]
    spread = float(np.sqrt(np.mean((below - black) ** 2))) if len(below) else 0.0
    return min(first, black + max(4 * spread, 0.05 * (float(np.median(bright)) - black)))


def _largest_part(bright: Booleans) -> Booleans:
    """Without what is thin beside it; its holes are filled.

    A nipple is thin as well: what lies next to the thick part is kept.
    """
    bright = _opened(bright, _THIN)
    thick = _largest(_opened(bright, _STRIP))
    kept = ndimage.binary_dilation(thick, iterations=_NIPPLE) & bright
    return np.asarray(ndimage.binary_fill_holes(_largest(kept)))


def _opened(mask: Booleans, radius: int) -> Booleans:
    """Without what no disk of this radius fits into.

    A breast may go on above and below; a strip along the chest wall does not become wider there.
    """
    padded = np.pad(np.pad(mask, ((radius, radius), (0, 0)), mode="symmetric"), ((0, 0), (radius, radius)))
    inside = ndimage.distance_transform_edt(np.pad(padded, 1)) > radius
    found = ndimage.distance_transform_edt(~inside) <= radius
    return np.asarray(found[radius + 1 : -radius - 1, radius + 1 : -radius - 1])


def _largest(mask: Booleans) -> Booleans:
    parts, _ = ndimage.label(mask)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return np.asarray((parts == sizes.argmax()) & mask)


def _chest_wall(mask: Booleans) -> Edge:
    """The side at which the breast is higher: at the other one it ends in the nipple."""
    heights = mask.sum(axis=0)
    held = np.flatnonzero(heights)
    if not len(held):
        return "left"
    part = max(1, (held[-1] + 1 - held[0]) // 8)
    left, right = heights[held[0] : held[0] + part].mean(), heights[held[-1] + 1 - part : held[-1] + 1].mean()
    return "left" if left >= right else "right"


def _muscle(small: Floats, mask: Booleans, chest_wall: Edge, least: float) -> Booleans:
    """The triangle in the upper corner at the chest wall whose straight edge is the sharpest, if there is one.

    Lines from the upper edge of the breast down to the chest wall are tried: the muscle is bright all along the line,
    and what lies before it is darker.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    if len(rows) < 8 or len(columns) < 8:
        return np.zeros(mask.shape, dtype=bool)
    top, left, right = rows[0], columns[0], columns[-1] + 1
    part, inside = small[top : rows[-1] + 1, left:right], mask[top : rows[-1] + 1, left:right]
    if chest_wall == "right":
        part, inside = part[:, ::-1], inside[:, ::-1]
    across, down = _best_line(reduced(np.ascontiguousarray(part), _MUSCLE_SIDE), _shrunk(inside), least)
    found = np.zeros(mask.shape, dtype=bool)
    if not across:
        return found
    y, x = ((np.arange(size) + 0.5) / size for size in part.shape)
    triangle = x[None] / across + y[:, None] / down < 1
    if chest_wall == "right":
        triangle = triangle[:, ::-1]
    found[top : rows[-1] + 1, left:right] = triangle
    return found & mask


def _shrunk(mask: Booleans) -> Booleans:
    return np.asarray(reduced(np.ascontiguousarray(mask, dtype=np.float32), _MUSCLE_SIDE) > 0.5)


def _best_line(part: Floats, inside: Booleans, least: float) -> tuple[float, float]:
    """Where the muscle's edge meets the upper edge and the chest wall, in shares of both; zeros where there is none."""
    smooth = ndimage.gaussian_filter(part, 1)
    within = inside.astype(np.float32)
    height, width = part.shape
    across, down = (
        line[:, None]
        for line in map(np.ravel, np.meshgrid(np.linspace(least, 0.9, 33), np.linspace(least + 0.1, 0.95, 31)))
    )
    along = np.linspace(0.08, 0.92, 24)
    x, y = across * width * (1 - along), down * height * along
    normal = np.hypot(down * height, across * width)
    dx, dy = _EDGE_BAND * down * height / normal, _EDGE_BAND * across * width / normal
    steps = _sampled(smooth, x - dx, y - dy) - _sampled(smooth, x + dx, y + dy)
    counted = _sampled(within, x + dx, y + dy) > 0.5  # the skin is an edge as well
    # The corner itself is muscle: on a CC view it lies outside of the breast.
    corner = [(share * x, share * y) for share in (0.02, 0.1, 0.5, 0.8)]
    whole = np.minimum.reduce([_sampled(within, *places).min(axis=1) for places in corner]) > 0.5
    bright = np.mean([_sampled(smooth, *places).mean(axis=1) for places in corner], axis=0)
    whole &= bright > float(np.median(smooth[inside]))
    steps = np.where(counted, steps, np.nan)
    usable = whole & (counted.mean(axis=1) >= 0.6)
    if not usable.any():
        return 0.0, 0.0
    steps = steps[usable]
    # An edge that is there nearly everywhere counts for more than one that is strong in places.
    limit = 3 * np.maximum(np.nanmedian(steps, axis=1, keepdims=True), 0)
    strength = np.nanmean(np.minimum(steps, limit), axis=1)
    strength[np.sum(steps > 0, axis=1) <= 0.75 * counted[usable].sum(axis=1)] = 0
    best = int((strength * np.sqrt(normal[usable][:, 0])).argmax())  # a long edge is more than a short one
    if strength[best] <= _MUSCLE_EDGE:
        return 0.0, 0.0
    return float(across[usable][best, 0]), float(down[usable][best, 0])


def _sampled(values: Floats, x: NDArray[np.floating], y: NDArray[np.floating]) -> Floats:
    return np.asarray(ndimage.map_coordinates(values, [y - 0.5, x - 0.5], order=1, mode="nearest"))
