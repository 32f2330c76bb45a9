"""Whether a mask on an MR can be its liver: other organs, pieces and masks of another study are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray
from scipy import ndimage

from readingroom.imaging.mask_file import load_mask
from readingroom.imaging.volume import Volume, load_volume
from readingroom.phantoms.abdomen_mr import SEQUENCES, AbdomenMR, Sequence, abdomen_mr
from readingroom.trust.liver_checks import liver_checks

LIVER = 5  # of TotalSegmentator's classes on CT and MR alike


def volume_of(phantom: AbdomenMR) -> Volume:
    image = SimpleITK.GetImageFromArray(phantom.pixels.astype(np.float32))
    image.SetSpacing(tuple(reversed(phantom.spacing)))
    return Volume(image)


def said(mask: NDArray[np.bool_], volume: Volume) -> dict[str, str]:
    """The status of each check that does not pass."""
    return {check.name: check.status for check in liver_checks(mask, volume) if check.status != "pass"}


def is_refused(mask: NDArray[np.bool_], volume: Volume) -> bool:
    return "stop" in said(mask, volume).values()


@pytest.fixture(scope="module")
def a_phantom() -> AbdomenMR:
    return abdomen_mr(3)


@pytest.fixture(scope="module")
def real(shared: Path) -> tuple[Volume, NDArray[np.uint8]]:
    """An MR of 6 cm of the abdomen and TotalSegmentator's labels of it."""
    return labeled(shared, "example_mr_sm", "example_seg_mr")


def labeled(shared: Path, image: str, labels: str) -> tuple[Volume, NDArray[np.uint8]]:
    folder = shared / "data" / "totalseg_examples"
    read = SimpleITK.DICOMOrient(SimpleITK.ReadImage(str(folder / f"{labels}.nii.gz")), "LPS")
    return load_volume(folder / f"{image}.nii.gz"), SimpleITK.GetArrayFromImage(read)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_a_liver_passes_and_spleen_and_kidneys_are_refused(sequence: Sequence) -> None:
    phantom = abdomen_mr(3, sequence=sequence)
    volume = volume_of(phantom)
    assert said(phantom.liver, volume) == {}
    for organ in (phantom.spleen, phantom.right_kidney, phantom.left_kidney):
        assert is_refused(organ, volume)


@pytest.mark.parametrize("disease", [{"fat": 0.3}, {"cirrhosis": 0.9}, {"nodules_ml": 120.0}])
def test_a_diseased_liver_passes(disease: dict[str, float]) -> None:
    phantom = abdomen_mr(5, **disease)  # type: ignore[arg-type]
    assert not is_refused(phantom.liver, volume_of(phantom))


def test_the_large_spleen_of_cirrhosis_is_refused() -> None:
    phantom = abdomen_mr(5, cirrhosis=1.0)
    assert is_refused(phantom.spleen, volume_of(phantom))


def test_of_a_real_mr_the_liver_alone_is_taken(real: tuple[Volume, NDArray[np.uint8]]) -> None:
    volume, labels = real
    taken = [label for label in np.unique(labels)[1:] if not is_refused(labels == label, volume)]
    assert taken == [LIVER]


def test_of_a_whole_trunk_the_liver_alone_is_taken(shared: Path) -> None:
    volume, labels = labeled(shared, "example_ct", "example_seg_fast_force_split")
    large = np.flatnonzero(np.bincount(labels.ravel()) * np.prod(volume.image.GetSpacing()) > 150_000)[1:]  # 150 ml
    assert len(large) > 15
    taken = [label for label in large if not is_refused(labels == label, volume)]
    assert taken == [LIVER]


def test_a_mask_of_another_study_is_refused(real: tuple[Volume, NDArray[np.uint8]], shared: Path) -> None:
    volume, labels = real
    _, others = labeled(shared, "example_ct", "example_seg_fast_force_split")
    factors = [own / other for own, other in zip(labels.shape, others.shape, strict=True)]
    assert is_refused(ndimage.zoom((others == LIVER).astype(np.uint8), factors, order=0) > 0, volume)
    assert is_refused(np.roll(labels == LIVER, 10, axis=2), volume)


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ((0,), "turned upside down:"),
        ((1,), "turned back to front:"),
        ((2,), "turned left to right:"),
        ((1, 2), "turned back to front and left to right:"),
    ],
)
def test_a_mask_that_is_mirrored_on_its_grid_is_refused_and_told_how(a_phantom, real, axes, words) -> None:
    volume, labels = real
    for mask, image in ((a_phantom.liver, volume_of(a_phantom)), (labels == LIVER, volume)):
        (check,) = [one for one in liver_checks(np.flip(mask, axes), image) if one.name == "liver orientation"]
        assert (check.status, words in check.sentence) == ("stop", True)


def test_a_nifti_mask_whose_header_turns_it_around_is_refused(a_phantom: AbdomenMR, tmp_path: Path) -> None:
    volume = volume_of(a_phantom)
    mask = SimpleITK.GetImageFromArray(a_phantom.liver.astype(np.uint8))
    mask.SetSpacing(volume.image.GetSpacing())
    mask.SetDirection((1, 0, 0, 0, -1, 0, 0, 0, 1))  # rows from back to front, which they are not
    mask.SetOrigin((0, (a_phantom.liver.shape[1] - 1) * a_phantom.spacing[1], 0))
    SimpleITK.WriteImage(mask, str(tmp_path / "liver.nii.gz"))
    loaded = load_mask(tmp_path / "liver.nii.gz", volume.image)
    assert said(loaded.voxels, volume) == {"liver orientation": "stop"}


def test_half_a_liver_is_told(a_phantom: AbdomenMR) -> None:
    half = a_phantom.liver.copy()
    half[: int(np.nonzero(half.any(axis=(1, 2)))[0].mean())] = False
    assert said(half, volume_of(a_phantom))["liver coverage"] == "warn"
    volume = volume_of(a_phantom)
    first = int(np.nonzero(half.any(axis=(1, 2)))[0][0])
    cut = Volume(volume.image[:, :, first:])
    assert said(half[first:], cut)["liver coverage"] == "warn"


@pytest.mark.parametrize("axis", [1, 2])
def test_half_a_liver_cut_from_front_to_back_or_side_to_side_is_told(a_phantom, axis) -> None:
    middle = int(np.median(np.nonzero(a_phantom.liver)[axis]))
    for keep in (slice(None, middle), slice(middle, None)):
        half = np.zeros_like(a_phantom.liver)
        place = (slice(None),) * axis + (keep,)
        half[place] = a_phantom.liver[place]
        found = {check.name: check for check in liver_checks(half, volume_of(a_phantom))}["liver coverage"]
        assert found.status == "warn"
        assert "straight cut" in found.sentence


def test_the_whole_body_is_refused(a_phantom: AbdomenMR) -> None:
    assert is_refused(a_phantom.body, volume_of(a_phantom))


def test_a_few_voxels_are_refused(a_phantom: AbdomenMR) -> None:
    mask = np.zeros_like(a_phantom.liver)
    mask[20, 50, 40] = True
    assert is_refused(mask, volume_of(a_phantom))


def test_values_below_zero_change_nothing(a_phantom: AbdomenMR) -> None:
    volume = volume_of(a_phantom)
    shifted = Volume(volume.image - 1000.0)
    assert said(a_phantom.liver, shifted) == {}
    assert is_refused(a_phantom.spleen, shifted)


def test_a_constant_image_has_no_liver(a_phantom: AbdomenMR) -> None:
    volume = volume_of(a_phantom)
    assert is_refused(a_phantom.liver, Volume(volume.image * 0 + 100))
