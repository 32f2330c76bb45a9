"""Folders of public images as cohorts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from experiments.public_cohorts import COHORTS, LESIONS, chest_radiographs, mammograms, nih_pneumonia, write_all
from readingroom.csv_table import read_csv
from readingroom.errors import InputError
from readingroom.learning.cohorts.cohort import read_cohort


def test_the_films_of_a_small_folder(a_cohort_folder: Path) -> None:
    cohort = nih_pneumonia(a_cohort_folder)
    assert Counter(row.label for row in cohort.rows) == {"normal": 24, "pneumonia": 24}
    assert set(cohort.sites) == {"nih"}
    assert cohort.rows[0].image.is_file()
    numbers = np.array([int(patient[4:]) for patient in cohort.patients])
    assert np.array_equal(cohort.column("in_range") == "1", numbers <= 12)


def test_a_folder_without_the_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"labels\.csv cannot be read"):
        chest_radiographs(tmp_path)


def test_the_real_folders_have_the_counts_of_their_readmes(shared: Path) -> None:
    data = shared / "data"
    counts = {name: Counter(row.label for row in read(data).rows) for name, read in COHORTS.items()}
    assert counts == {
        "nih_pneumonia": {"normal": 352, "pneumonia": 348},
        "chest_radiographs": {"covid": 160, "normal": 176, "pneumonia": 192},
        "covid_ct": {"covid": 260, "noncovid": 260},
        "childrens_pneumonia": {"normal": 1341, "bacterial-pneumonia": 2530, "viral-pneumonia": 1344},
        "mammograms": {"normal": 126, "benign": 37, "malignant": 31},
    }
    sites = Counter((row.site, row.label) for row in chest_radiographs(data).rows)
    assert (sites["hannover", "covid"], sites["nih", "covid"], sites["cohen", "pneumonia"]) == (89, 0, 41)
    matched = [row for row in nih_pneumonia(data).rows if row.clinical.get("nih_matched") == 1]
    assert all(row.clinical["in_range"] == 1 for row in matched)
    assert len(set(mammograms(data).patients)) == 97


def test_each_is_written_as_a_table_that_reads_back(shared: Path, tmp_path: Path) -> None:
    for name, path in write_all(shared / "data", tmp_path).items():
        written, read = COHORTS[name](shared / "data"), read_cohort(path)
        assert read.problems == ()
        assert [(r.patient_id, r.study_id, r.label, r.image.resolve()) for r in read.rows] == [
            (r.patient_id, r.study_id, r.label, r.image.resolve()) for r in written.rows
        ]


def test_the_lesions_of_the_mammograms_lie_beside_them(shared: Path, tmp_path: Path) -> None:
    write_all(shared / "data", tmp_path)
    lesions = read_csv(tmp_path / LESIONS).records()
    assert len(lesions) == 72
    assert sum(not lesion["x"] for lesion in lesions) == 3
    assert {lesion["study_id"] for lesion in lesions} <= {row.study_id for row in mammograms(shared / "data").rows}
    assert list(lesions[0].values()) == ["mdb005", "357.75", "667.5", "22.5", "B", "well-defined mass"]
