"""The tumor of a lung cancer CT: measurements, the risk by volume, and outlines that were corrected or do not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from lung_survival_cases import SPACING, VOLUME, metadata, phantom, read, write_bundle
from pasc_fibrosis_cases import image_of, write_nrrd
from readingroom.bundles.bundle import Bundle
from readingroom.bundles.network import LOG_VOLUME, log_volume
from readingroom.errors import InputError
from readingroom.phantoms.dicom_series import Grid, ct_slices, write_slices
from readingroom.phantoms.dicom_structures import segmentation
from readingroom.phantoms.lung_cancer_ct import LungCancerCT
from readingroom.readers.answer import CorrectedMask
from readingroom.readers.lung_survival import READER
from readingroom.reading import Curve, Estimate, Interval, Reading

WORTH = Estimate(0.71, Interval(0.62, 0.8), 33)


@pytest.fixture(scope="module")
def chest() -> LungCancerCT:
    return phantom()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Bundle:
    worth = {"the volume of the tumor (Cox)": WORTH}
    return write_bundle(tmp_path_factory.mktemp("bundles") / "dense", volume=VOLUME, baselines=worth)


@pytest.fixture(scope="module")
def files(chest, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_nrrd(folder / "ct.nrrd", chest.pixels)
    write_nrrd(folder / "lungs.nrrd", chest.right_lung | chest.left_lung)
    write_nrrd(folder / "tumor.nrrd", chest.tumor)
    return folder


@pytest.fixture(scope="module")
def reading(bundle, files, tmp_path_factory) -> Reading:
    masks = {"lungs": files / "lungs.nrrd", "tumour": files / "tumor.nrrd"}
    return read(bundle, tmp_path_factory.mktemp("out") / "read", files / "ct.nrrd", masks, {"age": "67"})


def incidence(reading: Reading) -> Curve:
    return next(one for one in reading.curves if one.name == "incidence-death")


def measured(reading: Reading) -> dict[str, float]:
    return {one.title: one.value for one in reading.measurements if one.region == "tumour"}


def corrected(chest: LungCancerCT, marked: np.ndarray) -> CorrectedMask:
    pair = (image_of(array, SPACING) for array in (chest.pixels, marked.astype(np.uint8)))
    return CorrectedMask("tumour", "segment 'Tumor', corrected", *pair)


def test_a_tumor_is_measured_in_words_that_a_radiologist_uses(reading, chest):
    found = measured(reading)
    assert list(found) == [
        "Longest diameter", "Longest axial diameter", "Sphericity (a ball has 1)", "Mean density",
        "Entropy of the densities", "Contrast of neighboring voxels",
    ]  # fmt: skip
    places = np.argwhere(chest.tumor) * SPACING
    across = max(np.linalg.norm(places - place, axis=1).max() for place in places)
    assert found["Longest diameter"] == pytest.approx(across, abs=max(SPACING))
    assert 0 < found["Longest axial diameter"] <= found["Longest diameter"]
    assert 0 < found["Sphericity (a ball has 1)"] <= 1
    assert found["Mean density"] == pytest.approx(chest.pixels[chest.tumor].mean(), abs=0.01)


def test_the_risk_by_volume_stands_between_clinical_facts_and_cohort_with_the_patients_behind_it(reading, chest):
    shown = incidence(reading)
    assert [line.title.split(" (")[0] for line in shown.baselines] == [
        "Clinical facts alone", "Tumor volume alone", "Training cohort",
    ]  # fmt: skip
    assert shown.baselines[1].title == "Tumor volume alone (Cox model, 33 phantoms)"
    assert shown.baselines[1].values[1:] == pytest.approx(VOLUME.incidence({LOG_VOLUME: log_volume(chest.tumor_ml)}))
    cells = [one for one in reading.measurements if one.part == "12 months"]
    assert [one.title for one in cells] == [
        "This CT, learned from 40 phantoms", "Clinical facts, 252 patients", "Tumor volume, 33 phantoms",
        "Training cohort, 40 phantoms",
    ]  # fmt: skip
    assert cells[2].value == pytest.approx(100 * shown.baselines[1].values[12])
    (check,) = (one for one in reading.checks if one.name == "tumor volume")
    assert check.sentence.startswith("The model on the tumor's volume puts 71 % (62 % to 80 %) of pairs")


def test_a_corrected_tumor_moves_its_numbers_and_its_risk_and_nothing_of_the_network_s(reading, chest):
    half = chest.tumor.copy()
    half[:, :, : round(np.nonzero(half)[2].mean())] = False
    told = READER.with_mask(reading, corrected(chest, half), metadata("dense", volume=VOLUME))
    ml = half.sum() * np.prod(SPACING) / 1000
    before, after = incidence(reading), incidence(told)
    assert next(one for one in told.regions if one.name == "tumour").volume_ml == pytest.approx(ml)
    assert measured(told)["Longest diameter"] <= measured(reading)["Longest diameter"]
    assert after.baselines[1].values[1:] == pytest.approx(VOLUME.incidence({LOG_VOLUME: log_volume(ml)}))
    assert after.baselines[1].values[-1] < before.baselines[1].values[-1]
    assert after.line == before.line
    assert after.baselines[::2] == before.baselines[::2]
    assert told.findings == reading.findings
    assert told.study.mask("tumour").source == "segment 'Tumor', corrected"


def test_a_tumor_that_is_put_back_gives_the_reading_back(reading, chest):
    source = reading.study.mask("tumour").source
    half = chest.tumor & (np.arange(chest.tumor.shape[2]) > np.nonzero(chest.tumor)[2].mean())
    described = metadata("dense", volume=VOLUME, baselines={"the volume of the tumor (Cox)": WORTH})
    told = READER.with_mask(reading, corrected(chest, half), described)
    again = READER.with_mask(told, replace(corrected(chest, chest.tumor), source=source), described)
    assert [(one.name, one.value) for one in again.measurements] == [
        (one.name, pytest.approx(one.value)) for one in reading.measurements
    ]
    assert (again.checks, again.regions, again.curves) == (reading.checks, reading.regions, reading.curves)


def test_without_a_model_on_volume_the_tumor_is_only_measured(chest, files, tmp_path):
    plain = write_bundle(tmp_path / "plain")
    masks = {"lungs": files / "lungs.nrrd", "tumour": files / "tumor.nrrd"}
    found = read(plain, tmp_path / "out", files / "ct.nrrd", masks)
    assert measured(found)
    assert [line.title.split(" (")[0] for line in incidence(found).baselines] == ["Training cohort"]
    assert not any(one.name == "tumor volume" for one in found.checks)


def test_a_tumor_of_one_voxel_has_a_volume_and_a_sentence_on_what_could_not_be_measured(bundle, chest, files, tmp_path):
    voxel = np.zeros(chest.tumor.shape, bool)
    voxel[tuple(np.argwhere(chest.tumor)[0])] = True
    masks = {"lungs": files / "lungs.nrrd", "tumour": write_nrrd(tmp_path / "voxel.nrrd", voxel)}
    found = read(bundle, tmp_path / "out", files / "ct.nrrd", masks)
    assert len(incidence(found).baselines) == 2
    assert any("not measured beyond its volume" in note for note in found.provenance.notes)


def test_an_empty_tumor_is_a_sentence(bundle, chest, files, tmp_path):
    empty = write_nrrd(tmp_path / "empty.nrrd", np.zeros(chest.tumor.shape, bool))
    with pytest.raises(InputError, match="is empty: nothing is marked in it"):
        read(bundle, tmp_path / "out", files / "ct.nrrd", {"tumour": empty})


def test_a_tumor_on_another_grid_is_moved_to_the_voxels_of_the_ct_and_said(bundle, chest, files, tmp_path):
    mask = image_of(chest.tumor.astype(np.uint8), SPACING)
    size = [2 * length for length in mask.GetSize()]
    fine = SimpleITK.Resample(
        mask, size, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, mask.GetOrigin(),
        [step / 2 for step in mask.GetSpacing()], mask.GetDirection(),
    )  # fmt: skip
    masks = {"lungs": files / "lungs.nrrd", "tumour": write_nrrd(tmp_path / "fine.nrrd", fine)}
    found = read(bundle, tmp_path / "out", files / "ct.nrrd", masks)
    region = next(one for one in found.regions if one.name == "tumour")
    assert region.volume_ml == pytest.approx(chest.tumor_ml, rel=0.1)
    assert any("was drawn on other voxels" in note for note in found.provenance.notes)


def test_a_tumor_that_lies_elsewhere_is_refused(bundle, chest, files, tmp_path):
    mask = image_of(chest.tumor.astype(np.uint8), SPACING)
    mask.SetOrigin((4000.0, 0.0, 0.0))
    with pytest.raises(InputError, match="lies elsewhere than its image"):
        read(bundle, tmp_path / "out", files / "ct.nrrd", {"tumour": write_nrrd(tmp_path / "far.nrrd", mask)})


def test_a_tumor_outlined_in_air_is_doubted(bundle, chest, files, tmp_path):
    air = (chest.pixels < -950) & ~chest.tumor
    air[:5] = air[-5:] = False
    masks = {"lungs": files / "lungs.nrrd", "tumour": write_nrrd(tmp_path / "air.nrrd", air)}
    found = read(bundle, tmp_path / "out", files / "ct.nrrd", masks)
    (check,) = (one for one in found.checks if one.name == "tumor mask")
    assert check.status == "warn"
    assert "is it of another CT" in check.sentence


def test_a_tumor_from_dicom_is_taken_and_one_of_another_examination_is_refused(bundle, chest, tmp_path):
    grid = Grid(spacing=SPACING[1:], origin=(0.0, 0.0, 0.0), thickness=SPACING[0])
    hu = np.maximum(chest.pixels, -1024)
    own, others = ct_slices(hu, grid), ct_slices(hu, grid)
    ct = write_slices(tmp_path / "ct", own)
    files = {}
    for name, source in (("own", own), ("other", others)):
        files[name] = tmp_path / f"{name}.dcm"
        segmentation(source, {"GTV-1": chest.tumor}).save_as(files[name], enforce_file_format=True)
    found = read(bundle, tmp_path / "out", ct, {"tumour": files["own"]}, force=True)
    assert next(one for one in found.regions if one.name == "tumour").volume_ml == pytest.approx(chest.tumor_ml)
    with pytest.raises(InputError, match="was drawn on another examination"):
        read(bundle, tmp_path / "no", ct, {"tumour": files["other"]}, force=True)
