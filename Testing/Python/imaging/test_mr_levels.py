"""Gray levels of MR, whose values have no unit: percentiles inside the body, MedicalNet's scores, the liver's mask."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from readingroom.bundles.preprocessing import Preprocessing
from readingroom.errors import InputError
from readingroom.imaging.mr_body import find_body
from readingroom.imaging.preprocessing import normalized
from readingroom.imaging.volume import load_volume
from readingroom.imaging.volume_input import prepare_volume
from readingroom.imaging.volume_levels import volume_levels
from readingroom.learning.cohorts.cohort import Row
from readingroom.learning.protocols.training_protocol import load_protocol
from readingroom.learning.training.picture_store import prepared
from readingroom.phantoms.abdomen_mr import AbdomenMR, abdomen_mr

OF_BODY = Preprocessing("volume", (32, 32, 32), 1, percentiles=(0.5, 99.5), percentiles_of="body", normalize="image")
SCORES = Preprocessing("volume", (32, 32, 32), 1, percentiles=(0, 100), normalize="nonzero")


@pytest.fixture(scope="module")
def an_abdomen() -> AbdomenMR:
    return abdomen_mr(5)


def image_of(voxels: np.ndarray, spacing: tuple[float, ...] = (6.0, 2.8, 2.8)) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(voxels.astype(np.float32))
    image.SetSpacing(tuple(reversed(spacing)))
    return image


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_body_of_a_phantom_is_found(seed: int) -> None:
    phantom = abdomen_mr(seed)
    found = find_body(image_of(phantom.pixels))
    assert 2 * (found & phantom.body).sum() / (found.sum() + phantom.body.sum()) > 0.95


def test_the_body_of_a_real_abdomen_is_found(shared: Path) -> None:
    path = shared / "data/abdomen_mr/CMB-CRC_SCAN_001/t2_image_dicom"
    if not path.exists():
        pytest.skip("the MR is not there")
    image = load_volume(path).image
    found = find_body(image)
    liters = found.sum() * np.prod(image.GetSpacing()) / 1e6
    assert 15 < liters < 30
    assert found[:, 256, 290].all()  # the middle, spine and bowel included
    assert not found[:, :20, :20].any()


def test_air_around_the_body_does_not_change_its_gray_levels(an_abdomen: AbdomenMR) -> None:
    wide = np.pad(an_abdomen.pixels, ((0, 0), (80, 80), (80, 80)))
    spread = []
    for preprocessing in (OF_BODY, replace(OF_BODY, percentiles_of="image")):
        same = [
            volume_levels(image_of(voxels), replace(preprocessing, organ="liver", organ_crop=True), organ).levels
            for voxels, organ in (
                (an_abdomen.pixels, an_abdomen.liver),
                (wide, np.pad(an_abdomen.liver, ((0, 0), (80, 80), (80, 80)))),
            )
        ]
        spread.append(float(np.abs(same[0] - same[1]).max()))
    assert spread[0] < 0.02 < spread[1]


def test_without_a_body_there_are_no_gray_levels() -> None:
    with pytest.raises(InputError, match="No body stands out"):
        volume_levels(image_of(np.zeros((20, 30, 30))), OF_BODY, None)


def test_scores_are_those_of_medicalnet(shared: Path) -> None:
    path = shared / "oracles/preprocess/preprocess.json"
    if not path.exists():
        pytest.skip("the oracle is not there")
    oracle = json.loads(path.read_text("utf-8"))["medicalnet_norm"]
    values = np.array(oracle["x"], np.float32)
    levels = np.tile(values / values.max(), (4, 1))  # a scale in front changes no score
    found = normalized(levels[None], SCORES)[0, 0]
    expected = np.where(values > 0, oracle["nonzero_z"], 0)  # MedicalNet fills zeros with noise around 0
    assert np.allclose(found, expected, atol=1e-5)


def test_scores_do_not_depend_on_the_air_around(an_abdomen: AbdomenMR) -> None:
    levels = np.where(an_abdomen.body, np.maximum(an_abdomen.pixels, 1) / np.float32(an_abdomen.pixels.max()), 0)
    scores = normalized(levels.astype(np.float32), SCORES)[0]
    wide = normalized(np.pad(levels, 20).astype(np.float32), SCORES)[0]
    assert np.allclose(wide[20:-20, 20:-20, 20:-20], scores, atol=1e-4)
    inside = scores[an_abdomen.body]
    assert abs(inside.mean()) < 1e-3
    assert abs(inside.std() - 1) < 1e-3


def test_scores_of_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="All gray levels of the input are 0"):
        normalized(np.zeros((4, 4, 4), np.float32), SCORES)


def test_training_and_reading_cut_to_the_liver_by_its_mask(an_abdomen: AbdomenMR, tmp_path: Path) -> None:
    wanted = load_protocol("liver-hcc", "rigorous").input
    image, mask = image_of(an_abdomen.pixels), image_of(an_abdomen.liver)
    paths = {"mr": tmp_path / "mr.nii.gz", "liver": tmp_path / "liver.nii.gz"}
    for path, one in zip(paths.values(), (image, SimpleITK.Cast(mask, SimpleITK.sitkUInt8)), strict=True):
        SimpleITK.WriteImage(one, path)
    row = Row("patient", "study", {"mr": paths["mr"]}, masks={"liver": paths["liver"]}, label="hcc")
    found = prepare_volume(load_volume(paths["mr"]).image, wanted, an_abdomen.liver)
    assert np.allclose(normalized(prepared(row, wanted), wanted), found.pixels, atol=1e-5)
    cells = [(end - first) / size for (first, end), size in zip(found.extents, wanted.size, strict=True)]
    assert cells == [1, 1, 1]  # of a grid in mm: nothing is stretched
    assert tuple(reversed(found.grid.GetSpacing())) == wanted.spacing
    assert found.count_reached(an_abdomen.liver) == an_abdomen.liver.sum()


def test_training_without_a_mask_of_the_liver_is_refused(an_abdomen: AbdomenMR, tmp_path: Path) -> None:
    SimpleITK.WriteImage(image_of(an_abdomen.pixels), tmp_path / "mr.nii.gz")
    row = Row("patient", "study", {"mr": tmp_path / "mr.nii.gz"}, label="hcc")
    with pytest.raises(InputError, match="give a mask 'liver'"):
        prepared(row, load_protocol("liver-hcc", "rigorous").input)
