"""Which MR is read of a study with many series, and the bias field that is taken out of it on request."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from liver_hcc_cases import gray_network, image_of, phantom, pixels, write_bundle, write_nrrd
from readingroom.bundles.bundle import Bundle
from readingroom.bundles.metadata import ClassifierMetadata
from readingroom.errors import InputError
from readingroom.imaging.bias_field import BiasField, corrected
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.weighting import weighting_of
from readingroom.phantoms.dicom_series import mr_slices, write_slices
from readingroom.progress import Progress
from readingroom.readers.answer import Answer, Case
from readingroom.readers.base import ReadContext, read
from readingroom.readers.bias_correction import with_bias_field
from readingroom.readers.opening import open_study
from readingroom.readers.registry import find_reader
from readingroom.study import Study, StudyImage


@pytest.fixture(autouse=True)
def no_tests_of_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("readingroom.readers.liver_hcc.LiverHCCReader.tests_of_answer", ())


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Bundle:
    return write_bundle(tmp_path_factory.mktemp("bundles") / "bright", gray_network())


@pytest.mark.parametrize(
    ("weighting", "read"),
    [
        ("", "MR series 2 (T2, axial; 6 images)"),
        ("T2", "MR series 2 (T2, axial; 6 images)"),
        ("T1", "MR series 1 (T1, axial, fat saturated, portal venous; 8 images)"),
        ("any", "MR series 2 (T2, axial; 6 images)"),
    ],
)
def test_of_many_series_the_one_that_the_bundle_learned_from_is_read(
    bundle: Bundle, tmp_path: Path, weighting: str, read: str
) -> None:
    folder = tmp_path / "study"
    write_slices(folder, mr_slices(np.ones((8, 6, 5)), None, "T1-portal-venous", SeriesNumber=1))
    write_slices(folder, mr_slices(np.ones((6, 6, 5)), None, "T2", SeriesNumber=2))
    write_slices(folder, mr_slices(np.ones((9, 6, 5)), None, "T2", SeriesNumber=3, DiffusionBValue=800.0))
    metadata = replace(bundle.of_kind(ClassifierMetadata), weighting=weighting)
    image = open_study(find_reader("liver-hcc"), {"mr": folder}, metadata=metadata).image("mr")
    assert image.notes == (f"Of 3 series of the folder the {read} was read.",)


def test_the_bias_field_is_corrected_where_a_person_asks_for_it(bundle: Bundle, tmp_path: Path) -> None:
    write_nrrd(tmp_path / "mr.nrrd", pixels())
    write_nrrd(tmp_path / "liver.nrrd", phantom().liver)
    reader = find_reader("liver-hcc")
    study = open_study(reader, {"mr": tmp_path / "mr.nrrd"}, {"liver": tmp_path / "liver.nrrd"})
    found = read(reader, study, bundle, tmp_path / "out", "cpu", force=True, options=("correct-bias-field",))
    (check,) = [check for check in found.checks if check.name == "bias field"]
    assert check.sentence.startswith("Before it was corrected")
    assert any("bias field of the MR was corrected (N4)" in note for note in found.provenance.notes)
    assert found.provenance.settings["options"] == ["correct-bias-field"]
    (own,) = [check for check in found.checks if check.name == "bias correction"]
    assert own.status == "warn", "the bundle learned from MR as they were"


@pytest.mark.parametrize("options", [(), ("correct-bias-field",)])
def test_the_bias_field_is_a_layer_whether_it_was_left_in_or_taken_out_and_estimated_once(
    monkeypatch: pytest.MonkeyPatch, bundle: Bundle, options: tuple[str, ...]
) -> None:
    estimates = []
    monkeypatch.setattr("readingroom.imaging.bias_field.bias_field", lambda *given: estimates.append(field) or field)
    field = BiasField(np.full((2, 2, 2), np.log(1.25), np.float32), (40, 40, 20), 1.0, 1.25)
    reader, context = find_reader("liver-hcc"), ReadContext(bundle, None, Progress(), options=options)  # type: ignore[arg-type]
    case = reader.load(Study((StudyImage("mr", pixels=image_of(pixels())),)))
    read_from = reader.prepared(case, context)
    (layer,) = with_bias_field(read_from, Answer(), "mr", "hcc", context).maps
    assert (layer.heat_map.path, layer.heat_map.shows) == (Path("bias-field-mr.nrrd"), "bias-field")
    assert layer.heat.shape == case.images["mr"].voxels.shape
    assert np.allclose(read_from.images["mr"].voxels * (layer.heat if options else 1), case.images["mr"].voxels)
    assert layer.heat_map.levels == (1.0, 1.25)
    assert layer.heat_map.method == ("N4, taken out" if options else "N4, left in")
    assert len(estimates) == 1
    assert [check.name for check in context.checks].count("bias field") == 1


def test_a_bundle_that_learned_without_bias_fields_is_read_so_unasked(bundle: Bundle, tmp_path: Path) -> None:
    metadata = bundle.of_kind(ClassifierMetadata)
    learned = replace(metadata, preprocessing=replace(metadata.preprocessing, correct_bias_field=True))
    reader = find_reader("liver-hcc")
    image = StudyImage("mr", pixels=image_of(pixels()))
    case = reader.load(Study((image,)))
    context = ReadContext(SimpleNamespace(of_kind=lambda _kind: learned), None, Progress())  # type: ignore[arg-type]
    evened = reader.prepared(case, context).images["mr"].voxels
    assert not np.allclose(evened, case.images["mr"].voxels, rtol=0.02)
    assert [check.status for check in context.checks] == ["pass", "pass"]
    assert np.allclose(evened, corrected(case.images["mr"]).voxels), "as training does it"


def test_the_bundle_says_which_weighting_it_is_for(bundle: Bundle, tmp_path: Path) -> None:
    reader = find_reader("liver-hcc")
    write_slices(tmp_path / "t1", mr_slices(np.ones((20, 6, 5)), None, "T1-in-phase"))
    study = open_study(reader, {"mr": tmp_path / "t1"})
    case = Case(study, {}, {}, ())
    found = {}
    for weighting in ("", "T1", "any"):
        metadata = replace(bundle.of_kind(ClassifierMetadata), weighting=weighting)
        (found[weighting],) = reader.bundle_checks(case, metadata)
    assert found[""].status == "stop"
    assert "the bundle is for T2" in found[""].sentence
    assert found[""].sentence.endswith("does not say which weighting it learned from: T2 is assumed.")
    assert found["T1"].status == found["any"].status == "pass"
    assert "learned from several weightings" in found["any"].sentence


def test_a_training_says_how_the_mr_of_its_cohort_are_weighted(tmp_path: Path) -> None:
    reader, rows = find_reader("liver-hcc"), []
    for number, sequence in enumerate(("T2", "T2", "T1-in-phase")):
        folder = tmp_path / f"{number}"
        write_slices(folder, mr_slices(np.ones((20, 6, 5)), None, sequence))
        rows.append(Row(f"p{number}", f"s{number}", {"mr": folder}, label="none" if number == 2 else "hcc"))
    assert weighting_of(Cohort(tuple(rows[:2])), reader) == ("T2", "")
    weighting, sentence = weighting_of(Cohort(tuple(rows)), reader)
    assert weighting == "any"
    assert sentence.startswith("Weighting and label are one in training (2 studies T2, 1 study T1)")
    mixed = (*rows, replace(rows[2], patient_id="p3", study_id="s3", label="hcc"))
    assert weighting_of(Cohort(mixed), reader)[1].startswith("The MR of training differ in their weighting")


def test_an_option_that_the_reader_does_not_have_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    write_nrrd(tmp_path / "mr.nrrd", pixels())
    reader = find_reader("liver-hcc")
    study = open_study(reader, {"mr": tmp_path / "mr.nrrd"})
    with pytest.raises(InputError, match=r"Liver HCC has no option 'faster'\."):
        read(reader, study, bundle, tmp_path / "out", options=("faster",))
