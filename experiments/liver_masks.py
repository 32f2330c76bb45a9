"""What is refused as a liver, and how well a liver is grown from one point, as ``docs/liver-mask.md``.

python -m experiments.liver_masks --data FOLDER [--page docs/liver-mask.md]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy import ndimage

from readingroom.errors import InputError
from readingroom.imaging.liver import grow_liver
from readingroom.imaging.nifti_labels import nifti_label_names
from readingroom.imaging.volume import Volume, load_volume
from readingroom.phantoms.abdomen_mr import SEQUENCES, AbdomenMR, abdomen_mr
from readingroom.trust.liver_checks import liver_checks

Booleans = NDArray[np.bool_]

_DISEASES: Mapping[str, Mapping[str, float]] = {
    "healthy": {},
    "steatosis (25 % fat)": {"fat": 0.25},
    "cirrhosis": {"cirrhosis": 0.8},
    "tumors (80 mL)": {"nodules_ml": 80.0},
}
_SEED = 3  # build of the phantoms
_POINTS = 8  # in the real liver, drawn with seed 0
_DEEP = 10.0  # mm from its border
_CLICKS, _INSIDE = 4, 8.0  # into each phantom, and how many mm from the border of its liver
# On the T2 without a mask: mm to the left, back and head, from dome to tip.
_ON_T2 = ((-134.8, -3.7, -88.0), (-134.0, -3.0, -24.0), (-86.9, -24.2, -40.0))

_PAGE = """# The liver's mask

Written by `python -m experiments.liver_masks`; the numbers are of the public images named here and of phantoms.
Liver HCC reads inside a mask of the liver. It can be

- a segment of the scene, or a file: NRRD, NIfTI, DICOM SEG, RTSTRUCT. Where a file names its structures the one
  called *liver* is taken, or the one that you name (`--mask liver=FILE::NAME`); a number
  alone never decides, and of a file that names nothing all that is not 0 is marked;
- grown from one click (*Grow from one click* in the panel, `--grow liver=X,Y,Z` on the shell: millimeters to
  the patient's left, back and head, as in DICOM; Slicer shows right, front and head, so turn the first two
  signs). It is a first guess: correct it in Segment Editor, and read again;
- TotalSegmentator's, when no mask is given, where its package (which Slicer's extension installs) and its
  weights of the task `total_mr` are there. Nothing is downloaded for it; `totalseg_download_weights -t
  total_mr` fetches them. Unless you set `send_usage_stats` in its own `config.json` to false, that program
  tells its makers that it ran (no images).

Every mask is checked before the network is asked. A check that says *stop* ends the read, unless you read on
all the same.

## Other organs offered as the liver

On a real MR (TotalSegmentator's example, a slab of 6 cm, its own labels): {mr_refused} of {mr_others} other
structures are refused, the liver is not. {warned}

| structure | mL | refused for |
| --- | --- | --- |
{mr}

On a real CT of the trunk, whose {ct_others} other structures give more shapes and places, {ct_refused} are
refused and the liver is not{ct_missed}. On phantoms (five sequences, four states of the liver, one build)
{organs_refused} of {organs} spleens and kidneys are refused and {livers_passed} of {livers} livers pass.

## Masks that do not fit

| mask | on the real MR | on a phantom (T2) |
| --- | --- | --- |
{spoiled}

**A mask moved by a centimeter or two, or of half the liver, is at most warned of: look at it.** A mask that is mirrored
on the grid of its image, as where two files write the orientation differently, is refused: the gray values that it
would hold the other way round give it away.

## Grown from one point

Overlap (Dice) with the true liver of phantoms, the lowest of {clicks} clicks: the point deepest in it, and others
drawn at least 8 mm inside, behind its vessels too:

| sequence | {diseases} |
| --- |{dashes}
{grown}

On the real MR, from {points} points at least 10 mm inside its liver: Dice {real_low:.2f} to {real_high:.2f}
with TotalSegmentator's label, of which the left lobe is a separate piece in the slab that one point cannot
reach. On the T2 of another patient, which has no mask to compare with, three points from dome to tip gave
{t2_low:.0f} to {t2_high:.0f} mL that overlap by at least {t2_dice:.2f}. Expect it to miss parts behind thick
vessels, and to take in what touches the liver and is as gray: stomach, muscle between the ribs; of a fatty liver on
opposed-phase images also the heart, whose blood is then as dark, through the diaphragm.
"""


@dataclass(frozen=True)
class Said:
    """What the checks say of a mask."""

    stops: tuple[str, ...]
    warns: tuple[str, ...]

    @property
    def words(self) -> str:
        if self.stops:
            return "refused: " + ", ".join(self.stops)
        return "warned: " + ", ".join(self.warns) if self.warns else "passes"


def said(mask: Booleans, volume: Volume) -> Said:
    """The checks of a mask that stop, and those that warn, by name."""
    checks = liver_checks(mask, volume)
    stops, warns = (
        tuple(check.name.removeprefix("liver ") for check in checks if check.status == status)
        for status in ("stop", "warn")
    )
    return Said(stops, warns)


def dice(one: Booleans, other: Booleans) -> float:
    """Overlap of two masks, 0 to 1."""
    return 2 * int((one & other).sum()) / max(int(one.sum()) + int(other.sum()), 1)


def labeled(folder: Path, image: str, labels: str) -> tuple[Volume, dict[str, Booleans]]:
    """An image of TotalSegmentator's examples, and its structures by the names in the file."""
    path = folder / f"{labels}.nii.gz"
    values = SimpleITK.GetArrayFromImage(SimpleITK.DICOMOrient(SimpleITK.ReadImage(str(path)), "LPS"))
    there = set(np.unique(values).tolist())
    structures = {name: values == label for label, name in nifti_label_names(path).items() if label in there}
    return load_volume(folder / f"{image}.nii.gz"), structures


def volume_of(phantom: AbdomenMR) -> Volume:
    """The phantom as it would be loaded."""
    image = SimpleITK.GetImageFromArray(phantom.pixels.astype(np.float32))
    image.SetSpacing(tuple(reversed(phantom.spacing)))
    return Volume(image)


def depth(mask: Booleans, image: SimpleITK.Image) -> NDArray[np.float64]:
    """How far inside a mask its voxels lie, mm."""
    spacing = tuple(reversed(image.GetSpacing()))
    return np.asarray(ndimage.distance_transform_edt(np.pad(mask, 1), spacing)[1:-1, 1:-1, 1:-1])


def point_of(index: NDArray[np.int64], image: SimpleITK.Image) -> tuple[float, ...]:
    """Where a voxel ``k, j, i`` lies, LPS in mm."""
    return tuple(image.TransformIndexToPhysicalPoint([int(part) for part in reversed(index)]))


def spoiled(liver: Booleans, volume: Volume, strange: Booleans) -> Iterator[tuple[str, Booleans]]:
    """Masks that are no longer those of the liver, with their titles."""
    step = float(volume.image.GetSpacing()[0])
    half = liver.copy()
    half[: round(float(np.nonzero(liver)[0].mean()))] = False
    yield "the liver itself", liver
    yield "left to right", liver[:, :, ::-1]
    yield "back to front", liver[:, ::-1]
    yield "upside down", liver[::-1]
    yield "back to front and left to right", liver[:, ::-1, ::-1]
    for mm in (15, 30, 45):
        yield f"{mm} mm to the left", np.roll(liver, round(mm / step), axis=2)
    yield "its upper half", half
    factors = [own / other for own, other in zip(map(int, liver.shape), map(int, strange.shape), strict=True)]
    yield "the liver of another study", ndimage.zoom(strange.astype(np.uint8), factors, order=0) > 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--page", type=Path, default=Path("docs/liver-mask.md"))
    options = parser.parse_args()
    options.page.write_text(page(options.data), encoding="utf-8")


def page(data: Path) -> str:
    """The page."""
    folder = data / "totalseg_examples"
    mr, organs = labeled(folder, "example_mr_sm", "example_seg_mr")
    ct, others = labeled(folder, "example_ct", "example_seg_fast_force_split")
    milliliter = float(np.prod(mr.image.GetSpacing())) / 1000
    of_mr = {name: said(mask, mr) for name, mask in organs.items()}
    of_ct = {name: said(mask, ct) for name, mask in others.items()}
    taken = [name for name, one in of_ct.items() if not one.stops and name != "liver"]
    phantoms = [
        (sequence, disease, abdomen_mr(_SEED, sequence=sequence, **facts))  # type: ignore[arg-type]  # shares and volumes alone
        for sequence in SEQUENCES
        for disease, facts in _DISEASES.items()
    ]
    volumes = [volume_of(phantom) for _, _, phantom in phantoms]
    neighbors = [said(organ, volume) for (_, _, p), volume in zip(phantoms, volumes, strict=True)
                 for organ in (p.spleen, p.right_kidney, p.left_kidney)]  # fmt: skip
    livers = [said(p.liver, volume) for (_, _, p), volume in zip(phantoms, volumes, strict=True)]
    overlaps: dict[tuple[str, str], float] = {}
    for (sequence, disease, phantom), volume in zip(phantoms, volumes, strict=True):
        overlaps[sequence, disease] = min(
            grown_overlap(phantom.liver, volume, click)
            for click in clicks_in(phantom.liver & ~phantom.nodules, volume.image)
        )
    real = real_overlaps(organs["liver"], mr)
    t2 = load_volume(data / "abdomen_mr" / "CMB-CRC_SCAN_001" / "t2_image_dicom")
    found = [grow_liver(t2.image, point) for point in _ON_T2]
    t2_ml = [float(mask.sum()) * float(np.prod(t2.image.GetSpacing())) / 1000 for mask in found]
    on_mr = list(spoiled(organs["liver"], mr, others["liver"]))
    on_phantom = list(spoiled(phantoms[0][2].liver, volumes[0], others["liver"]))
    rows = [f"| {title} | {said(mask, mr).words} | {said(own, volumes[0]).words} |"
            for (title, mask), (_, own) in zip(on_mr, on_phantom, strict=True)]  # fmt: skip
    return _PAGE.format(
        mr_refused=sum(bool(one.stops) for name, one in of_mr.items() if name != "liver"),
        mr_others=len(of_mr) - 1,
        warned=f"It is warned of: {', '.join(of_mr['liver'].warns)}." if of_mr["liver"].warns else "",
        mr="\n".join(f"| {name.replace('_', ' ')} | {organs[name].sum() * milliliter:.0f} | "
                     f"{', '.join(one.stops) or 'taken'} |" for name, one in of_mr.items()),
        ct_others=len(of_ct) - 1,
        ct_refused=sum(bool(one.stops) for name, one in of_ct.items() if name != "liver"),
        ct_missed=f" (taken: {', '.join(taken)})" if taken else "",
        organs=len(neighbors),
        organs_refused=sum(bool(one.stops) for one in neighbors),
        livers=len(livers),
        livers_passed=sum(not one.stops for one in livers),
        spoiled="\n".join(rows),
        diseases=" | ".join(_DISEASES),
        dashes=" --- |" * len(_DISEASES),
        grown="\n".join(
            f"| {sequence} | " + " | ".join(
                f"{overlaps[sequence, disease]:.2f}" for disease in _DISEASES
            ) + " |" for sequence in SEQUENCES
        ),
        points=_POINTS, clicks=_CLICKS,
        real_low=min(real), real_high=max(real),
        t2_low=min(t2_ml), t2_high=max(t2_ml),
        t2_dice=min(dice(one, other) for one in found for other in found),
    )  # fmt: skip


def grown_overlap(liver: Booleans, volume: Volume, index: NDArray[np.int64]) -> float:
    """Dice of the liver that is grown from a voxel; 0 where nothing is."""
    try:
        return dice(grow_liver(volume.image, point_of(index, volume.image)), liver)
    except InputError:
        return 0.0


def clicks_in(liver: Booleans, image: SimpleITK.Image) -> Iterator[NDArray[np.int64]]:
    """The deepest voxel of a liver, and others that are drawn from those well inside."""
    within = depth(liver, image)
    yield np.array(np.unravel_index(within.argmax(), within.shape))
    inside = np.argwhere(within > _INSIDE)
    for number in np.random.default_rng(1).choice(len(inside), _CLICKS - 1, replace=False):
        yield inside[number]


def real_overlaps(liver: Booleans, volume: Volume) -> list[float]:
    """The same from points drawn deep in a real liver."""
    deep = np.argwhere(depth(liver, volume.image) > _DEEP)
    chosen = np.random.default_rng(0).choice(len(deep), _POINTS, replace=False)
    return [grown_overlap(liver, volume, deep[number]) for number in chosen]


if __name__ == "__main__":
    main()
