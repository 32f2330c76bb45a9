"""A prior CT beside the present one: what changed, and every prior that cannot be compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from pasc_fibrosis_cases import (
    gray_network,
    image_of,
    lungs_alone,
    phantom,
    read,
    sentences,
    whole_segments,
    write_bundle,
    write_nrrd,
)
from readingroom.bundles.bundle import Bundle
from readingroom.errors import InputError, RefusedError
from readingroom.phantoms.dicom_series import Grid, ct_slices, write_slices
from readingroom.phantoms.fibrosis_ct import FibrosisCT
from readingroom.reading import Reading

SERIES = Grid(spacing=(3.6, 3.6), origin=(0.0, 0.0, 0.0), thickness=9.5)


@pytest.fixture(autouse=True)
def only_the_prior(monkeypatch) -> None:
    """Other tests of the answer are tested with the read."""
    monkeypatch.setattr("readingroom.readers.pasc_fibrosis._deletion_curve", lambda details, context: None)
    monkeypatch.setattr(
        "readingroom.readers.pasc_fibrosis_answer.without_each_zone", lambda case, prediction, answer, context: answer
    )


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Bundle:
    return write_bundle(tmp_path_factory.mktemp("bundles") / "gray", gray_network())


@pytest.fixture(scope="module")
def chest() -> FibrosisCT:
    return phantom(7)


def lesion(chest: FibrosisCT) -> np.ndarray:
    """Most of the middle of the left lung."""
    k, j, i = (round(float(axis.mean())) for axis in np.nonzero(chest.left_lung))
    block = np.zeros(chest.left_lung.shape, dtype=bool)
    block[k - 5 : k + 6, j - 16 : j + 17, i - 12 : i + 13] = True
    return block & chest.left_lung


def body(chest: FibrosisCT, with_lesion: bool) -> np.ndarray:
    """Lungs in a body, so that they are found; without vessels."""
    lungs = chest.left_lung | chest.right_lung
    values = np.where(lungs, lungs_alone(chest), chest.pixels)
    return np.where(lesion(chest), values + 420, values).astype(np.int16) if with_lesion else values.astype(np.int16)


@pytest.fixture(scope="module")
def files(chest, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    for name, with_lesion in (("ct", True), ("prior", False)):
        write_nrrd(folder / f"{name}.nrrd", body(chest, with_lesion))
    write_nrrd(folder / "lungs.nrrd", chest.left_lung | chest.right_lung)
    return folder


@pytest.fixture(scope="module")
def grown(bundle, files, chest, tmp_path_factory) -> tuple[Reading, Path]:
    """A CT with a lesion, and the prior without it, which was moved."""
    out = tmp_path_factory.mktemp("grown")
    prior = SimpleITK.ReadImage(str(files / "prior.nrrd"))
    prior.SetOrigin((40.0, -15.0, 19.0))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("readingroom.readers.pasc_fibrosis._deletion_curve", lambda details, context: None)
        patched.setattr(
            "readingroom.readers.pasc_fibrosis_answer.without_each_zone", lambda case, prediction, answer, ctx: answer
        )
        masks = {"lungs": files / "lungs.nrrd"}
        return read(bundle, out / "out", files / "ct.nrrd", masks, prior_ct=write_nrrd(out / "p.nrrd", prior)), out


def test_numbers_are_compared_by_part(grown) -> None:
    changes = {one.name: one.now - one.prior for one in grown[0].comparisons}
    assert changes["probability"] > 0
    assert changes["suspicious-lung"] > 50
    assert changes["suspicious-left-middle"] > 0.4 * changes["suspicious-lung"]
    assert changes["suspicious-lung"] == pytest.approx(
        changes["suspicious-right-lung"] + changes["suspicious-left-lung"], abs=1e-6
    )
    assert changes["high-attenuation"] > 0


def test_features_that_changed_by_more_than_their_repeatability_are_compared(grown) -> None:
    reading = grown[0]
    found = {one.name: one for one in reading.comparisons if "original_" in one.name}
    assert found
    for one in found.values():
        assert one.change.low < one.now - one.prior < one.change.high
        assert one.change.low > 0 or one.change.high < 0
    brighter = found["lungs-original_firstorder_90Percentile"]
    assert (brighter.title, brighter.unit) == ("Lungs: 90 percentile", "[hnsf'U]")
    assert brighter.now - brighter.prior > 50
    density = next(one for one in reading.comparisons if one.name == "lung-density")
    assert density.change.low < density.now - density.prior < density.change.high
    assert "lungs-original_shape_VoxelVolume" not in found  # the same lungs, drawn by the same rule
    (note,) = (note for note in reading.provenance.notes if "more than their repeatability" in note)
    assert f"{sum(name.startswith('lungs') for name in found) + 1} of 13 of lungs" in note


def test_features_are_compared_of_what_is_suspicious_on_both(grown) -> None:
    found = {one.name for one in grown[0].comparisons if one.name.startswith("suspicious-original")}
    assert "suspicious-original_firstorder_Mean" in found
    assert any(f"{len(found)} of 12 of suspicious lung" in note for note in grown[0].provenance.notes)


def test_what_is_suspicious_on_one_ct_alone_has_no_features_to_compare(grown, files, bundle, monkeypatch) -> None:
    from readingroom.readers import pasc_fibrosis_prior as prior

    monkeypatch.setattr(prior, "SUSPICIOUS", 1.1)  # nothing is
    reading = read(
        bundle, grown[1] / "none", files / "ct.nrrd", {"lungs": files / "lungs.nrrd"}, prior_ct=grown[1] / "p.nrrd"
    )
    assert not any(one.name.startswith("suspicious-original") for one in reading.comparisons)
    note = "Features of suspicious lung were not compared with the prior: The region is empty."
    assert note in reading.provenance.notes


def test_the_prior_s_map_is_kept_in_its_own_geometry(grown) -> None:
    map_ = SimpleITK.ReadImage(str(grown[1] / "out" / "heatmap-prior-ct-fibrosis.nrrd"))
    assert map_.GetOrigin() == (40.0, -15.0, 19.0)


def test_new_suspicion_lies_where_the_lesion_was_added(grown, chest) -> None:
    found = whole_segments(grown[1] / "out" / "segments-ct.seg.nrrd", chest.left_lung.shape)
    new = found["newly-suspicious"]
    block, lungs = lesion(chest), chest.left_lung | chest.right_lung
    assert new[block].mean() > 5 * new[lungs & ~block].mean()
    assert (new & chest.left_lung).sum() > 0.8 * new.sum()
    assert found.get("no-longer-suspicious", np.zeros(1, dtype=bool)).sum() < 0.1 * new.sum()


def test_the_fit_is_a_check(grown) -> None:
    check = next(check for check in grown[0].checks if check.name == "prior fits")
    assert check.status == "pass"
    assert check.value > 0.9


def test_a_prior_without_lungs_ends_in_a_sentence_and_not_the_read(bundle, files, tmp_path) -> None:
    values = np.random.default_rng(0).normal(20, 60, (20, 60, 60))
    values[:, :12] = -1000 + values[:, :12]
    prior = write_nrrd(tmp_path / "belly.nrrd", image_of(values.astype(np.int16)))
    reading = read(bundle, tmp_path / "out", files / "ct.nrrd", {"lungs": files / "lungs.nrrd"}, prior_ct=prior)
    assert any("prior was not" in sentence for sentence in sentences(reading, "warn"))
    assert not reading.comparisons


def test_the_same_image_as_its_own_prior_is_refused(bundle, files, tmp_path) -> None:
    copy = tmp_path / "copy.nrrd"
    copy.write_bytes((files / "ct.nrrd").read_bytes())
    with pytest.raises(RefusedError, match="The prior has the very voxels of the present CT"):
        read(bundle, tmp_path / "out", files / "ct.nrrd", {"lungs": files / "lungs.nrrd"}, prior_ct=copy)


def a_series(folder: Path, values: np.ndarray, date: str, patient: str = "A") -> Path:
    return write_slices(folder, ct_slices(values, SERIES, StudyDate=date, AcquisitionDate=date, PatientID=patient))


def test_a_prior_of_a_later_date_is_refused(bundle, chest, tmp_path) -> None:
    now = a_series(tmp_path / "now", body(chest, True), "20240101")
    later = a_series(tmp_path / "later", body(chest, False), "20240601")
    with pytest.raises(RefusedError, match="later date than the present CT"):
        read(bundle, tmp_path / "out", now, prior_ct=later)


def test_a_prior_of_another_patient_is_refused(bundle, chest, tmp_path) -> None:
    now = a_series(tmp_path / "now", body(chest, True), "20240601")
    other = a_series(tmp_path / "other", body(chest, False), "20240101", patient="B")
    with pytest.raises(InputError, match="are of two patients"):
        read(bundle, tmp_path / "out", now, prior_ct=other)


@pytest.mark.parametrize("patients", [("A", ""), ("", "A"), ("", "")])
def test_a_prior_that_may_be_of_another_patient_is_said(chest, tmp_path, patients) -> None:
    from readingroom.readers.opening import open_study
    from readingroom.readers.pasc_fibrosis import READER

    now = a_series(tmp_path / "now", body(chest, True), "20240601", patients[0])
    prior = a_series(tmp_path / "prior", body(chest, False), "20240101", patients[1])
    study = open_study(READER, {"ct": now, "prior-ct": prior})
    (note,) = study.image("prior-ct").notes
    assert note == "A patient ID is missing: nothing says that the prior is of the same patient."


def test_of_a_folder_with_two_cts_of_a_patient_the_earlier_one_is_the_prior(chest, tmp_path) -> None:
    from readingroom.readers.opening import open_study
    from readingroom.readers.pasc_fibrosis import READER

    a_series(tmp_path / "both", body(chest, False), "20240101")
    a_series(tmp_path / "both", body(chest, True), "20240601")
    study = open_study(READER, {"ct": tmp_path / "both"})
    assert (study.image("ct").date, study.image("prior-ct").date) == ("20240601", "20240101")
    (note,) = study.image("prior-ct").notes
    assert note == "Of the 2 dates in the folder the latest one was read; the CT of 2024-01-01 is its prior."


def test_of_a_folder_with_one_date_nothing_is_taken_for_a_prior(chest, tmp_path) -> None:
    from readingroom.readers.opening import open_study
    from readingroom.readers.pasc_fibrosis import READER

    a_series(tmp_path / "both", body(chest, False), "20240101")
    a_series(tmp_path / "both", body(chest, True), "20240101")
    assert [image.role for image in open_study(READER, {"ct": tmp_path / "both"}).images] == ["ct"]


def test_a_folder_with_two_patients_is_refused(chest, tmp_path) -> None:
    from readingroom.readers.opening import open_study
    from readingroom.readers.pasc_fibrosis import READER

    a_series(tmp_path / "both", body(chest, False), "20240101")
    a_series(tmp_path / "both", body(chest, True), "20240601", patient="B")
    with pytest.raises(InputError, match="images of two patients"):
        open_study(READER, {"ct": tmp_path / "both"})
