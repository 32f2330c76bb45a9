"""Cohorts of phantoms whose truth is known."""

from __future__ import annotations

import csv
import hashlib

import numpy as np
import pytest
from PIL import Image

from readingroom.metrics.auc import auc
from readingroom.phantoms.planted_cohort import Planted, best_auc, write_planted_cohort


def rows_of(path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def sides_of(rows, column) -> dict[str, set[str]]:
    sides: dict[str, set[str]] = {}
    for row in rows:
        sides.setdefault(row[column], set()).add(row["split"])
    return sides


def pictures(folder, rows) -> np.ndarray:
    return np.stack([np.asarray(Image.open(folder / row["image_frontal"]), dtype=float) for row in rows])


def test_the_best_auc_follows_from_the_separation():
    assert best_auc(0) == 0.5
    assert best_auc(1) == pytest.approx(0.7602, abs=1e-4)
    assert best_auc(2) == pytest.approx(0.9214, abs=1e-4)


@pytest.mark.parametrize("separation", [0.0, 2.0])
def test_who_looks_at_the_right_place_comes_near_the_best_auc(tmp_path, separation):
    rows = rows_of(write_planted_cohort(tmp_path, Planted(studies=600, separation=separation, size=64)))
    images = pictures(tmp_path, rows)
    labels = np.array([row["label"] == "opacity" for row in rows])
    spot = images[:, 32:38, 18:24].mean((1, 2))
    assert auc(labels, spot) == pytest.approx(best_auc(separation), abs=0.01)


def test_without_a_leak_the_sides_share_no_patient_no_picture_and_no_synthetic_row(tmp_path):
    rows = rows_of(write_planted_cohort(tmp_path, Planted(studies=80, size=32)))
    assert all(len(sides) == 1 for sides in sides_of(rows, "patient_id").values())
    hashes = [hashlib.sha256((tmp_path / row["image_frontal"]).read_bytes()).hexdigest() for row in rows]
    assert len(set(hashes)) == len(rows)
    assert {row["origin"] for row in rows} == {"real"}
    assert {row["split"] for row in rows} == {"train", "test"}
    assert {(row["site"], row["label"]) for row in rows} == {
        (site, label) for site in ("north", "south") for label in ("normal", "opacity")
    }


def test_a_patient_leak_puts_patients_on_both_sides(tmp_path):
    rows = rows_of(write_planted_cohort(tmp_path, Planted(studies=80, size=32, leak="patient")))
    assert any(len(sides) == 2 for sides in sides_of(rows, "patient_id").values())


def test_a_duplicate_leak_puts_pictures_on_both_sides(tmp_path):
    rows = rows_of(write_planted_cohort(tmp_path, Planted(studies=80, size=32, leak="duplicate")))
    for row in rows:
        row["hash"] = hashlib.sha256((tmp_path / row["image_frontal"]).read_bytes()).hexdigest()
    assert any(len(sides) == 2 for sides in sides_of(rows, "hash").values())
    assert all(len(sides) == 1 for sides in sides_of(rows, "patient_id").values())


def test_a_synthetic_leak_puts_synthetic_rows_into_the_test_part(tmp_path):
    rows = rows_of(write_planted_cohort(tmp_path, Planted(studies=80, size=32, leak="synthetic")))
    assert {row["split"] for row in rows if row["origin"] == "synthetic"} == {"test"}


def test_a_site_leak_makes_class_and_site_one(tmp_path):
    rows = rows_of(write_planted_cohort(tmp_path, Planted(studies=80, size=32, separation=0, leak="site")))
    assert {(row["site"], row["label"]) for row in rows} == {("north", "normal"), ("south", "opacity")}
    brightness = pictures(tmp_path, rows).mean((1, 2))
    assert auc([row["label"] == "opacity" for row in rows], brightness) > 0.9


def test_the_same_seed_gives_the_same_cohort(tmp_path):
    first, again, other = (
        pictures(folder, rows_of(write_planted_cohort(folder, Planted(studies=8, size=32, seed=seed))))
        for folder, seed in ((tmp_path / "a", 3), (tmp_path / "b", 3), (tmp_path / "c", 4))
    )
    assert (first == again).all()
    assert (first != other).any()


def test_an_odd_number_of_studies_is_refused(tmp_path):
    with pytest.raises(ValueError, match="two of each patient"):
        write_planted_cohort(tmp_path, Planted(studies=10))
