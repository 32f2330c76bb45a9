"""A cohort of phantom abdomens becomes a bundle, which reads a phantom; its map is held against the nodules."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from experiments import liver_phantom_maps, liver_phantom_places, liver_phantoms
from experiments.liver_phantom_maps import Asked, Found, estimates, section
from experiments.liver_phantom_places import Places
from experiments.phantom_maps import Place, blob_place, even_place, place_of, shuffled
from experiments.results.page import LIVERS, MAMMOGRAMS, sections_of, with_section
from readingroom.csv_table import read_csv
from readingroom.learning.cohorts.cohort import read_cohort

pytestmark = pytest.mark.slow

pytest.importorskip("torch", reason="training needs the extra 'read'")
pytest.importorskip("sklearn", reason="training needs the extra 'train'")

COARSE, STUDIES = 2.5, 24
DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.fixture(scope="module")
def a_cohort(tmp_path_factory):
    return liver_phantoms.write_phantom_cohort(tmp_path_factory.mktemp("phantoms"), STUDIES, COARSE)


@pytest.fixture(scope="module")
def a_bundle(a_cohort, tmp_path_factory):
    """Of a network that was taught nothing: it goes the whole way."""
    from readingroom.bundles.bundle import load

    wanted = liver_phantoms.protocol()
    wanted["validation"] = {"kind": "k-fold", "folds": 2, "repeats": 1, "inner": 0.3}
    out = tmp_path_factory.mktemp("out")
    assert liver_phantoms.train(a_cohort, out, wanted=wanted, workers=1) == 0
    return load(out / liver_phantoms.NAME)


@pytest.mark.parametrize(
    ("way", "weighting", "evened"),
    [(("--protocol", "published"), "T1", False), (("--variant", "bias-corrected", "--folds", "2"), "", True)],
)
def test_the_paper_s_protocol_and_the_one_without_bias_fields_train_to_their_end(
    a_cohort, tmp_path, way, weighting, evened
):
    from readingroom import cli
    from readingroom.bundles.bundle import load

    few = a_cohort.with_name("few.csv")
    few.write_text("\n".join(a_cohort.read_text().splitlines()[: 1 + STUDIES // 2]) + "\n")
    told = ("--weighting", weighting) if weighting else ()
    small = ("--network", liver_phantoms.NETWORK, "--mode", "fine-tune", "--weights", "none", "--epochs", "1")
    given = ("--cohort", str(few), "--out", str(tmp_path), "--positive", "hcc", "--negative", "none")
    assert cli.main(["train", "liver-hcc", *given, *way, *small, *told, "--name", "tiny", "--workers", "1"]) == 0
    found = load(tmp_path / "tiny").metadata
    assert (found.weighting, found.preprocessing.correct_bias_field) == (weighting, evened)


def test_every_other_phantom_has_nodules_and_all_have_a_mask_of_the_liver(a_cohort):
    rows = read_cohort(a_cohort).rows
    assert [row.label for row in rows] == ["none", "hcc"] * (STUDIES // 2)
    assert len({row.patient_id for row in rows}) == STUDIES
    assert all(row.masks["liver"].is_file() for row in rows)


def test_fat_and_cirrhosis_do_not_tell_who_has_nodules(a_cohort):
    rows = read_csv(a_cohort.parent / "truth.csv").records()
    ill = np.array([float(row["nodules_ml"]) > 0 for row in rows])
    assert ill.sum() == STUDIES // 2
    drawn = [liver_phantoms.random_disease(np.random.default_rng(seed), seed % 2 == 1) for seed in range(400)]
    for name in ("fat", "cirrhosis"):
        present = np.array([getattr(each, name) > 0 for each in drawn])
        assert abs(present[0::2].mean() - present[1::2].mean()) < 0.1
        assert 0.4 < present.mean() < 0.6


def test_the_phantoms_that_are_asked_trained_and_taught_nothing():
    seeds = sorted([liver_phantoms._SEED, liver_phantoms.TAUGHT_SEED, liver_phantoms.TESTED_SEED])
    assert min(np.diff(seeds)) >= 5000


def test_places_know_where_the_nodules_lie():
    found = liver_phantom_places.places_of(1, COARSE)
    assert found.pixels.shape == (1, *liver_phantoms.SIZE)
    assert found.nodules.shape == found.liver.shape == tuple(side // 2 for side in liver_phantoms.SIZE)
    assert 0.02 < found.nodules.max() <= 1
    assert (found.nodules <= found.liver + 1e-4).all()
    assert not liver_phantom_places.places_of(4, COARSE).nodules.any()


def test_a_network_is_taught_where_bright_cubes_lie(monkeypatch):
    import torch

    monkeypatch.setattr(liver_phantom_places, "_BATCH", 4)
    random = np.random.default_rng(0)

    def made() -> Places:
        put = (random.random((8, 12, 12)) < 0.05).astype(np.float32)
        pixels = 0.3 * random.standard_normal((16, 24, 24)) + 3 * np.kron(put, np.ones((2, 2, 2)))
        return Places(pixels[None].astype(np.float32), put, np.ones_like(put))

    network = liver_phantom_places.teach([made() for _ in range(4)], 40)
    other, maps = made(), []
    network.get_submodule("layer4").register_forward_hook(lambda _, __, found: maps.append(found))
    with torch.inference_mode():
        network(torch.from_numpy(other.pixels[None]))
        said = network.get_submodule("fc")(maps[0].movedim(1, -1))[0].diff(dim=-1)[..., 0].numpy()  # "none"
    assert said[other.nodules == 1].mean() < said[other.nodules == 0].mean() - 2


def test_the_bundle_says_that_it_learned_from_phantoms_alone_and_explains_its_features(a_bundle):
    found = a_bundle.metadata
    assert found.demonstration
    assert any("synthetic" in source for source in found.training.sources)
    assert [label.name for label in found.labels] == ["hcc", "none"]
    assert found.explained is not None
    assert sum(path.stat().st_size for path in a_bundle.folder.rglob("*") if path.is_file()) < 6e6


def test_the_bundle_reads_a_phantom_and_its_map_is_held_against_the_nodules(a_bundle, tmp_path):
    (found,) = liver_phantom_maps.measure_all(a_bundle, 1, tmp_path, COARSE)
    assert found.seed == liver_phantoms.TESTED_SEED
    assert (found.planted_ml > 0) == (found.seed % liver_phantom_maps.WITHOUT != 0)
    assert 0 <= found.probability <= 1
    assert set(found.places) == set(liver_phantom_maps._MAPS)
    again = liver_phantom_maps.measure_all(a_bundle, 1, tmp_path, COARSE)
    assert again == [found]


def of_phantom(seed: int, energy: float) -> Found:
    places = {
        "network": Place(energy, 1.0),
        "shuffled": Place(0.02, 0),
        "blob": Place(0.05, 0),
        "even": Place(0.02, 0.02),
    }
    return Found(seed, 20.0, 0.9, 10.0, places)


def test_the_section_says_by_how_much_the_map_is_better_and_what_becomes_of_real_mrs(a_bundle):
    found = [of_phantom(seed, 0.3 + 0.01 * seed) for seed in range(20)]
    found.append(dataclasses.replace(found[0], seed=99, places={}))
    numbers = estimates(found)
    assert numbers["network energy"].value == pytest.approx(0.395)
    assert numbers["beyond blob"].value == pytest.approx(0.345)
    text = section(found, [Asked("T2 of a whole abdomen", "a source, CC BY 4.0", 1e6, 0.4, (0.5, 0.6))], a_bundle)
    assert "on 21 phantoms that trained nothing, 20 of them" in text
    assert "| T2 of a whole abdomen: a source, CC BY 4.0 | 1000000 | stops | 0.40 | 0.50, 0.60 |" in text
    page = with_section(f"# Results\n\n{MAMMOGRAMS}\n\nOld.\n", LIVERS, text)
    assert list(sections_of(page)[1]) == [MAMMOGRAMS, LIVERS]


def test_the_card_says_what_was_planted_once(a_bundle):
    found = [of_phantom(seed, 0.3) for seed in range(5)]
    for _ in range(2):
        bundle = liver_phantom_maps.with_planted(a_bundle, found, [])
    card = (bundle.folder / "docs" / "README.md").read_text(encoding="utf-8")
    assert card.count("## Against what was planted") == 1
    assert "phantoms with nodules that trained nothing" in card


def test_maps_are_held_against_what_was_planted():
    planted = np.zeros((4, 10, 10), dtype=bool)
    planted[1:3, 4:6, 4:6] = True
    tissue = np.ones_like(planted)
    assert place_of(planted.astype(np.float32), planted) == Place(1.0, 1.0)
    assert place_of(np.zeros(planted.shape), planted) == Place(0, 0)
    assert even_place(tissue, planted).energy == pytest.approx(8 / 400)
    assert blob_place(tissue, planted, (1.0, 1.0, 1.0), np.array([1.5, 4.5, 4.5])) == Place(1.0, 1.0)


def test_shuffling_keeps_the_size_of_weights_and_may_spare_all_but_one_layer():
    import torch
    from torch import nn

    network = nn.Sequential(nn.Linear(30, 30), nn.Linear(30, 2))
    whole, last = shuffled(network, 0), shuffled(network, 0, network[1])
    assert not torch.equal(whole[0].weight, network[0].weight)
    assert torch.equal(whole[0].weight.sort().values.flatten().sort().values, network[0].weight.flatten().sort().values)
    assert torch.equal(last[0].weight, network[0].weight)
    assert not torch.equal(last[1].weight, network[1].weight)


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the folder 'shared'")
def test_the_real_mr_with_a_mask_is_planted_and_asked(a_bundle):
    import SimpleITK

    from readingroom.imaging.volume import load_volume

    folder = DATA / "totalseg_examples"
    mask = SimpleITK.GetArrayFromImage(load_volume(folder / "example_seg_mr.nii.gz").image) == 5
    image = load_volume(folder / "example_mr_sm.nii.gz").image
    asked = liver_phantom_maps.ask_real(a_bundle, liver_phantom_maps.RealMR("slab", "", image, mask, "T1-in-phase"))
    assert len(asked.after) == 4
    assert len(set(asked.after)) > 1
