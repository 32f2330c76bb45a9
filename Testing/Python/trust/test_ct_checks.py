"""What is said of a chest CT before it is read, and of its lungs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from readingroom.imaging.lungs import Lungs, find_lungs
from readingroom.imaging.open import open_image
from readingroom.imaging.volume import Volume, load_volume
from readingroom.phantoms import chest_conditions as conditions
from readingroom.phantoms.fibrosis_ct import FibrosisCT, fibrosis_ct
from readingroom.reading import Check
from readingroom.study import StudyImage
from readingroom.trust.ct_checks import checks_before, lung_checks
from readingroom.trust.ct_orientation import orientation_checks

SPACING = (10.5, 3.1, 3.1)
ALL = slice(None)


@pytest.fixture(scope="module")
def a_chest() -> FibrosisCT:
    return fibrosis_ct(1, shape=(30, 100, 124), spacing=SPACING)


def header(modality: str = "CT", **facts: str) -> StudyImage:
    return StudyImage(role="ct", path=Path("ct"), modality=modality, facts=facts)


def volume_of(voxels: np.ndarray, spacing: Sequence[float] = SPACING) -> Volume:
    image = SimpleITK.GetImageFromArray(voxels.astype(np.float32))
    image.SetSpacing(tuple(reversed(spacing)))
    return Volume(image)


def before(voxels: np.ndarray, image: StudyImage | None = None, spacing: Sequence[float] = SPACING) -> dict[str, Check]:
    return {check.name: check for check in checks_before(image or header(), volume_of(voxels, spacing))}


def of_lungs(phantom: FibrosisCT, lungs: Lungs | None = None) -> dict[str, Check]:
    drawn = lungs or Lungs(phantom.right_lung, phantom.left_lung)
    return {check.name: check for check in lung_checks(drawn, volume_of(phantom.pixels))}


def real(shared: Path, name: str) -> tuple[StudyImage, Volume]:
    path = shared / "data" / name
    if not path.exists():
        pytest.skip(f"{name} is not there")
    return open_image(path, "ct", 3, "CT").image, load_volume(path)


def test_a_chest_passes(a_chest: FibrosisCT) -> None:
    checks = {**before(a_chest.pixels, header(BodyPartExamined="CHEST"), (2.0, 3.1, 3.1)), **of_lungs(a_chest)}
    assert {name for name, check in checks.items() if check.status != "pass"} == set()


@pytest.mark.parametrize(
    ("modality", "status"), [("CT", "pass"), ("", "pass"), ("MR", "stop"), ("PT", "stop"), ("DX", "stop")]
)
def test_modality(a_chest: FibrosisCT, modality: str, status: str) -> None:
    assert before(a_chest.pixels, header(modality))["modality"].status == status


@pytest.mark.parametrize(("part", "status"), [("CHEST", "pass"), ("", "pass"), ("ABDOMEN", "warn"), ("WB", "pass")])
def test_body_part(a_chest: FibrosisCT, part: str, status: str) -> None:
    assert before(a_chest.pixels, header(BodyPartExamined=part))["body part"].status == status


@pytest.mark.parametrize(
    "name",
    ["abdomen_mr/CMB-CRC_SCAN_001/t2_image_dicom", "abdomen_mr/CMB-CRC_SCAN_001/adc_image_dicom"],
)
def test_an_mr_is_stopped_by_its_header_and_without_one_by_its_values(shared: Path, name: str) -> None:
    path = shared / "data" / name
    if not path.exists():
        pytest.skip(f"{name} is not there")
    volume = load_volume(path)
    assert checks_before(header("MR"), volume)[0].status == "stop"
    assert {c.name for c in checks_before(header(""), volume) if c.status == "stop"} == {"Hounsfield units"}


@pytest.mark.parametrize("name", ["MR_T1_image.nii.gz", "PET_image.nii.gz"])
def test_mr_and_pet_in_files_without_header_are_stopped_by_their_values(shared: Path, name: str) -> None:
    image, volume = real(shared, f"sts_pet_ct_mr/STS_002/{name}")
    check = next(c for c in checks_before(image, volume) if c.name == "Hounsfield units")
    assert check.status == "stop"
    assert (check.value, check.limit) < (0.01, 0.01)


def test_a_stack_of_screen_pictures_is_stopped(shared: Path) -> None:
    pictures = sorted((shared / "data" / "covid_ct" / "covid").glob("*.jpg"))[:8]
    if not pictures:
        pytest.skip("covid_ct is not there")
    stack = np.stack([np.asarray(Image.open(path).convert("L").resize((128, 128))) for path in pictures])
    assert before(stack, header(""))["Hounsfield units"].status == "stop"
    as_hounsfield = before(stack * (1400 / 255) - 1000, header(""))["gray levels"]
    assert as_hounsfield.status == "stop"
    assert "windowed" in as_hounsfield.sentence
    assert as_hounsfield.value is not None
    assert as_hounsfield.value <= 256


def test_a_window_that_kept_its_gray_levels_is_told_by_what_was_cut(a_chest: FibrosisCT) -> None:
    check = before(np.clip(a_chest.pixels + 0.5, -1000, 100))["cut values"]
    assert check.status == "warn"
    assert "100 HU" in check.sentence


def test_values_without_their_intercept_are_stopped(a_chest: FibrosisCT) -> None:
    assert before(a_chest.pixels + 1024.0)["Hounsfield units"].status == "stop"


def test_values_beyond_a_scanner_are_a_warning(a_chest: FibrosisCT) -> None:
    voxels = a_chest.pixels.astype(float)
    voxels[0, 0, 0] = -9999
    check = before(voxels)["value range"]
    assert (check.status, check.value) == ("warn", -9999)


@pytest.mark.parametrize(
    ("thickness", "between", "status", "value"),
    [("1", 1.0, "pass", 1.0), ("5", 2.5, "warn", 5.0), ("", 8.0, "warn", 8.0), ("2", 12.0, "stop", 12.0),
     ("nan", 2.0, "pass", 2.0), ("unknown", 2.0, "pass", 2.0), ("-1", 2.0, "pass", 2.0)],
)  # fmt: skip
def test_slice_thickness(a_chest: FibrosisCT, thickness: str, between: float, status: str, value: float) -> None:
    check = before(a_chest.pixels, header(SliceThickness=thickness), (between, 3.1, 3.1))["slice thickness"]
    assert (check.status, check.value) == (status, pytest.approx(value))


def test_kernel_and_contrast_are_told_where_the_header_knows(a_chest: FibrosisCT) -> None:
    told = before(a_chest.pixels, header(ConvolutionKernel="B70f", ContrastBolusAgent="Iomeprol"))
    assert "B70f" in told["kernel"].sentence
    assert "Iomeprol" in told["contrast"].sentence
    assert not {"kernel", "contrast"} & before(a_chest.pixels).keys()


@pytest.mark.parametrize(("step", "status"), [(3.1, "pass"), (1.0, "warn"), (6.0, "warn")])
def test_field_of_view(a_chest: FibrosisCT, step: float, status: str) -> None:
    check = before(a_chest.pixels, spacing=(2.0, step, step))["field of view"]
    assert (check.status, check.value) == (status, pytest.approx(124 * step))


def test_metal(a_chest: FibrosisCT) -> None:
    voxels = a_chest.pixels.copy()
    voxels[10:14, 48:52, 60:64] = 3071
    check = before(voxels)["metal"]
    assert (check.status, check.value) == ("warn", pytest.approx(64 * np.prod(SPACING) / 1000, rel=1e-4))


def test_what_holds_no_lung_is_stopped(a_chest: FibrosisCT) -> None:
    none = np.zeros(a_chest.pixels.shape, dtype=bool)
    check = of_lungs(a_chest, Lungs(none, none))["lung volume"]
    assert (check.status, check.value, check.limit) == ("stop", 0.0, 0.3)


@pytest.mark.parametrize(("scale", "status"), [(0.6, "warn"), (1.0, "pass"), (1.25, "warn"), (1.6, "stop")])
def test_implausible_volumes(a_chest: FibrosisCT, scale: float, status: str) -> None:
    volume = volume_of(a_chest.pixels, [step * scale for step in SPACING])
    check = lung_checks(Lungs(a_chest.right_lung, a_chest.left_lung), volume)[0]
    assert (check.name, check.status) == ("lung volume", status)


@pytest.mark.parametrize(
    "changed", [conditions.with_one_lung, lambda chest, side: conditions.with_effusion(chest, side, 0.6)]
)
def test_a_side_without_its_lung_is_said(a_chest: FibrosisCT, changed) -> None:
    phantom = changed(a_chest, "right")
    check = of_lungs(phantom)["both lungs"]
    assert check.status == "warn"
    assert check.value is not None
    assert check.value < 0.36


@pytest.mark.parametrize(
    ("part", "word"),
    [((slice(0, 18),), "above"), ((slice(12, None),), "below"), ((ALL, ALL, slice(0, 92)), "at the image's side")],
)
def test_lungs_that_are_cut_off_are_said_with_how_much(a_chest: FibrosisCT, part: tuple[slice, ...], word: str) -> None:
    check = of_lungs(conditions.cropped(a_chest, *part))["lungs whole"]
    assert check.status == "warn"
    assert word in check.sentence
    assert "%" in check.sentence
    assert check.value is not None
    assert check.value > 0.5


def test_a_pneumothorax_that_the_mask_holds_is_said(a_chest: FibrosisCT) -> None:
    phantom = conditions.with_pneumothorax(a_chest, "left")
    check = of_lungs(phantom, find_lungs(conditions.as_volume(phantom)))["free air"]
    assert check.status == "warn"
    assert check.value == pytest.approx(1000 * 0.8, rel=0.6)  # mL


def test_front_and_back_exchanged_is_said(a_chest: FibrosisCT) -> None:
    check = of_lungs(conditions.cropped(a_chest, ALL, slice(None, None, -1)))["front and back"]
    assert check.status == "warn"


def test_a_mirrored_phantom_whose_heart_shows_no_aorta_is_not_judged(a_chest: FibrosisCT) -> None:
    assert "geometry was followed" in of_lungs(conditions.mirrored(a_chest))["left and right"].sentence


@pytest.mark.parametrize("side", ["right", "left"])
def test_fluid_beside_a_lung_is_no_sign_of_a_mirrored_image(a_chest: FibrosisCT, side) -> None:
    phantom = conditions.with_effusion(a_chest, side)
    assert of_lungs(phantom)["left and right"].status == "pass"


def test_a_mirrored_chest_is_told_by_its_liver_where_the_heart_shows_nothing(shared: Path) -> None:
    _, volume = real(shared, "ct_lungdx/Lung_Dx-A0002/CT_3_ThoraxRoutine_8_0_0_B40f_B40f")
    small = SimpleITK.BinShrink(volume.image, [2, 2, 1])
    lungs, voxels, spacing = find_lungs(small), SimpleITK.GetArrayFromImage(small), small.GetSpacing()[::-1]
    turned = Lungs(lungs.left[..., ::-1], lungs.right[..., ::-1])
    said = [
        orientation_checks(*given, spacing)[-1]
        for given in ((lungs, voxels), (turned, np.ascontiguousarray(voxels[..., ::-1])))
    ]
    assert said[0].sentence == "The liver lies beneath the right lung."
    assert said[1].status == "warn"
    assert said[1].sentence.startswith("The liver seems to lie beneath the left lung")


REAL_CHESTS = {
    "lung_ct/LUNG1-001/ct.nii.gz": set(),
    "lung_ct/LIDC-IDRI-0314/ct_2mm.nii.gz": {"both lungs"},  # an upper lobe is collapsed
    "ct_lungdx/Lung_Dx-A0002/CT_3_ThoraxRoutine_8_0_0_B40f_B40f": {"slice thickness", "lungs whole"},
    "dicom_io/ct_lung1_001/image": {"lungs whole"},
    "totalseg_examples/pulmonary_report/models/ct_cropped.nii.gz": {"metal", "lungs whole"},
}


@pytest.mark.parametrize("name", REAL_CHESTS)
def test_real_chests_are_never_stopped_and_warned_of_only_for_what_is_there(shared: Path, name: str) -> None:
    image, volume = real(shared, name)
    checks = (*checks_before(image, volume), *lung_checks(find_lungs(volume.image), volume))
    assert {check.name for check in checks if check.status == "warn"} == REAL_CHESTS[name]
    assert not [check for check in checks if check.status == "stop"]


@pytest.mark.parametrize(
    "name",
    ["totalseg_examples/example_ct_sm.nii.gz", "totalseg_examples/example_ct_dicom",
     "sts_pet_ct_mr/STS_002/CT_image.nii.gz"],
)  # fmt: skip
def test_what_is_no_chest_is_stopped_for_its_lungs(shared: Path, name: str) -> None:
    _, volume = real(shared, name)
    checks = lung_checks(find_lungs(volume.image), volume)
    assert [(check.name, check.status) for check in checks] == [("lung volume", "stop")]


def test_a_real_chest_that_was_turned_is_said(shared: Path) -> None:
    _, volume = real(shared, "lung_ct/LUNG1-001/ct.nii.gz")
    small = SimpleITK.BinShrink(volume.image, [2, 2, 1])
    found, voxels, spacing = find_lungs(small), SimpleITK.GetArrayFromImage(small), small.GetSpacing()[::-1]
    for axes, name in (((0,), "way up"), ((1,), "front and back"), ((2,), "left and right")):
        right, left = np.flip(found.right, axes), np.flip(found.left, axes)
        lungs = Lungs(left, right) if axes == (2,) else Lungs(right, left)
        checks = {check.name: check for check in lung_checks(lungs, volume_of(np.flip(voxels, axes), spacing))}
        warned = {key for key, check in checks.items() if check.status == "warn"}
        assert warned == {name}
