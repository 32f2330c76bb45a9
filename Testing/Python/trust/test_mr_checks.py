"""What is said of an MR of the abdomen before it is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import SimpleITK

from readingroom.imaging.open import open_image
from readingroom.imaging.volume import Volume, load_volume, open_volume
from readingroom.phantoms.abdomen_mr import AbdomenMR, abdomen_mr
from readingroom.phantoms.abdomen_mr import Sequence as MRSequence
from readingroom.phantoms.dicom_series import Grid, mr_slices, write_slices
from readingroom.readers.answer import Case
from readingroom.reading import Check
from readingroom.study import Study, StudyImage
from readingroom.trust.mr_checks import mr_checks

SPACING = (6.0, 2.8, 2.8)


@pytest.fixture(scope="module")
def an_abdomen() -> AbdomenMR:
    return abdomen_mr(3)


def volume_of(voxels: np.ndarray, spacing: Sequence[float] = SPACING) -> Volume:
    image = SimpleITK.GetImageFromArray(voxels.astype(np.float32))
    image.SetSpacing(tuple(reversed(spacing)))
    return Volume(image)


def checks_of(
    voxels: np.ndarray, spacing: Sequence[float] = SPACING, modality: str = "MR", **facts: str
) -> dict[str, Check]:
    image = StudyImage("mr", Path("mr"), modality=modality, facts=facts)
    case = Case(Study((image,)), {"mr": volume_of(voxels, spacing)}, {}, ())
    return {check.name: check for check in mr_checks(case, "mr")}


def checks_of_files(path: Path) -> dict[str, Check]:
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    image = open_image(path, "mr", 3, ("MR",)).image
    return {check.name: check for check in mr_checks(Case(Study((image,)), {"mr": open_volume(image)}, {}, ()), "mr")}


def not_passed(checks: dict[str, Check]) -> dict[str, str]:
    return {name: check.status for name, check in checks.items() if check.status != "pass"}


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize("disease", [{}, {"nodules_ml": 60.0}, {"fat": 0.3}, {"cirrhosis": 1.0}])
def test_phantom_abdomens_pass(seed: int, disease: dict[str, float], tmp_path: Path) -> None:
    found = abdomen_mr(seed, **cast(Any, disease))
    slices = mr_slices(found.pixels, Grid(spacing=(2.8, 2.8), thickness=6.0))
    assert not_passed(checks_of_files(write_slices(tmp_path / "mr", slices))) == {}


def test_the_real_abdomen_passes(shared: Path) -> None:
    checks = checks_of_files(shared / "data/abdomen_mr/CMB-CRC_SCAN_001/t2_image_dicom")
    assert not_passed(checks) == {}
    assert checks["weighting"].sentence == "By the times of its sequence the image is T2-weighted."
    assert checks["slice gaps"].sentence.startswith("Slices of 7 mm with gaps of 1 mm")


def test_a_real_adc_map_is_told(shared: Path) -> None:
    checks = checks_of_files(shared / "data/abdomen_mr/CMB-CRC_SCAN_001/adc_image_dicom")
    assert not_passed(checks) == {"kind of image": "stop"}
    assert "ADC map" in checks["kind of image"].sentence


def test_of_a_real_slab_only_its_height_is_told(shared: Path) -> None:
    checks = checks_of_files(shared / "data/totalseg_examples/example_mr_sm.nii.gz")
    assert not_passed(checks) == {"coverage": "warn"}


@pytest.mark.parametrize("name", ["STS_002/MR_T1_image.nii.gz", "STS_003/MR_T1_image.nii.gz"])
def test_real_thighs_are_no_abdomen(shared: Path, name: str) -> None:
    assert checks_of_files(shared / "data/sts_pet_ct_mr" / name)["field of view"].status == "stop"


@pytest.mark.parametrize(
    "name",
    [
        "totalseg_examples/example_ct.nii.gz", "totalseg_examples/example_ct_sm.nii.gz",
        "totalseg_examples/example_ct_dicom", "lung_ct/LIDC-IDRI-0314/ct_2mm.nii.gz", "lung_ct/LUNG1-001/ct.nii.gz",
        "sts_pet_ct_mr/STS_002/CT_image.nii.gz",
    ],
)  # fmt: skip
def test_real_ct_is_refused_by_its_values(shared: Path, name: str) -> None:
    checks = checks_of_files(shared / "data" / name)
    assert checks["values"].status == "stop"
    assert "this is no MR" in checks["values"].sentence


def test_a_real_ct_that_starts_at_0_is_refused(shared: Path) -> None:
    path = shared / "data/totalseg_examples/example_ct.nii.gz"
    if not path.exists():
        pytest.skip("the CT is not there")
    voxels = np.clip(load_volume(path).voxels + 1024, 0, None)
    checks = checks_of(voxels, (3, 3, 3), "")
    assert checks["values"].status == "stop"
    assert "perhaps a CT that starts at 0" in checks["values"].sentence


def test_a_ct_is_refused_by_its_header(an_abdomen: AbdomenMR) -> None:
    assert checks_of(an_abdomen.pixels, modality="CT")["modality"].status == "stop"


@pytest.mark.parametrize(
    ("part", "status"),
    [("LIVER", "pass"), ("", "pass"), ("CHEST", "warn"), ("LSPINE", "warn"), ("HEAD", "stop"), ("KNEE", "stop")],
)
def test_the_body_part_is_checked(an_abdomen: AbdomenMR, part: str, status: str) -> None:
    assert checks_of(an_abdomen.pixels, BodyPartExamined=part)["body part"].status == status


@pytest.mark.parametrize(
    ("sequence", "status"),
    [("T2", "pass"), ("T2-fat-saturated", "pass"), ("T1-in-phase", "stop"), ("T1-opposed-phase", "stop"),
     ("T1-portal-venous", "stop")],
)  # fmt: skip
def test_only_t2_is_read(sequence: MRSequence, status: str, tmp_path: Path) -> None:
    found = abdomen_mr(2, sequence=sequence, shape=(26, 56, 72), spacing=(8, 5.6, 5.6))
    slices = mr_slices(found.pixels, Grid(spacing=(5.6, 5.6), thickness=8.0), sequence)
    checks = checks_of_files(write_slices(tmp_path / "mr", slices))
    assert checks["weighting"].status == status
    assert set(not_passed(checks)) <= {"weighting", "pixel size"}


def test_what_a_description_says_against_the_sequence_is_told(an_abdomen: AbdomenMR) -> None:
    times = {"ScanningSequence": "SE", "EchoTime": "90", "RepetitionTime": "4000"}
    check = checks_of(an_abdomen.pixels, **times, SeriesDescription="t1_vibe")["weighting"]
    assert (check.status, "its description says T1" in check.sentence) == ("warn", True)


def test_a_weighting_that_was_guessed_is_said_to_be(an_abdomen: AbdomenMR) -> None:
    check = checks_of(an_abdomen.pixels, SeriesDescription="Jane Doe AX T2 HASTE")["weighting"]
    assert (check.status, check.sentence) == ("pass", "By its description the image is T2-weighted.")
    check = checks_of(an_abdomen.pixels, SeriesDescription="LAVA")["weighting"]
    assert (check.status, "by its description" in check.sentence.lower()) == ("warn", True)


def test_an_image_without_a_header_is_told(an_abdomen: AbdomenMR) -> None:
    checks = checks_of(an_abdomen.pixels, modality="")
    assert not_passed(checks) == {}
    assert "Nothing says how the image is weighted" in checks["weighting"].sentence


@pytest.mark.parametrize(
    "header",
    [
        {"ImageType": "DERIVED\\PRIMARY\\ADC"}, {"ImageType": "DERIVED\\SECONDARY\\SUBTRACTION"},
        {"ImageType": "DERIVED\\SECONDARY\\PROJECTION IMAGE"}, {"ImageType": "ORIGINAL\\PRIMARY\\P\\ND"},
        {"SeriesDescription": "SUB art - pre"}, {"SeriesDescription": "dADC_map"}, {"SeriesDescription": "MIP cor"},
        {"SeriesDescription": "3-plane loc"}, {"SeriesDescription": "Survey BFFE"},
        {"ImageType": "ORIGINAL\\PRIMARY\\PHASE MAP\\P\\FFE"}, {"ComplexImageComponent": "PHASE"},
        {"ImageType": "DERIVED\\PRIMARY\\DIXON\\FAT_FRACTION"}, {"SeriesDescription": "T2* map"},
    ],
)  # fmt: skip
def test_what_is_no_signal_is_refused(an_abdomen: AbdomenMR, header: dict[str, str]) -> None:
    assert checks_of(an_abdomen.pixels, **header)["kind of image"].status == "stop"


def test_contrast_medium_and_its_phase_are_told(an_abdomen: AbdomenMR) -> None:
    header = {"ContrastBolusAgent": "11 ml Omniscan", "SeriesDescription": "T1 VIBE portal venous"}
    assert "(portal venous phase)" in checks_of(an_abdomen.pixels, **header)["contrast"].sentence
    assert "contrast" not in checks_of(an_abdomen.pixels, ContrastBolusAgent="NONE")


@pytest.mark.parametrize(
    ("axis", "plane"),
    [(0, "axial"), (1, "coronal"), (2, "sagittal")],
)
def test_the_plane_of_the_slices_is_told(an_abdomen: AbdomenMR, axis: int, plane: str) -> None:
    volume = volume_of(an_abdomen.pixels)
    image = StudyImage("mr", Path("mr"), modality="MR")
    case = Case(Study((image,)), {"mr": Volume(volume.image, slice_axis=axis)}, {}, ())
    (check,) = [check for check in mr_checks(case, "mr") if check.name == "plane"]
    assert (plane in check.sentence, check.status) == (True, "pass" if axis == 0 else "warn")


def test_gaps_between_slices_are_told(an_abdomen: AbdomenMR) -> None:
    assert checks_of(an_abdomen.pixels, SliceThickness="5")["slice gaps"].status == "pass"
    assert checks_of(an_abdomen.pixels, SliceThickness="3")["slice gaps"].status == "warn"
    assert "slice gaps" not in checks_of(an_abdomen.pixels, SliceThickness="6")
    assert "slice gaps" not in checks_of(an_abdomen.pixels, SliceThickness="thin")


@pytest.mark.parametrize(("apart", "status"), [(6, "pass"), (14, "warn"), (25, "stop")])
def test_slices_far_apart_are_told(an_abdomen: AbdomenMR, apart: float, status: str) -> None:
    assert checks_of(an_abdomen.pixels, (apart, 2.8, 2.8))["slice distance"].status == status


@pytest.mark.parametrize(("slices", "status"), [(40, "pass"), (20, "warn"), (6, "stop")])
def test_a_part_of_an_abdomen_is_told(an_abdomen: AbdomenMR, slices: int, status: str) -> None:
    assert checks_of(an_abdomen.pixels[:slices])["coverage"].status == status


@pytest.mark.parametrize("voxels", ["zeros", "mask", "noise"])
def test_what_holds_no_body_is_refused(an_abdomen: AbdomenMR, voxels: str) -> None:
    made = {
        "zeros": np.zeros_like(an_abdomen.pixels),
        "mask": an_abdomen.liver.astype(np.int16) + 2 * an_abdomen.spleen,
        "noise": np.random.default_rng(0).normal(500, 20, an_abdomen.pixels.shape),
    }[voxels]
    assert checks_of(made)["values"].status == "stop"


def test_values_that_were_spoiled_are_told(an_abdomen: AbdomenMR) -> None:
    pixels = an_abdomen.pixels.astype(np.float32)
    random = np.random.default_rng(0)
    median = float(np.median(pixels[an_abdomen.body]))
    assert checks_of(np.abs(pixels + random.normal(0, median / 2, pixels.shape)))["noise"].status == "warn"
    assert checks_of(np.minimum(pixels, median))["cut values"].status == "warn"
    assert checks_of(pixels // (pixels.max() / 60))["gray levels"].status == "warn"
    uneven = pixels * np.where(np.arange(len(pixels)) % 2, 1.0, 0.6)[:, None, None]
    assert checks_of(uneven)["even slices"].status == "warn"
    shifted = np.roll(pixels, 3, axis=2)
    assert checks_of(pixels - shifted)["negative values"].status == "warn"


def test_no_check_quotes_a_description(an_abdomen: AbdomenMR) -> None:
    words = "Doe Jane T2 FS arterial sub"
    checks = checks_of(an_abdomen.pixels, SeriesDescription=words, ProtocolName=words)
    assert not any("Doe" in check.sentence for check in checks.values())
