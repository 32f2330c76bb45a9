"""Two-year survival as a class."""

from __future__ import annotations

import csv

import pytest

from experiments.results.survival_as_class import DAYS, TABLE, two_year_table, write_tables
from readingroom.errors import InputError

COLUMNS = ("tcia_id", "SourceDataset", "SurvivalTime", "Event", "age", "Tstage", "Nstage", "Histology")


@pytest.fixture
def data(tmp_path):
    """Three patients of LUNG1 (died early, outlived two years, lost early) and one of the other cohort."""
    (tmp_path / TABLE).parent.mkdir(parents=True)
    with (tmp_path / TABLE).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*COLUMNS, "original_shape_VoxelVolume"))
        for name, source, days, event in (
            ("a", "l1", DAYS - 1, 1),
            ("b", "l1", DAYS, 0),
            ("c", "l1", DAYS - 1, 0),
            ("d", "l2", 10, 1),
        ):
            writer.writerow((name, source, days, event, 60, 1, 0, "large cell", 1000.5))
    return tmp_path


def test_who_was_lost_before_two_years_takes_no_part(data):
    table = two_year_table(data / TABLE, "l1")
    assert table.patients.tolist() == ["a", "b"]
    assert table.outcome.tolist() == [1, 0]
    assert table.notes == ("1 of 3 patients were followed for less than two years and are left out.",)


def test_both_cohorts_become_tables_of_their_own(data, tmp_path):
    write_tables(data, tmp_path / "out")
    with (tmp_path / "out" / "lung1.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["tcia_id"], row["died_within_two_years"]) for row in rows] == [("a", "1"), ("b", "0")]
    assert rows[0]["original_shape_VoxelVolume"] == "1000.5"
    assert (tmp_path / "out" / "r01.csv").read_text().count("\n") == 2


def test_a_missing_table_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot be read: no such file"):
        write_tables(tmp_path, tmp_path / "out")
