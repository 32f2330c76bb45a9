"""Both lungs of a CT without a network: on real chests, and on phantoms with what goes wrong in patients."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

from readingroom.imaging.lungs import Lungs, find_lungs, part_lungs
from readingroom.imaging.volume import load_volume
from readingroom.phantoms import chest_conditions as conditions
from readingroom.phantoms.fibrosis_ct import FibrosisCT, fibrosis_ct

SHAPE, SPACING = (30, 100, 124), (10.5, 3.1, 3.1)
ALL = slice(None)


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def liters(mask: NDArray[np.bool_], image: SimpleITK.Image) -> float:
    return float(mask.sum() * np.prod(image.GetSpacing()) / 1e6)


def found(phantom: FibrosisCT) -> Lungs:
    return find_lungs(conditions.as_volume(phantom))


def assert_fits(lungs: Lungs, phantom: FibrosisCT, least: float) -> None:
    assert dice(lungs.right, phantom.right_lung) > least
    assert dice(lungs.left, phantom.left_lung) > least


@pytest.fixture(scope="module")
def a_chest() -> FibrosisCT:
    return fibrosis_ct(1, shape=SHAPE, spacing=SPACING)


@pytest.fixture(scope="module")
def lung1(shared: Path) -> tuple[SimpleITK.Image, NDArray[np.uint8], Lungs]:
    """A patient with a large tumor; labels 1 left lung, 2 right lung, 3 tumor, drawn by people; what was found."""
    folder = shared / "data" / "lung_ct" / "LUNG1-001"
    if not folder.is_dir():
        pytest.skip("LUNG1-001 is not there")
    ct, drawn = load_volume(folder / "ct.nii.gz").image, load_volume(folder / "labels.nii.gz")
    return ct, drawn.voxels.astype(np.uint8), find_lungs(ct)


def real(shared: Path, name: str) -> SimpleITK.Image:
    path = shared / "data" / name
    if not path.exists():
        pytest.skip(f"{name} is not there")
    return load_volume(path).image


def test_lungs_of_a_patient_fit_those_that_people_drew(lung1) -> None:
    _, labels, lungs = lung1
    beside_tumor = labels != 3
    assert dice(lungs.both & beside_tumor, (labels == 1) | (labels == 2)) > 0.97
    assert dice(lungs.left & beside_tumor, labels == 1) > 0.96
    assert dice(lungs.right & beside_tumor, labels == 2) > 0.96


def test_most_of_a_tumor_at_the_pleura_stays_inside(lung1) -> None:
    _, labels, lungs = lung1
    assert (lungs.both & (labels == 3)).sum() > 0.5 * (labels == 3).sum()


def test_both_sides_are_apart(lung1) -> None:
    _, _, lungs = lung1
    assert not (lungs.right & lungs.left).any()


@pytest.mark.parametrize(
    ("name", "right", "left"),
    [
        ("lung_ct/LIDC-IDRI-0314/ct_2mm.nii.gz", (0.85, 1.05), (1.8, 2.1)),
        ("ct_lungdx/Lung_Dx-A0002/CT_3_ThoraxRoutine_8_0_0_B40f_B40f", (1.0, 1.3), (1.5, 1.8)),
        ("dicom_io/ct_lung1_001/image", (1.15, 1.35), (0.9, 1.1)),  # a slab
        ("totalseg_examples/pulmonary_report/models/ct_cropped.nii.gz", (0.8, 0.95), (0.9, 1.1)),  # cut at three sides
        ("totalseg_examples/example_ct_dicom", (0.0, 0.0), (0.0, 0.0)),  # pelvis
        ("sts_pet_ct_mr/STS_002/CT_image.nii.gz", (0.0, 0.0), (0.0, 0.0)),  # a thigh on the foam of the table
        ("sts_pet_ct_mr/STS_003/CT_image.nii.gz", (0.0, 0.0), (0.0, 0.0)),
    ],
)
def test_lungs_of_real_scans_hold_what_an_eye_sees_there(
    shared: Path, name: str, right: tuple[float, float], left: tuple[float, float]
) -> None:
    ct = real(shared, name)
    lungs = find_lungs(ct)
    assert right[0] <= liters(lungs.right, ct) <= right[1]
    assert left[0] <= liters(lungs.left, ct) <= left[1]


@pytest.mark.parametrize(
    ("name", "labels"), [("example_ct", "example_seg_fast_force_split"), ("example_ct_sm", "example_seg")]
)
def test_of_an_abdomen_only_the_bases_of_the_lungs_are_found(shared: Path, name: str, labels: str) -> None:
    folder = "totalseg_examples/"
    lungs = find_lungs(real(shared, f"{folder}{name}.nii.gz"))
    drawn = SimpleITK.GetArrayFromImage(real(shared, f"{folder}{labels}.nii.gz"))
    assert dice(lungs.left, np.isin(drawn, (10, 11))) > 0.92
    assert dice(lungs.right, np.isin(drawn, (12, 13, 14))) > 0.92


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_healthy_phantoms(seed: int) -> None:
    phantom = fibrosis_ct(seed, shape=SHAPE, spacing=SPACING)
    assert_fits(found(phantom), phantom, 0.99)


@pytest.mark.parametrize(("seed", "ml"), [(1, 100.0), (2, 600.0), (3, 1500.0)])
def test_fibrosis_stays_inside(seed: int, ml: float) -> None:
    phantom = fibrosis_ct(seed, ml, shape=SHAPE, spacing=SPACING)
    lungs = found(phantom)
    assert_fits(lungs, phantom, 0.99)
    assert (lungs.both & phantom.fibrosis).sum() > 0.94 * phantom.fibrosis.sum()


@pytest.mark.parametrize("side", ["right", "left"])
def test_a_consolidation_against_the_ribs_stays_inside(a_chest: FibrosisCT, side: conditions.Side) -> None:
    phantom = conditions.with_consolidation(a_chest, side, radius=15.0)
    lungs = found(phantom)
    dense = (phantom.pixels > -100) & (a_chest.pixels < -500) & (phantom.right_lung | phantom.left_lung)
    assert_fits(lungs, phantom, 0.99)
    assert (lungs.both & dense).sum() > 0.6 * dense.sum()


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_an_effusion_stays_outside(a_chest: FibrosisCT, side: conditions.Side, share: float) -> None:
    phantom = conditions.with_effusion(a_chest, side, share)
    assert_fits(found(phantom), phantom, 0.99)


def test_one_lung_is_one_lung_and_said(a_chest: FibrosisCT) -> None:
    phantom = conditions.with_one_lung(a_chest, "right")
    lungs = found(phantom)
    assert dice(lungs.right, phantom.right_lung) > 0.99
    assert not lungs.left.any()
    assert "right half of the chest alone" in lungs.notes[0]
    assert not found(conditions.with_one_lung(a_chest, "left")).right.any()


@pytest.mark.parametrize("side", ["right", "left"])
def test_the_lung_beside_a_pneumothorax_is_whole_and_the_other_side_untouched(
    a_chest: FibrosisCT, side: conditions.Side
) -> None:
    phantom = conditions.with_pneumothorax(a_chest, side)
    lungs = found(phantom)
    truth = phantom.right_lung | phantom.left_lung
    assert (lungs.both & truth).sum() > 0.99 * truth.sum()
    other, drawn = (lungs.left, phantom.left_lung) if side == "right" else (lungs.right, phantom.right_lung)
    assert dice(other, drawn) > 0.99


@pytest.mark.parametrize(
    "change",
    [
        conditions.with_emphysema,
        lambda chest: conditions.with_emphysema(chest, 0.9),
        conditions.with_bowel_gas,
        conditions.on_a_table,
        lambda chest: conditions.on_a_table(chest, prone=True),
        lambda chest: conditions.on_a_table(conditions.with_bowel_gas(chest), prone=True),
        lambda chest: conditions.cropped(chest, slice(15, 16)),
        lambda chest: conditions.cropped(chest, slice(14, 17)),
    ],
    ids=["emphysema", "much emphysema", "bowel gas", "table", "prone", "prone with bowel gas", "a slice", "3 slices"],
)
def test_lungs_are_found_with(a_chest: FibrosisCT, change: Callable[[FibrosisCT], FibrosisCT]) -> None:
    phantom = change(a_chest)
    assert_fits(found(phantom), phantom, 0.99)


@pytest.mark.parametrize(
    "part",
    [
        (slice(0, 18),),
        (slice(12, None),),
        (ALL, ALL, slice(0, 92)),
        (ALL, ALL, slice(30, None)),
        (ALL, slice(0, 60)),
        (ALL, slice(35, None)),
    ],
    ids=["top", "bottom", "left", "right", "back", "front"],
)
def test_lungs_that_an_edge_of_the_image_cuts_at_the(a_chest: FibrosisCT, part: tuple[slice, ...]) -> None:
    phantom = conditions.cropped(a_chest, *part)
    assert_fits(found(phantom), phantom, 0.96)


@pytest.mark.parametrize(
    ("shape", "spacing"),
    [((40, 100, 124), (1.0, 3.1, 3.1)), ((38, 80, 100), (8.0, 3.8, 3.8)), ((14, 240, 300), (20.0, 1.2, 1.3))],
)
def test_thin_thick_and_fine_voxels(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> None:
    phantom = fibrosis_ct(1, shape=shape, spacing=spacing)
    assert_fits(found(phantom), phantom, 0.98)


@pytest.mark.parametrize("axes", ["RAS", "LPS", "PIR", "SAL"])
def test_files_in_any_orientation_give_the_same_lungs(a_chest: FibrosisCT, axes: str, tmp_path: Path) -> None:
    turned = SimpleITK.DICOMOrient(conditions.as_volume(a_chest), axes)
    SimpleITK.WriteImage(turned, str(tmp_path / "ct.nrrd"))
    assert_fits(find_lungs(load_volume(tmp_path / "ct.nrrd").image), a_chest, 0.99)


@pytest.mark.parametrize("value", [-1000.0, 40.0, 0.0, -850.0])
def test_an_image_of_one_value_holds_no_lungs(value: float) -> None:
    volume = SimpleITK.GetImageFromArray(np.full((12, 40, 40), value, dtype=np.float32))
    volume.SetSpacing((5.0, 5.0, 5.0))
    assert not find_lungs(volume).both.any()


def test_noise_holds_no_lungs() -> None:
    noise = np.random.default_rng(0).normal(-300, 500, (20, 60, 60)).astype(np.float32)
    volume = SimpleITK.GetImageFromArray(noise)
    volume.SetSpacing((5.0, 5.0, 5.0))
    assert liters(find_lungs(volume).both, volume) < 0.3


def test_a_drawn_mask_is_parted_without_changing_a_voxel(lung1) -> None:
    ct, labels, _ = lung1
    drawn = (labels == 1) | (labels == 2)
    parted = part_lungs(drawn, ct)
    assert np.array_equal(parted.both, drawn)
    assert not (parted.right & parted.left).any()
    assert dice(parted.right, labels == 2) > 0.995
    assert dice(parted.left, labels == 1) > 0.995


def test_a_drawn_mask_of_one_lung_is_that_side(a_chest: FibrosisCT) -> None:
    parted = part_lungs(a_chest.left_lung, conditions.as_volume(a_chest))
    assert np.array_equal(parted.left, a_chest.left_lung)
    assert not parted.right.any()
    assert parted.notes


def test_a_drawn_mask_of_a_few_voxels_is_parted(a_chest: FibrosisCT) -> None:
    mask = np.zeros(a_chest.pixels.shape, dtype=bool)
    mask[15, 50, 40] = True
    parted = part_lungs(mask, conditions.as_volume(a_chest))
    assert np.array_equal(parted.both, mask)


def test_lungs_drawn_as_one_piece_are_parted_near_where_they_touch(a_chest: FibrosisCT) -> None:
    one_piece = a_chest.right_lung | a_chest.left_lung
    one_piece[14:17, 46:52, 40:84] = True
    parted = part_lungs(one_piece, conditions.as_volume(a_chest))
    assert np.array_equal(parted.both, one_piece)
    assert dice(parted.right, a_chest.right_lung) > 0.97
    assert dice(parted.left, a_chest.left_lung) > 0.97
