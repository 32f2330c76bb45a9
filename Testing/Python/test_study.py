"""The Study: plausible ones are carried through JSON, nonsense is refused when built."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.codes import LEFT_LUNG, Code
from readingroom.study import ClinicalFact, PatientFacts, Study, StudyImage, StudyMask

_names = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,8}", fullmatch=True)
_paths = st.lists(st.text("abc é-", min_size=1), min_size=1, max_size=3).map(lambda parts: Path(*parts))
_facts = st.dictionaries(st.text(), st.text(), max_size=3)
_patients = st.builds(PatientFacts, st.text(), st.text(), st.text())
_dates = st.sampled_from(["", "2026", "20260131"])
_codes = st.none() | st.just(LEFT_LUNG)
_values = st.floats(0, 130) | st.text() | st.booleans()
_clinical = st.dictionaries(
    _names.filter(lambda name: name != "age"),
    st.builds(ClinicalFact, _values, st.sampled_from(["", "a"]), st.sampled_from(["header", "entered"])),
    max_size=3,
)


@st.composite
def _studies(draw) -> Study:
    one = st.builds(
        StudyImage, _names, _paths, _dates, st.text(), st.text(), st.text(), rendered=st.booleans(), facts=_facts
    )
    images = draw(st.lists(one, min_size=1, max_size=3, unique_by=lambda image: image.role))
    on = st.sampled_from([image.role for image in images])
    masks = draw(
        st.lists(st.builds(StudyMask, _names, on, _paths, _codes, st.text()), max_size=2, unique_by=lambda m: m.role)
    )
    return Study(tuple(images), tuple(masks), draw(_patients), draw(_clinical), draw(st.text()), draw(st.text()))


@pytest.fixture
def a_study() -> Study:
    """A study with everything that could name the patient."""
    image = StudyImage(
        "frontal",
        Path("archive/DOE_JANE/1.dcm"),
        date="20260201",
        study_instance_uid="1.2",
        series_instance_uid="1.2.3",
        modality="DX",
        facts={"SOPInstanceUID": "1.2.3.4", "SOPClassUID": "1.2.840", "KVP": "120"},
    )
    patient = PatientFacts("Doe^Jane", "4711", "19720101")
    mask = StudyMask("left-lung", "frontal", Path("left.nrrd"))
    clinical = {"age": ClinicalFact(54.0, "a", "header"), "sex": ClinicalFact("F", source="header")}
    return Study((image,), (mask,), patient, clinical, "Chest PA", "A-17")


@settings(max_examples=50, deadline=None)
@given(study=_studies())
def test_any_study_comes_back_from_json_text(study):
    assert Study.from_json(json.loads(json.dumps(study.to_json()))) == study


def test_importing_the_nouns_imports_nothing_heavy():
    script = (
        "import sys, readingroom, readingroom.study, readingroom.reading, readingroom.errors;"
        "print(sorted({'torch', 'monai', 'timm', 'numpy', 'scipy', 'SimpleITK', 'pydicom'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_pixels_in_memory_are_not_part_of_the_json_nor_of_equality():
    held = StudyImage("frontal", Path("x.png"), pixels=object())
    assert held == StudyImage("frontal", Path("x.png"))
    assert "pixels" not in Study((held,)).to_json()["images"][0]


def test_a_study_with_pixels_only_can_be_built_but_not_read_back():
    study = Study((StudyImage("frontal", pixels=object()),))
    with pytest.raises(ValueError, match="neither a path nor pixels"):
        Study.from_json(study.to_json())


@pytest.mark.parametrize("name", ["", "Frontal", "two words", "-x", "a/b", "frontal\n"])
def test_names_that_are_no_lower_case_words_are_refused(name):
    with pytest.raises(ValueError, match="lower-case words"):
        StudyImage(name, Path("x.png"))
    with pytest.raises(ValueError, match="lower-case words"):
        StudyMask(name, "frontal", Path("x.nrrd"))


@pytest.mark.parametrize("age", [-1.0, 131.0, float("nan")])
def test_implausible_ages_are_refused(a_study, age):
    with pytest.raises(ValueError, match="not plausible"):
        replace(a_study, clinical={"age": ClinicalFact(age, "a")})


def test_a_date_that_is_no_dicom_date_is_refused():
    with pytest.raises(ValueError, match="not YYYYMMDD"):
        StudyImage("frontal", Path("x.png"), date="31.01.2026")


def test_a_code_needs_all_its_parts():
    with pytest.raises(ValueError, match="has no meaning"):
        Code("39607008", "SCT", "")


def test_age_and_sex_are_clinical_facts_of_the_study(a_study):
    assert (a_study.age_years, a_study.sex, a_study.date) == (54.0, "F", "20260201")
    nothing = replace(a_study, clinical={})
    assert (nothing.age_years, nothing.sex) == (None, "")


@pytest.mark.parametrize("value", [61.5, "IIIa", True, False])
def test_a_clinical_fact_keeps_its_type_in_json(a_study, value):
    study = replace(a_study, clinical={"fact": ClinicalFact(value)})
    back = Study.from_json(json.loads(json.dumps(study.to_json()))).clinical["fact"].value
    assert (back, type(back)) == (value, type(value))


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda image: Study(()), "at least one image"),
        (lambda image: Study((image, image)), "Two images of the study have the role frontal"),
        (
            lambda image: Study((image,), (StudyMask("m", "frontal", Path("m")),) * 2),
            "Two masks of the study have the role m",
        ),
        (lambda image: Study((image,), (StudyMask("m", "ct", Path("m")),)), "lies on image 'ct'"),
        (lambda image: StudyImage("frontal"), "neither a path nor pixels"),
        (lambda image: StudyMask("m", "frontal"), "neither a path nor pixels"),
    ],
)
def test_studies_that_contradict_themselves_are_refused(build, sentence):
    with pytest.raises(ValueError, match=sentence):
        build(StudyImage("frontal", Path("x.png")))


def test_images_are_found_by_name(a_study):
    assert a_study.image("frontal").modality == "DX"
    with pytest.raises(KeyError, match="no image 'ct'; it has frontal"):
        a_study.image("ct")


def test_facts_of_an_image_cannot_be_changed(a_study):
    with pytest.raises(TypeError):
        a_study.image("frontal").facts["KVP"] = "0"
