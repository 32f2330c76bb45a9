"""Abdomens on MR with a liver whose fat, cirrhosis and hepatocellular carcinoma are known to the voxel.

Each tissue has a water signal for each sequence and a share of fat; fat adds to water in phase, takes away from it out
of phase and hardly counts where it is saturated, so that steatosis shows on each sequence as physics has it. A likeness
for tests and demonstrations: who learned from it has seen no patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .fibrosis_ct import Floats, Mask, Spacing, axes, smooth_noise

Sequence = Literal["T2", "T2-fat-saturated", "T1-in-phase", "T1-opposed-phase", "T1-portal-venous"]
SEQUENCES: tuple[Sequence, ...] = get_args(Sequence)

_WEIGHTING = {
    "T2": 0,
    "T2-fat-saturated": 0,
    "T1-in-phase": 1,
    "T1-opposed-phase": 1,
    "T1-portal-venous": 2,
}
# How fat's own signal counts beside that of water. Dynamic imaging is done with fat saturation.
_FAT_COUNTS = {
    "T2": 1.0,
    "T2-fat-saturated": 0.07,
    "T1-in-phase": 1.0,
    "T1-opposed-phase": -1.0,
    "T1-portal-venous": 0.07,
}
_FAT_SIGNAL = (620.0, 640.0, 640.0)
# Signal of a tissue's water on T2, T1 and portal-venous T1 in the scanner's arbitrary units, and its share of fat.
_TISSUES: tuple[tuple[tuple[float, float, float], float], ...] = (
    ((0, 0, 0), 0.0),  # air
    ((120, 150, 160), 0.93),  # fat
    ((100, 260, 330), 0.03),  # muscle
    ((12, 12, 14), 0.0),  # lung
    ((170, 190, 230), 0.4),  # bone marrow
    ((820, 110, 115), 0.0),  # fluid
    ((60, 140, 880), 0.0),  # blood that flows
    ((200, 420, 620), 0.0),  # liver
    ((420, 290, 650), 0.0),  # spleen
    ((520, 300, 820), 0.0),  # kidney
    ((240, 270, 420), 0.0),  # bowel
)
_AIR, _FAT, _MUSCLE, _LUNG, _MARROW, _FLUID, _BLOOD, _LIVER, _SPLEEN, _KIDNEY, _BOWEL = range(len(_TISSUES))
# Hepatocellular carcinoma and its capsule against liver without fat: fairly bright on T2, washed out when veins fill.
_NODULE, _CAPSULE = (1.65, 0.72, 0.7), (0.9, 0.8, 1.05)
_SEPTA = (1.4, 0.85, 1.15)  # of a cirrhotic liver against its regenerative nodules


@dataclass(frozen=True, eq=False)
class AbdomenMR:
    """A phantom: int16 ``[k, j, i]`` in arbitrary units, and masks of the same shape; ``i`` runs to the patient's left,
    ``j`` to the back, ``k`` to the head. ``spacing`` of k, j and i in mm. ``nodules`` are part of ``liver``."""

    pixels: NDArray[np.int16]
    body: Mask
    liver: Mask
    spleen: Mask
    right_kidney: Mask
    left_kidney: Mask
    nodules: Mask
    spacing: Spacing
    sequence: Sequence

    @property
    def nodules_ml(self) -> float:
        return float(self.nodules.sum() * np.prod(self.spacing) / 1000)


def abdomen_mr(
    seed: int,
    *,
    nodules_ml: float = 0.0,
    fat: float = 0.0,
    cirrhosis: float = 0.0,
    sequence: Sequence = "T2",
    shape: tuple[int, int, int] = (40, 112, 144),
    spacing: Spacing = (6.0, 2.8, 2.8),
    bias: float = 0.15,
) -> AbdomenMR:
    """An abdomen of another build for each seed, from the lungs' bases to below the liver.

    With or without disease, livers have vessels and may have cysts: what a network must not take for a tumor.

    Parameters
    ----------
    nodules_ml : volume of all hepatocellular carcinomas (one to three)
    fat : share of the liver's signal that fat gives, 0 to 0.5; above 0.05 is steatosis
    cirrhosis : from 0, none, to 1: an uneven surface, septa, a small right lobe and a large spleen
    bias : deviation of the logarithm of the bias field in the body

    Raises
    ------
    ValueError : the liver cannot hold so much; a share or grade outside its range
    """
    _checked(nodules_ml, fat, cirrhosis)
    random = np.random.default_rng(seed)
    tissue, organs = _anatomy(random, shape, spacing, cirrhosis)
    which = _WEIGHTING[sequence]
    signals = np.array([_mixed(water[which], share, sequence) for water, share in _TISSUES])
    signals *= np.where(np.arange(len(signals)) == _LIVER, 1.0, random.uniform(0.93, 1.07, len(signals)))
    signal = signals[tissue]
    signal *= 1 + 0.04 * smooth_noise(random, shape, spacing, 9.0)
    free = organs["liver"] & (tissue != _FLUID)
    fatty = tissue == _LIVER
    signal, nodules = _diseased(
        signal, signals[_LIVER], 0.0, free, fatty, spacing, random, nodules_ml, fat, cirrhosis, sequence
    )
    image = _scanned(signal, organs["body"], spacing, bias, random)
    return AbdomenMR(image, **organs, nodules=nodules, spacing=spacing, sequence=sequence)


def plant(
    pixels: NDArray[np.integer] | NDArray[np.floating],
    liver: Mask,
    spacing: Spacing,
    seed: int,
    *,
    nodules_ml: float = 0.0,
    fat: float = 0.0,
    cirrhosis: float = 0.0,
    sequence: Sequence = "T2",
) -> tuple[NDArray, Mask]:
    """A real MR with disease put into its liver, which keeps the image's bias field, noise and surface.

    Returns
    -------
    values ``[k, j, i]`` of the type of ``pixels``, and the mask of the nodules

    Raises
    ------
    ValueError : as `abdomen_mr`
    """
    _checked(nodules_ml, fat, cirrhosis)
    values = np.asarray(pixels, dtype=np.float64)
    inside = np.clip(values, None, np.quantile(values[liver], 0.95) if liver.any() else None)
    far, near = [15.0 / step for step in spacing], [0.0, 1.0, 1.0]
    share = ndimage.gaussian_filter(liver.astype(np.float64), far)
    level = ndimage.gaussian_filter(np.where(liver, inside, 0.0), far) / np.maximum(share, 1e-6)
    grain = values - ndimage.gaussian_filter(values, near)
    random = np.random.default_rng(seed)
    changed, nodules = _diseased(
        values, level, grain, liver, liver, spacing, random, nodules_ml, fat, cirrhosis, sequence
    )
    if np.issubdtype(pixels.dtype, np.integer):
        changed = np.clip(np.rint(changed), pixels.min(), pixels.max())
    return np.where(liver, changed, pixels).astype(pixels.dtype), nodules


def _checked(nodules_ml: float, fat: float, cirrhosis: float) -> None:
    if not (nodules_ml >= 0 and 0 <= fat <= 0.5 and 0 <= cirrhosis <= 1):
        raise ValueError(f"No liver has {nodules_ml:g} mL of nodules, a fat share of {fat:g}, cirrhosis {cirrhosis:g}.")


def _mixed(water: float, fat: float, sequence: Sequence) -> float:
    """Signal of a tissue with that share of fat."""
    return abs(water * (1 - fat) + _FAT_COUNTS[sequence] * _FAT_SIGNAL[_WEIGHTING[sequence]] * fat)


def _diseased(
    signal: Floats,
    level: Floats | float,
    grain: Floats | float,
    free: Mask,
    fatty: Mask,
    spacing: Spacing,
    random: np.random.Generator,
    nodules_ml: float,
    fat: float,
    cirrhosis: float,
    sequence: Sequence,
) -> tuple[Floats, Mask]:
    """The signal with what was asked for; ``level`` is that of the liver around a voxel, ``grain`` what noise there is,
    ``free`` where nodules may lie and ``fatty`` the parenchyma."""
    which, shape = _WEIGHTING[sequence], signal.shape
    healthy = _TISSUES[_LIVER][0][which]
    signal = signal.copy()
    signal[fatty] *= _mixed(healthy, fat, sequence) / healthy
    if cirrhosis > 0:
        septa = np.exp(-((smooth_noise(random, shape, spacing, 9.0) / 0.35) ** 2))
        signal[fatty] *= (1 + cirrhosis * (_SEPTA[which] - 1) * septa)[fatty]
    nodules = _nodules(free, nodules_ml, spacing, random)
    if nodules.any():
        rim = nodules & ~ndimage.binary_erosion(nodules, np.ones((1, 3, 3)))
        core = _NODULE[which] * random.uniform(0.9, 1.1) * (1 + 0.1 * smooth_noise(random, shape, spacing, 7.0))
        share = min(1.5 / spacing[2], 1.0)  # of a voxel's width that the capsule has
        wanted = level * np.where(rim, share * _CAPSULE[which] + (1 - share) * core, core)
        signal[nodules] = (wanted + grain)[nodules]
    return signal, nodules


def _nodules(free: Mask, ml: float, spacing: Spacing, random: np.random.Generator) -> Mask:
    """One to three lumps of that volume in all, apart where there is room."""
    count = max(round(ml * 1000 / float(np.prod(spacing))), 1) if ml > 0 else 0
    if count > free.sum() / 2:
        raise ValueError(
            f"{ml:g} mL of nodules do not fit into {free.sum() * np.prod(spacing) / 1000:.0f} mL of liver."
        )
    nodules = np.zeros(free.shape, dtype=bool)
    if not count:
        return nodules
    uneven = smooth_noise(random, free.shape, spacing, 12.0)
    depth = ndimage.distance_transform_edt(free, spacing)
    shares = random.dirichlet([3.0] * int(random.integers(1, 4 if ml > 6 else 2)))
    sizes = [max(int(share * count), 1) for share in shares[1:]]
    for size in (count - sum(sizes), *sizes):
        radius = (3 * size * float(np.prod(spacing)) / (4 * np.pi)) ** (1 / 3)
        room = depth * ~nodules
        if nodules.any():
            room = np.minimum(room, ndimage.distance_transform_edt(~nodules, spacing))
        places = np.argwhere(room >= min(0.8 * radius, 0.95 * room.max()))
        place = places[random.integers(len(places))]
        z, y, x = (
            ((np.arange(length) - at) * step).reshape([-1 if axis == other else 1 for other in range(3)])
            for axis, (length, at, step) in enumerate(zip(free.shape, place, spacing, strict=True))
        )
        far = np.sqrt(z**2 + y**2 + x**2) + 0.15 * radius * uneven
        far[~free | nodules] = np.inf
        nodules |= far <= np.partition(far.ravel(), size - 1)[size - 1]
    return nodules


def _anatomy(
    random: np.random.Generator, shape: tuple[int, ...], spacing: Spacing, cirrhosis: float
) -> tuple[NDArray[np.uint8], dict[str, Mask]]:
    """What tissue lies where, and the organs. Places in mm from the middle of the body: x to the left, y back, z up."""
    build = random.uniform(0.92, 1.08, 3)
    z, y, x = (axis / scale for axis, scale in zip(axes(shape, spacing), build, strict=True))

    def ball(middle: tuple[float, float, float], radii: tuple[float, float, float], jitter: float = 0.0) -> Floats:
        """Millimeters below the surface of an ellipsoid, about; negative outside."""
        (a, b, c), (r, s, t) = np.array(middle) + random.uniform(-jitter, jitter, 3), radii
        return np.asarray((1 - np.sqrt(((x - a) / r) ** 2 + ((y - b) / s) ** 2 + ((z - c) / t) ** 2)) * min(radii))

    def column(a: float, b: float, r: float, s: float) -> Floats:
        return np.asarray(1 - np.sqrt(((x - a) / r) ** 2 + ((y - b) / s) ** 2 + 0 * z))

    skin = random.uniform(9, 25)
    body = column(0, 0, 170, 114) > 0
    wall = column(0, 0, 170 - skin, 114 - skin) > 0
    cavity = column(0, -4, 158 - skin, 98 - skin) > 0
    domes = [height - 0.006 * ((x - at) ** 2 + y**2) for at, height in ((-72, 90), (75, 80 + random.uniform(-8, 6)))]
    diaphragm = z - np.maximum(*domes)  # mm above it

    spleen_size = (1 + 0.35 * cirrhosis) * random.uniform(0.85, 1.1)
    spine, canal = column(0, 52, 21, 19) > 0, column(0, 80, 9, 8) > 0
    psoas = (column(-36, 58, 15, 20) > 0) | (column(36, 58, 15, 20) > 0)
    kidneys = [ball((side * 60, 44, low), (25, 23, 52), 4) for side, low in ((-1, -52), (1, -42))]
    spleen = ball((98, 38, 28), (27 * spleen_size, 42 * spleen_size, 46 * spleen_size), 4)
    stomach = ball((52, -22, 30), (44, 36, 46), 6)
    gallbladder = ball((-42, -42, -30), (13, 15, 26), 5)
    cava, aorta = column(-22, 32, 12, 10) > 0, column(12, 28, 10, 10) > 0
    heart = ball((22, -25, 112), (60, 46, 42))

    uneven = smooth_noise(random, shape, spacing, 14.0)
    right = ball((-72, 0, 5), (66 - 8 * cirrhosis, 76 - 6 * cirrhosis, 94 - 8 * cirrhosis), 4)
    left = ball((2, -40, 26), (66 + 8 * cirrhosis, 34 + 4 * cirrhosis, 36 + 4 * cirrhosis), 5)
    lower = z + 75 - 0.5 * np.clip(x + 110, 0, None)  # the lower border rises toward the left
    inside = np.minimum(np.maximum(right, left), np.minimum(lower, -diaphragm - 3))
    apart = kidneys[0] > -4, kidneys[1] > -4, gallbladder > -2, spine, psoas, cava, aorta
    liver = (inside + (1 + 4 * cirrhosis) * uneven > 0) & cavity & ~np.logical_or.reduce(apart)
    labels, count = ndimage.label(liver)
    liver = labels == np.argmax(np.bincount(labels.ravel())[1:]) + 1 if count else liver

    tissue = np.zeros(shape, dtype=np.uint8)
    lungs = cavity & (diaphragm > 0)
    abdomen = cavity & ~lungs
    spleen_mask = (spleen > 0) & abdomen & (diaphragm < -3) & ~liver & (kidneys[1] < -3)
    right_kidney, left_kidney = ((kidney > 0) & abdomen & ~spine for kidney in kidneys)
    gut = smooth_noise(random, shape, spacing, 22.0)
    drawn = (
        (body, _FAT), (wall, _MUSCLE), (cavity, _FAT), (lungs, _LUNG), (lungs & (heart > 0), _BLOOD),
        (abdomen & (z < -5) & (y < 40) & (gut > -0.1), _BOWEL), (abdomen & (z < -5) & (y < 40) & (gut > 0.7), _FLUID),
        (psoas & wall, _MUSCLE), (spine, _MARROW), (canal, _FLUID), (abdomen & (stomach > 0), _BOWEL),
        (abdomen & (stomach > 4) & (y > -22), _FLUID), (abdomen & (stomach > 4) & (y <= -22), _AIR), (liver, _LIVER),
        (spleen_mask, _SPLEEN), (right_kidney | left_kidney, _KIDNEY),
        *(((ball((side * 56, 44, low), (8, 9, 20)) > 0) & kidney, _FAT)
          for side, low, kidney in ((-1, -52, right_kidney), (1, -42, left_kidney))),
        ((gallbladder > 0) & abdomen, _FLUID), (cava | aorta, _BLOOD), (_vessels(x, y, z) & abdomen, _BLOOD),
        (_cysts(liver, spacing, random), _FLUID),
    )  # fmt: skip
    for mask, value in drawn:
        tissue[mask & body] = value
    fine = np.hypot(uneven, gut) < 0.1  # curves in space, where two fields are near zero: branches of vessels
    tissue[fine & (tissue == _LIVER)] = _BLOOD
    left_kidney &= ~spleen_mask
    organs = {
        "body": body, "liver": liver & ~cava, "spleen": spleen_mask, "right_kidney": right_kidney & ~liver,
        "left_kidney": left_kidney,
    }  # fmt: skip
    return tissue, organs


def _vessels(x: Floats, y: Floats, z: Floats) -> Mask:
    """The portal vein with its two branches, and three hepatic veins that meet in the vena cava."""
    hilum, top = (-38.0, 0.0, 0.0), (-24.0, 28.0, 62.0)
    pieces = (
        ((8.0, 18.0, -25.0), hilum, 6.5), (hilum, (-95.0, 5.0, 8.0), 5.0), (hilum, (10.0, -40.0, 20.0), 4.0),
        (top, (-105.0, 15.0, 25.0), 4.5), (top, (-70.0, -45.0, 20.0), 4.5), (top, (5.0, -45.0, 35.0), 4.0),
    )  # fmt: skip
    drawn = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), dtype=bool)
    for start, end, radius in pieces:
        way = np.subtract(end, start)
        a, b, c = x - start[0], y - start[1], z - start[2]
        along = np.clip((a * way[0] + b * way[1] + c * way[2]) / (way @ way), 0, 1)
        away = (a - along * way[0]) ** 2 + (b - along * way[1]) ** 2 + (c - along * way[2]) ** 2
        drawn |= away < (radius * (1.15 - 0.5 * along)) ** 2
    return drawn


def _cysts(liver: Mask, spacing: Spacing, random: np.random.Generator) -> Mask:
    """Round, of water, in two of five livers."""
    cysts = np.zeros(liver.shape, dtype=bool)
    if not liver.any() or random.uniform() > 0.4:
        return cysts
    z, y, x = axes(liver.shape, spacing)
    for _ in range(random.integers(1, 4)):
        k, j, i = np.argwhere(liver)[random.integers(int(liver.sum()))]
        away = (z - z[k]) ** 2 + (y - y[:, j]) ** 2 + (x - x[..., i]) ** 2
        cysts |= away < random.uniform(3, 10) ** 2
    return cysts & liver


def _scanned(
    signal: Floats, body: Mask, spacing: Spacing, bias: float, random: np.random.Generator
) -> NDArray[np.int16]:
    """As a scanner shows it: blurred in the plane, under a bias field, with Rician noise, in units of its own."""
    image = ndimage.gaussian_filter(signal, [0.0, *(1.3 / step for step in spacing[1:])])
    z, y, x = (axis / max(np.abs(axis).max(), 1) for axis in axes(signal.shape, spacing))
    terms = z, y, x, y * x, z * y, z * x, z**2, y**2, x**2
    field = sum(weight * term for weight, term in zip(random.uniform(-1, 1, len(terms)), terms, strict=True))
    field = np.broadcast_to(field, signal.shape)
    field = (field - field[body].mean()) / max(field[body].std(), 1e-6)
    image *= np.exp(bias * field)
    deviation = random.uniform(8, 18)
    real, imaginary = deviation * random.standard_normal((2, *signal.shape))
    return np.rint(np.hypot(image + real, imaginary) * random.uniform(0.6, 1.6)).clip(0, 32_767).astype(np.int16)
