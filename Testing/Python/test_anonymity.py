"""What is harmless stays in an anonymous reading; whatever else a header, a path or a person said is gone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from readingroom.anonymity import anonymous_reading, anonymous_study, is_anonymous, without
from readingroom.codes import LUNG
from readingroom.reading import (
    BundleFacts,
    Check,
    Comparison,
    Curve,
    Finding,
    KeyPicture,
    Line,
    Measurement,
    Provenance,
    Reading,
    Region,
    Verdict,
)  # fmt: skip
from readingroom.study import ClinicalFact, PatientFacts, Study, StudyImage, StudyMask

SECRET = "Zqxjvk"


@pytest.fixture
def a_study() -> Study:
    facts = {
        "KVP": "120", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1", "BodyPartExamined": "CHEST", "ViewPosition": "PA",
        "PixelSpacing": "0.143\\0.143", "ImageType": "DERIVED\\PRIMARY", "PatientOrientation": "L\\F",
    }  # fmt: skip
    image = StudyImage("frontal", Path("/home/doe/4711/x.dcm"), "20260131", "1.2.3", "1.2.3.4", "DX", facts=facts)
    return Study(
        (image,), patient=PatientFacts("Doe, Jane", "4711", "19720101"), accession_number="A-17",
        clinical={"age": ClinicalFact(54.0, "a", "header"), "sex": ClinicalFact("F", source="header")},
    )  # fmt: skip


def with_facts(study: Study, **facts: str) -> Study:
    return replace(study, images=(replace(study.images[0], facts={**study.images[0].facts, **facts}),))


def test_what_the_standard_has_a_word_for_stays(a_study):
    anonymous = anonymous_study(a_study)
    assert dict(anonymous.images[0].facts) == dict(a_study.images[0].facts)
    assert (anonymous.sex, anonymous.age_years, anonymous.date) == ("F", 54.0, "2026")
    assert anonymous.images[0].modality == "DX"


def test_name_number_dates_paths_and_uids_go(a_study):
    text = json.dumps(anonymous_study(a_study).to_json())
    for secret in ("Doe", "4711", "1972", "0131", "A-17", "1.2.3", "home"):
        assert secret not in text


@pytest.mark.parametrize(
    "keyword",
    ["BodyPartExamined", "ViewPosition", "Manufacturer", "SeriesDescription", "ImageType", "PixelSpacing", "KVP",
     "PatientOrientation", "SOPClassUID", "SOPInstanceUID", "TransferSyntax", "StationName", "OddElement"],
)  # fmt: skip
@pytest.mark.parametrize("value", [SECRET, SECRET.upper(), f"CHEST {SECRET}", f"PA\\{SECRET}", "DOE^JANE", "87654321"])
def test_a_name_in_any_element_goes(a_study, keyword, value):
    assert keyword not in anonymous_study(with_facts(a_study, **{keyword: value})).images[0].facts


def test_a_modality_that_is_none_goes(a_study):
    named = replace(a_study, images=(replace(a_study.images[0], modality="DOE"),))
    assert anonymous_study(named).images[0].modality == ""


def test_great_ages_become_one(a_study):
    old = replace(a_study, clinical={"age": ClinicalFact(97.0, "a")})
    assert anonymous_study(old).age_years == 90


def test_words_that_the_reader_offers_stay_and_typed_ones_go(a_study):
    typed = {"stage": ClinicalFact("II"), "history": ClinicalFact("II"), "smoker": ClinicalFact(True)}
    kept = anonymous_study(replace(a_study, clinical=typed), {"stage": ("I", "II")}).clinical
    assert dict(kept) == {"stage": ClinicalFact("II"), "smoker": ClinicalFact(True)}


@pytest.fixture
def a_reading(a_study) -> Reading:
    said = f"It says {SECRET}."
    study = replace(a_study, masks=(StudyMask("lungs", "frontal", Path(f"{SECRET}.nrrd"), LUNG, f"file {SECRET}"),))
    return Reading(
        reader="chest-xray",
        task="own",
        study=study,
        findings=(Finding("pneumonia", "Pneumonia", 0.8),),
        checks=(
            Check("body part", "warn", f"The header names the body part {SECRET.upper()}."),
            Check("quoted", "warn", "The window is called 'Mr Miller', which isn't known."),
            Check("view", "pass", "The header gives a frontal view, PA."),
        ),
        bundle=BundleFacts("b", "Bundle", "1.0.0", "0" * 64, False),
        provenance=Provenance({}, "cpu", "2026-01-31T12:00:00Z", 1.0, {"series": said}, ("Doe on 2026-01-31.", said)),
        measurements=(Measurement("m", said, 1.0, "mm"),),
        regions=(Region("r", said, "frontal", Path("r.seg.nrrd")),),
        curves=(
            Curve("c", said, "profile", (0.0,), "x", "1", "y", Line(said, (0.0,)), baselines=(Line(said, (0.0,)),)),
        ),
        comparisons=(Comparison("d", said, "mm", 1.0, 2.0, "frontal", "frontal"),),
        key_pictures=(KeyPicture(Path("p.png"), said, "frontal"),),
        verdicts=(Verdict("pneumonia", "reject", said),),
        comment=said,
    )


def test_no_text_of_an_anonymous_reading_holds_what_the_header_says(a_reading):
    found = anonymous_reading(a_reading, [SECRET])
    text = json.dumps(found.to_json()).lower()
    for secret in ("doe", "jane", "4711", "1.2.3.4", SECRET.lower(), "miller", "2026-01-31."):
        assert secret not in text
    assert Reading.from_json(found.to_json()) == found


def test_our_own_words_stay(a_reading):
    found = anonymous_reading(a_reading, [SECRET, "CHEST PA and lateral"])
    assert [check.sentence for check in found.checks] == [
        "The header names the body part [removed].",
        "The window is called '[removed]', which isn't known.",
        "The header gives a frontal view, PA.",
    ]
    assert found.verdicts == (Verdict("pneumonia", "reject", ""),)


def test_the_number_of_a_slice_takes_no_number_out_of_a_sentence(a_study, a_reading):
    sentence = "The values run from -1024 to 3071 HU."
    study = with_facts(a_study, InstanceNumber="1024", NumberOfFrames="3071")
    reading = replace(a_reading, study=study, checks=(Check("Hounsfield units", "pass", sentence),))
    assert anonymous_reading(reading).checks[0].sentence == sentence


def test_an_anonymous_reading_is_known_as_one(a_reading):
    assert not is_anonymous(a_reading)
    assert is_anonymous(anonymous_reading(a_reading))
    assert not is_anonymous(replace(anonymous_reading(a_reading), comment="Mrs Doe"))


@pytest.mark.parametrize(
    ("text", "sentence", "expected"),
    [
        ("Doe^Jane", "JANE doe's film.", "[removed] [removed]'s film."),
        ("Li", "Li and lid.", "[removed] and lid."),
        ("O'Neil", "The patient O'NEIL is named.", "The patient [removed] is named."),
        ("Müller", "MÜLLER, müller.", "[removed], [removed]."),
        ("山田^太郎", "The name 山田 太郎 is there.", "The name [removed] [removed] is there."),
        ("a.b*c (d)", "It is a.b*c (d).", "It is [removed]."),
        ("12", "The picture has 12 slices.", "The picture has 12 slices."),
    ],
)
def test_what_is_taken_out_of_a_sentence(text, sentence, expected):
    assert without([text])(sentence) == expected
