"""A prior CT of a patient with lung cancer: the risk then and now, the tumor's change, and priors that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

import lung_survival_cases as cases
from lung_survival_cases import SPACING, phantom, write_bundle
from pasc_fibrosis_cases import image_of, sentences, write_nrrd
from readingroom.bundles.bundle import Bundle
from readingroom.errors import InputError, RefusedError
from readingroom.phantoms.dicom_series import Grid, ct_slices, write_slices
from readingroom.phantoms.lung_cancer_ct import LungCancerCT
from readingroom.readers import base
from readingroom.readers.lung_survival import READER
from readingroom.readers.opening import open_study
from readingroom.reading import Reading

SERIES = Grid(spacing=SPACING[1:], origin=(0.0, 0.0, 0.0), thickness=SPACING[0])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Bundle:
    return write_bundle(tmp_path_factory.mktemp("bundles") / "dense")


@pytest.fixture(scope="module")
def chest() -> LungCancerCT:
    return phantom(ml=90.0)


@pytest.fixture(scope="module")
def earlier() -> LungCancerCT:
    """The same chest with a smaller tumor."""
    return phantom(ml=20.0)


@pytest.fixture(scope="module")
def files(chest, earlier, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    for name, made in (("ct", chest), ("prior", earlier)):
        write_nrrd(folder / f"{name}.nrrd", made.pixels)
        write_nrrd(folder / f"{name}-tumor.nrrd", made.tumor)
    write_nrrd(folder / "lungs.nrrd", chest.right_lung | chest.left_lung)
    return folder


def read(bundle: Bundle, folder: Path, ct: Path, prior: Path, masks: dict[str, Path] | None = None, **more) -> Reading:
    study = open_study(READER, {"ct": ct, "prior-ct": prior}, masks or {})
    return base.read(READER, study, bundle, folder, "cpu", **more)


@pytest.fixture(scope="module")
def grown(bundle, files, tmp_path_factory) -> tuple[Reading, Path]:
    out = tmp_path_factory.mktemp("out") / "read"
    masks = {"tumour": files / "ct-tumor.nrrd", "prior-tumour": files / "prior-tumor.nrrd"}
    return read(bundle, out, files / "ct.nrrd", files / "prior.nrrd", masks, force=True), out


@pytest.fixture(scope="module")
def alone(bundle, files, tmp_path_factory) -> Reading:
    """The prior read by itself."""
    out = tmp_path_factory.mktemp("alone") / "read"
    return cases.read(bundle, out, files / "prior.nrrd", force=True)


def test_the_risk_then_is_what_a_read_of_the_prior_alone_says(grown, alone):
    reading, _ = grown
    changes = {one.name: one for one in reading.comparisons}
    for months in (6, 12, 18, 24):
        one = changes[f"death-{months}-months"]
        line, before = (next(c for c in r.curves if c.name == "incidence-death").line for r in (reading, alone))
        assert (one.now, one.prior) == (
            pytest.approx(100 * line.values[months]), pytest.approx(100 * before.values[months]),
        )  # fmt: skip
        assert one.title == f"Death from any cause within {months} months"
        assert (one.now_image, one.prior_image, one.unit) == ("ct", "prior-ct", "%")
    assert any(note.startswith("Each risk counts from its own CT") for note in reading.provenance.notes)


def test_the_tumor_s_growth_stands_among_what_changed(grown, chest, earlier):
    changes = {one.name: one for one in grown[0].comparisons}
    volume, diameter = changes["tumor-volume"], changes["tumor-diameter"]
    assert (volume.now, volume.prior) == (pytest.approx(chest.tumor_ml), pytest.approx(earlier.tumor_ml))
    assert diameter.now > diameter.prior
    regions = {one.name: one for one in grown[0].regions}
    assert regions["prior-tumour"].image == "prior-ct"
    assert regions["prior-tumour"].volume_ml == pytest.approx(earlier.tumor_ml)


def test_the_prior_has_a_map_of_its_own_on_its_own_grid(grown, earlier):
    reading, out = grown
    maps = {(one.image, one.shows): one for one in reading.heat_maps}
    assert set(maps) == {("ct", "evidence"), ("ct", "attention"), ("prior-ct", "evidence")}
    heat = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(out / maps["prior-ct", "evidence"].path)))
    assert heat.shape == earlier.pixels.shape
    assert 0 < heat.max() <= 1


def test_one_tumor_alone_is_not_compared(bundle, files, tmp_path):
    masks = {"tumour": files / "ct-tumor.nrrd"}
    found = read(bundle, tmp_path / "out", files / "ct.nrrd", files / "prior.nrrd", masks, force=True)
    assert [one.name for one in found.comparisons] == [f"death-{months}-months" for months in (6, 12, 18, 24)]


def test_a_mask_of_the_prior_s_tumor_without_a_prior_is_a_sentence(bundle, files, tmp_path):
    with pytest.raises(InputError, match="'Tumor on the prior' lies on 'Prior chest CT'; choose"):
        cases.read(bundle, tmp_path / "out", files / "ct.nrrd", {"prior-tumour": files / "prior-tumor.nrrd"})


def test_a_prior_without_lungs_ends_in_a_sentence_and_not_the_read(bundle, files, tmp_path):
    values = np.random.default_rng(0).normal(20, 60, (20, 60, 60))
    values[:, :12] = -1000 + values[:, :12]
    prior = write_nrrd(tmp_path / "belly.nrrd", image_of(values.astype(np.int16)))
    found = read(bundle, tmp_path / "out", files / "ct.nrrd", prior, {"lungs": files / "lungs.nrrd"}, force=True)
    assert any("prior was not" in sentence for sentence in sentences(found, "warn"))
    assert not found.comparisons


def test_the_same_image_as_its_own_prior_is_refused(bundle, files, tmp_path):
    copy = tmp_path / "copy.nrrd"
    copy.write_bytes((files / "ct.nrrd").read_bytes())
    with pytest.raises(RefusedError, match="The prior has the very voxels of the present CT"):
        read(bundle, tmp_path / "out", files / "ct.nrrd", copy)


def series(folder: Path, made: LungCancerCT, **elements: str) -> Path:
    return write_slices(folder, ct_slices(np.maximum(made.pixels, -1024), SERIES, **elements))


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({"PatientID": "B", "StudyDate": "20240101"}, "are of two patients"),
        ({"PatientID": "A", "StudyDate": "20240701", "AcquisitionDate": "20240701"}, "later date than the present CT"),
        ({"PatientID": "A", "StudyDate": "20240101", "Modality": "MR"}, "MR"),
    ],
)
def test_a_prior_of_another_patient_day_or_kind_is_refused(bundle, chest, earlier, tmp_path, elements, words):
    now = series(tmp_path / "now", chest, PatientID="A", StudyDate="20240601", AcquisitionDate="20240601")
    prior = series(tmp_path / "prior", earlier, **{"AcquisitionDate": "20240101", **elements})
    with pytest.raises((InputError, RefusedError), match=words):
        read(bundle, tmp_path / "out", now, prior)


def test_an_mr_is_refused_as_the_ct(bundle, chest, tmp_path):
    with pytest.raises((InputError, RefusedError), match="MR"):
        cases.read(bundle, tmp_path / "out", series(tmp_path / "mr", chest, Modality="MR"))
