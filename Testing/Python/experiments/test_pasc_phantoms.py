"""A cohort of phantoms becomes a bundle, the bundle reads a phantom, and its map is held against what was planted."""

from __future__ import annotations

import json

import numpy as np
import pytest

from experiments import pasc_phantom_maps, pasc_phantom_places, pasc_phantoms, phantom_places
from experiments.pasc_phantom_maps import Found, estimates, section
from experiments.phantom_maps import Place
from experiments.results.page import PHANTOMS, SURVIVAL, sections_of, with_section
from readingroom import records
from readingroom.learning.cohorts.cohort import read_cohort
from readingroom.phantoms.fibrosis_ct import fibrosis_ct

pytest.importorskip("torch", reason="training needs the extra 'read'")
pytest.importorskip("sklearn", reason="training needs the extra 'train'")

COARSE, STUDIES = 3.0, 16


@pytest.fixture(scope="module")
def a_cohort(tmp_path_factory):
    return pasc_phantoms.write_phantom_cohort(tmp_path_factory.mktemp("phantoms"), STUDIES, COARSE)


@pytest.fixture(scope="module")
def a_bundle(a_cohort, tmp_path_factory):
    """Of the smallest input whose last map still has places, one epoch: it learned nothing, and goes the whole way."""
    from readingroom.bundles.bundle import load

    wanted = pasc_phantoms.protocol(epochs=1)
    wanted |= {"networks": ["resnet18"], "input": {**wanted["input"], "size": [64, 64], "slices": 4}}
    wanted["validation"] = {"kind": "hold-out", "hold_out": 0.34, "inner": 0.25}
    out = tmp_path_factory.mktemp("out")
    assert pasc_phantoms.train(a_cohort, out, wanted) == 0
    return load(out / pasc_phantoms.NAME)


def a_phantom(seed: int = 1, ml: float = 600.0):
    return fibrosis_ct(seed, ml, shape=(31, 80, 100), spacing=(9.0, 3.6, 3.6))


def test_every_other_phantom_of_the_cohort_has_fibrosis_and_a_mask_of_its_lungs(a_cohort):
    rows = read_cohort(a_cohort).rows
    assert [row.label for row in rows] == ["none", "fibrosis"] * (STUDIES // 2)
    assert len({row.patient_id for row in rows}) == STUDIES
    assert all(row.masks["lungs"].is_file() for row in rows)


def test_a_chest_that_is_there_is_planted_into_and_every_second_one_tests(tmp_path):
    import SimpleITK

    chests = [tmp_path / "first.nrrd", tmp_path / "second.nrrd"]
    for seed, path in enumerate(chests):
        made = fibrosis_ct(seed, shape=(20, 80, 100), spacing=(10.0, 3.6, 3.6))
        image = SimpleITK.GetImageFromArray(made.pixels)
        image.SetSpacing(made.spacing[::-1])
        SimpleITK.WriteImage(image, str(path))
    rows = read_cohort(pasc_phantoms.write_phantom_cohort(tmp_path / "out", 0, COARSE, chests, of_each=2)).rows
    assert [(row.patient_id, row.label) for row in rows] == [
        (name, label) for name in ("first", "second") for label in ("none", "fibrosis")
    ]
    assert [row.split for row in rows] == ["train", "train", "test", "test"]
    pixels = [SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(row.image))) for row in rows]
    lungs = [SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(row.masks["lungs"]))) != 0 for row in rows]
    assert all(mask.any() for mask in lungs)
    healthy, planted = (image[mask].mean() for image, mask in zip(pixels[:2], lungs[:2], strict=True))
    assert planted > healthy


def test_the_phantoms_that_are_asked_trained_and_taught_nothing():
    taught = range(pasc_phantom_places._SEED, pasc_phantom_places._SEED + 6000)
    trained = range(pasc_phantoms._SEED, pasc_phantoms._SEED + 7000)
    asked = range(pasc_phantom_maps.FIRST_SEED, pasc_phantom_maps.FIRST_SEED + 1000)
    assert not set(asked) & {*taught, *trained}
    assert not set(taught) & set(trained)


def test_a_place_is_planted_by_the_share_of_its_pixels():
    mask = np.zeros((1, 32, 48), dtype=bool)
    mask[0, :8, :16] = mask[0, 16:, 32:] = True
    assert phantom_places.by_place(mask, 16).tolist() == [[[0.5, 0, 0], [0, 0, 1]]]


def test_a_network_is_taught_the_places_of_bright_squares(tmp_path, monkeypatch):
    """Where bright squares are to be found it finds them in other pictures, in a few steps; all layers have learned."""
    import torch

    from readingroom.networks import backbones

    monkeypatch.setattr(phantom_places, "_BATCH", 4)
    begun = backbones.create(pasc_phantoms.NETWORK, 2, channels=1)
    torch.save(begun.state_dict(), tmp_path / "begun.pt")
    random = np.random.default_rng(0)

    def made() -> phantom_places.Places:
        put = random.random((4, 4, 4)) < 0.3
        pixels = 0.1 * random.random((4, 1, 64, 64)) + 0.8 * np.kron(put, np.ones((16, 16)))[:, None]
        return phantom_places.Places(
            pixels.astype(np.float32), put[:, None].astype(np.float32), np.ones_like(put, dtype=np.float32)
        )

    network = pasc_phantom_places.teach([made() for _ in range(6)], tmp_path / "begun.pt", epochs=1)
    for name, value in network.state_dict().items():
        if value.ndim == 4:
            assert not torch.equal(value, begun.state_dict()[name]), name


def test_the_bundle_says_that_it_learned_from_phantoms_alone(a_bundle):
    found = a_bundle.metadata
    assert found.demonstration
    assert "hantom" in found.title
    assert 0 < found.training.patients < STUDIES  # the others were held out
    assert any("synthetic" in source for source in found.training.sources)


def test_the_reader_reads_a_phantom_with_the_bundle(a_bundle, tmp_path):
    import SimpleITK

    from readingroom.readers.base import read
    from readingroom.readers.opening import open_study
    from readingroom.readers.pasc_fibrosis import READER

    made = a_phantom()
    image = SimpleITK.GetImageFromArray(made.pixels)
    image.SetSpacing(made.spacing[::-1])
    SimpleITK.WriteImage(image, str(tmp_path / "ct.nrrd"))
    study = open_study(READER, {"ct": tmp_path / "ct.nrrd"})
    reading = read(READER, study, a_bundle, tmp_path / "out", device="cpu", force=True)  # it has learned nothing
    assert 0 < reading.finding("fibrosis").probability < 1
    assert reading.heat_map("ct", "fibrosis") is not None


def test_a_phantom_with_fibrosis_is_held_against_every_map(a_bundle):
    found = pasc_phantom_maps.measure(a_bundle, a_phantom(), seed=1)
    assert set(found.places) == set(pasc_phantom_maps._MAPS)
    assert all(0 <= place.energy <= 1 and 0 <= place.hit <= 1 for place in found.places.values())
    assert found.planted_ml == pytest.approx(600, rel=0.01)
    assert all(-1 <= value <= 1 for value in found.similarity.values())


def test_a_phantom_without_fibrosis_has_no_place_to_hit(a_bundle):
    assert pasc_phantom_maps.measure(a_bundle, a_phantom(ml=0.0), seed=1).places == {}


def test_phantoms_measured_before_are_not_measured_again_and_all_stand_in_their_order(a_bundle, tmp_path):
    seeds = [pasc_phantom_maps.FIRST_SEED + n for n in range(3)]
    none = dict.fromkeys(pasc_phantom_maps.SHUFFLED, 0.0)
    known = [Found(seed, 0.0, 5.0, 0.5, {}, none) for seed in reversed(seeds)]  # as processes may finish
    kept = tmp_path / f"maps-{a_bundle.sha256[:12]}.json"
    kept.write_text(json.dumps(records.to_json(known)), encoding="utf-8")
    found = pasc_phantom_maps.measure_all(a_bundle, 3, tmp_path, workers=2)
    assert [each.seed for each in found] == seeds
    assert [each.found_ml for each in found] == [5.0] * 3


def test_maps_without_a_network_lie_where_their_names_say():
    made = a_phantom()
    lungs = made.right_lung | made.left_lung
    found = pasc_phantom_maps.without_network(lungs, made)
    assert found["even"].energy == pytest.approx(made.fibrosis.sum() / lungs.sum())
    # What is planted lies against the pleura.
    assert found["rim"].energy > found["even"].energy > found["blob"].energy


def test_a_perfect_map_has_all_numbers_at_their_best():
    best = {name: Place(1.0, 1.0) for name in pasc_phantom_maps._MAPS}
    found = [Found(n, 100.0 * n, 50.0 * n, 0.9, best if n else {}, dict.fromkeys(pasc_phantom_maps.SHUFFLED, 0.0))
             for n in range(12)]  # fmt: skip
    numbers = estimates(found)
    assert numbers["network energy"].value == numbers["network hit"].value == 1
    assert numbers["correlation"].value == pytest.approx(1)
    assert numbers["slope"].value == pytest.approx(0.5)
    assert numbers["slope"].interval.low == pytest.approx(0.5)
    assert numbers["linear layer"].value == 0


def test_the_correlation_and_slope_are_those_of_numpy():
    random = np.random.default_rng(0)
    planted, ml = random.uniform(0, 1000, (2, 15))
    none = dict.fromkeys(pasc_phantom_maps.SHUFFLED, 0.0)
    where = {name: Place(0.5, 0.0) for name in pasc_phantom_maps._MAPS}
    found = [Found(n, p, m, 0.5, where, none) for n, (p, m) in enumerate(zip(planted, ml, strict=True))]
    numbers = estimates(found)
    assert numbers["correlation"].value == pytest.approx(np.corrcoef(planted, ml)[0, 1])
    assert numbers["slope"].value == pytest.approx(np.polyfit(planted, ml, 1)[0])


def test_the_section_replaces_its_own_and_leaves_the_rest_of_the_page():
    page = with_section("# Results\n\n| a |\n", PHANTOMS, "first\n")
    again = with_section(with_section(page, SURVIVAL, "of others\n"), PHANTOMS, "second\n")
    assert again == f"# Results\n\n| a |\n\n{SURVIVAL}\n\nof others\n\n{PHANTOMS}\n\nsecond\n"
    assert sections_of(again) == ("# Results\n\n| a |\n\n", {SURVIVAL: "of others\n", PHANTOMS: "second\n"})
    assert sections_of("# Results\n") == ("# Results\n", {})


def test_the_section_has_a_line_for_each_map():
    where = {name: Place(0.25, 1.0) for name in pasc_phantom_maps._MAPS}
    none = dict.fromkeys(pasc_phantom_maps.SHUFFLED, 0.1)
    found = [Found(n, 10.0 * n, 9.0 * n, 0.5, where if n else {}, none) for n in range(12)]
    text = section(found, "a-bundle")
    assert "12 phantoms that trained nothing, 11 of them with fibrosis of 10 to 110 mL" in text
    assert all(f"| {words} | 0.25 (0.25 to 0.25) |" in text for words in pasc_phantom_maps._MAPS.values())
    assert "not clearly more or less than a central blob (difference 0.00 (0.00 to 0.00))" in text
