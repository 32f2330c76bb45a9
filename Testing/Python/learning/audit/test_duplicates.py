"""Duplicates within a cohort and across its split."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from readingroom.learning.audit.duplicates import duplicate_issues, find_duplicates
from readingroom.learning.audit.issue import AuditIssue
from readingroom.learning.audit.split_leakage import split_leakage_issues
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.phantoms.dicom_files import write_dicom


def issues(rows: list[Row], read) -> list[AuditIssue]:
    cohort = Cohort(tuple(rows))
    pictures = cohort.pictures
    found = read(pictures)
    duplicates = find_duplicates(pictures, found)
    return [
        *duplicate_issues(pictures, found, duplicates),
        *split_leakage_issues(cohort, pictures, found, duplicates),
    ]


def brighter(path: Path) -> np.ndarray:
    return (np.asarray(Image.open(path)) * 0.8 + 30).astype(np.uint8)


def test_nothing_is_said_of_a_cohort_without_copies(rows, read) -> None:
    assert issues(rows, read) == []


def test_the_same_image_under_two_patients(rows, read) -> None:
    rows[7] = replace(rows[7], images={"frontal": rows[0].image}, label="x")
    (found,) = issues(rows, read)
    assert (found.severity, found.topic) == ("warn", "same image")
    assert found.sentence.startswith("1 image is there under several patients, pixel for pixel")
    assert found.examples == ("'S0' of 'P0' and 'S7' of 'P3'",)


def test_the_same_image_under_two_classes_is_red(rows, read) -> None:
    rows[2] = replace(rows[2], images={"frontal": rows[0].image})
    assert [(f.severity, f.topic) for f in issues(rows, read)] == [("stop", "same image"), ("warn", "same image")]


def test_the_second_image_of_a_study_is_compared_as_well(rows, read) -> None:
    rows[0] = replace(rows[0], images={"left-cc": rows[0].image, "left-mlo": rows[5].image}, split="train")
    rows[1] = replace(rows[1], images={"right-cc": rows[1].image, "right-mlo": rows[1].image})
    rows[5] = replace(rows[5], label=rows[0].label, split="test")
    found = {issue.sentence.partition(" there")[0]: issue.examples for issue in issues(rows, read)}
    assert found["1 image is"] in (
        ("'S0, left-mlo' of 'P0' and 'S5' of 'P2'",),
        ("'S1, right-cc' and 'S1, right-mlo' of patient 'P0'",),
    )
    assert found["1 image lies in two parts of the split that the table states."] == (
        "'S0, left-mlo' (train) and 'S5' (test)",
    )


def test_the_same_image_twice_under_one_patient(rows, read) -> None:
    rows[1] = replace(rows[1], images={"frontal": rows[0].image})
    (found,) = issues(rows, read)
    assert found.sentence == "1 image is there more than once under one patient and would count double."


def test_a_copy_of_other_brightness_and_size_under_another_patient(rows, read, a_picture) -> None:
    copy = Image.fromarray(brighter(rows[0].image)).resize((96, 96), Image.Resampling.BICUBIC)
    rows[9] = replace(rows[9], images={"frontal": a_picture(100, np.asarray(copy))})
    (found,) = issues(rows, read)
    assert (found.severity, found.topic) == ("warn", "near duplicates")
    assert found.examples[0].startswith("'S0' of 'P0' and 'S9' of 'P4': ")


def test_pictures_that_are_all_alike_are_not_called_copies(rows, read, a_picture) -> None:
    generator = np.random.default_rng(0)
    base = np.asarray(Image.open(rows[0].image)).astype(float)
    noisy = [(base + generator.normal(0, 2, base.shape)).round().clip(0, 255).astype(np.uint8) for _ in rows]
    same = [replace(row, images={"frontal": a_picture(200 + n, noisy[n])}) for n, row in enumerate(rows)]
    (found,) = issues(same, read)
    assert found.severity == "info"
    assert "all look so alike" in found.sentence


def test_images_that_cannot_be_read_are_named(rows, read, tmp_path) -> None:
    rows[3] = replace(rows[3], images={"frontal": tmp_path / "gone.png"})
    (found,) = issues(rows, read)
    assert (found.severity, found.topic) == ("stop", "unreadable")
    assert found.sentence.startswith("1 image of 60 cannot be read")
    assert found.examples[0].startswith("study 'S3' of patient 'P1': 'gone.png' does not exist in the folder ")


def split(rows: list[Row]) -> list[Row]:
    return [replace(row, split="test" if n < 20 else "train") for n, row in enumerate(rows)]


def test_a_clean_split_is_not_blamed(rows, read) -> None:
    assert issues(split(rows), read) == []


def test_a_patient_on_both_sides(rows, read) -> None:
    rows = split(rows)
    rows[1] = replace(rows[1], split="train")
    (found,) = issues(rows, read)
    assert (found.severity, found.topic) == ("stop", "split")
    assert found.sentence == "1 patient lies in two parts of the split that the table states."
    assert found.examples == ("'S0' (test) and 'S1' (train)",)


def test_an_image_on_both_sides(rows, read) -> None:
    rows = split(rows)
    rows[30] = replace(rows[30], images={"frontal": rows[2].image})
    assert "1 image lies in two parts of the split that the table states." in {f.sentence for f in issues(rows, read)}


def test_nearly_the_same_picture_on_both_sides(rows, read, a_picture) -> None:
    rows = split(rows)
    rows[30] = replace(rows[30], images={"frontal": a_picture(100, brighter(rows[2].image))})
    found = [issue for issue in issues(rows, read) if issue.topic == "split"]
    assert [f.sentence for f in found] == ["1 pair of nearly the same pictures lies in two parts of the split."]


def test_a_dicom_series_and_a_header_patient_on_both_sides(rows, read, tmp_path) -> None:
    rows = split(rows)
    pictures = [np.asarray(Image.open(rows[n].image)).astype(np.uint16) for n in (0, 30)]
    for number, pixels in zip((0, 30), pictures, strict=True):
        path = write_dicom(tmp_path / f"{number}.dcm", pixels, SeriesInstanceUID="1.2.3", PatientID="Doe")
        rows[number] = replace(rows[number], images={"frontal": path})
    found = {f.topic: f for f in issues(rows, read)}
    assert found["split"].sentence == "1 DICOM series lies in two parts of the split that the table states."
    assert found["same patient"].examples == ("'P0' = 'P15'",)


@pytest.mark.parametrize(("part", "severity"), [("test", "stop"), ("validation", "stop"), ("train", "info")])
def test_synthetic_studies_may_only_train(rows, read, part: str, severity: str) -> None:
    rows = split(rows)
    rows[-2:] = [replace(row, origin="synthetic", split=part) for row in rows[-2:]]
    (found,) = issues(rows, read)
    assert (found.severity, found.topic) == (severity, "synthetic")
    assert found.sentence.startswith("2 ")


def test_studies_without_a_side_are_counted(rows, read) -> None:
    rows = split(rows)
    rows[0:2] = [replace(row, split="") for row in rows[0:2]]
    (found,) = issues(rows, read)
    assert found.sentence == "2 studies without a part would not be used."
