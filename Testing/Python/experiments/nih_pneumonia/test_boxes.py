"""Maps against boxes that radiologists drew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.nih_pneumonia import boxes
from experiments.nih_pneumonia.boxes import SIDE, TOLERANCE, Boxed, Place, blobs, boxes_of_others, place_of, section
from experiments.nih_pneumonia.films import read_films


@pytest.fixture
def boxed() -> Boxed:
    """One box of 100 x 100 pixels in the middle, and one in a corner."""
    masks, near = np.zeros((2, SIDE, SIDE), bool), np.zeros((2, SIDE, SIDE), bool)
    masks[0, 206:306, 206:306] = near[0, 191:321, 191:321] = True
    masks[1, :100, :100] = near[1, :115, :115] = True
    return Boxed(np.arange(2), masks, near)


def test_a_map_that_is_the_box_has_all_its_energy_inside_and_hits(boxed: Boxed) -> None:
    found = place_of(boxed.masks.astype(float), boxed)
    assert found.energy.tolist() == found.hit.tolist() == [1.0, 1.0]


def test_a_maximum_counts_up_to_the_tolerance_around_the_box_and_a_map_of_zeros_points_nowhere(boxed: Boxed) -> None:
    maps = np.zeros((2, SIDE, SIDE))
    maps[0, 306 + TOLERANCE - 1, 250] = 1
    found = place_of(maps, boxed)
    assert found.hit.tolist() == [1.0, 0.0]
    assert found.energy.tolist() == [0.0, 0.0]
    maps[0] = np.roll(maps[0], 1, axis=0)
    assert place_of(maps, boxed).hit[0] == 0


def test_the_blob_is_as_large_as_the_box_and_lies_in_the_middle(boxed: Boxed) -> None:
    disks = blobs(boxed.masks)
    assert [(disk > 0).sum() for disk in disks] == pytest.approx([10_000, 10_000], rel=0.01)
    assert place_of(disks, boxed).hit.tolist() == [1.0, 0.0]


def test_boxes_of_the_same_patient_say_nothing_of_a_film(boxed: Boxed) -> None:
    others = boxes_of_others(np.concatenate([boxed.masks, boxed.masks[:1]]), np.array(["a", "b", "a"]))
    assert (others[0] == boxed.masks[1]).all()
    assert others[1].max() == 1.0


def test_boxes_are_read_in_the_pixels_of_the_films(a_cohort_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cohort = read_films(a_cohort_folder)
    monkeypatch.setattr(boxes, "original_names", lambda _, films: [f"{i}.png" for i in range(len(films.films))])
    table = a_cohort_folder / "cxr_nih_more" / "tables" / "bbox_for_developer_images.csv"
    table.parent.mkdir(parents=True)
    table.write_text(
        "Image Index,Finding Label,Bbox [x,y,w,h]\n3.png,Pneumonia,100.0,200.0,60.0,40.0\n"
        "3.png,Mass,0.0,0.0,9.0,9.0\n3.png,Pneumonia,500.0,200.0,20.0,20.0\n99.png,Pneumonia,1.0,1.0,9.0,9.0\n"
    )
    found = boxes.boxes_of(a_cohort_folder, cohort)
    table.unlink()
    assert found.films.tolist() == [3]
    assert found.masks.sum() == 30 * 20 + 10 * 10
    assert np.argwhere(found.masks[0]).min(0).tolist() == [100, 50]


def test_the_section_says_who_wins() -> None:
    patients = np.array([f"p{i}" for i in range(20)])
    high, low = Place(np.full(20, 0.6), np.ones(20)), Place(np.full(20, 0.2), np.zeros(20))
    found = {boxes._NEW: {"cam": low}, boxes._RESEEN: {"cam": high}, "no network": {boxes._BLOB: high}}
    text = section(found, patients)
    assert "by energy the map loses, by the pointing game the map loses" in text
    assert text.count("| cam,") == 2
