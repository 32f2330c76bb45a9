"""Phantom mammograms with planted lesions become a bundle, whose card holds its map against what was planted."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra 'read'")
pytest.importorskip("sklearn", reason="training needs the extra 'train'")

from experiments import mammo_phantom_distances, mammo_phantom_maps, mammo_phantom_places, mammo_phantoms
from experiments.mammo_phantom_card import others
from experiments.mammo_phantom_maps import Found, estimates, section
from experiments.phantom_maps import Place
from readingroom.bundles.bundle import load
from readingroom.imaging.preprocessing import prepare
from readingroom.learning.cohorts.cohort import read_cohort
from readingroom.learning.evaluation import predictions
from readingroom.learning.training.normalization import measured
from readingroom.metrics.auc import auc
from readingroom.networks import backbones, registry
from readingroom.phantoms.mammogram import Lesion, write_exam
from readingroom.readers.network import feature_statistics

pytestmark = pytest.mark.slow

ROWS, WOMEN, TESTED = (96, 128), 20, 3


@pytest.fixture(scope="module")
def a_run(tmp_path_factory):
    """The whole way at its smallest, from random weights: it learned nothing."""
    import torch

    out = tmp_path_factory.mktemp("mammo-screen")
    plain = registry.find(backbones.PLACES).made_by
    torch.save(backbones.create(plain, 2, channels=1).state_dict(), out / "begun.pt")
    with pytest.MonkeyPatch.context() as changed:
        changed.setitem(mammo_phantoms.INPUT, "size", [64, 32])
        given = {"women": WOMEN, "taught": 4, "tested": TESTED, "workers": 1}
        arguments = [text for name, value in given.items() for text in (f"--{name}", str(value))]
        arguments += ["--rows", *map(str, ROWS), "--weights", str(out / "begun.pt")]
        assert mammo_phantoms.main(["--out", str(out), *arguments]) == 0
    return out


def a_view(seed: int, kind: str = "asymmetry", energy: float = 0.4) -> Found:
    places = {"network": Place(energy, 1.0), "shuffled": Place(0.05, 0.0), "blob": Place(0.1, 0.0)}
    return Found(seed, "left-cc", kind, 1 + 0.01 * seed, 0.03, {**places, "even": Place(0.03, 0.03)})


def test_the_cohort_has_a_row_for_each_breast_and_cancer_where_it_was_drawn(a_run):
    rows = read_cohort(a_run / "cohort" / "cohort.csv").rows
    assert len(rows) == 2 * WOMEN
    assert all(len(row.images) == 2 for row in rows)
    for row in rows:
        number, side = int(row.patient_id.removeprefix("phantom-")), row.study_id.removeprefix("exam, ")
        lesions = mammo_phantoms.lesions_of(mammo_phantoms._SEED + number)[side]
        assert (row.label == "cancer") == any(not lesion.benign for lesion in lesions)


def test_who_knows_what_was_planted_ranks_breasts_better_than_chance_and_not_perfectly():
    lesions = [mammo_phantoms.lesions_of(seed)[side] for seed in range(2000) for side in mammo_phantoms.SIDES]
    risks = [mammo_phantoms.risk(each) for each in lesions]
    cancers = [any(not lesion.benign for lesion in each) for each in lesions]
    assert np.mean(risks) == pytest.approx(np.mean(cancers), abs=0.02)
    assert 0.93 < auc(cancers, risks) < 0.97


def test_a_breast_without_what_may_be_a_cancer_has_no_risk():
    vessel, mass = Lesion("vessel", benign=True), Lesion(margin="indistinct")
    assert mammo_phantoms.risk([vessel]) == 0
    assert mammo_phantoms.risk([vessel, mass]) == pytest.approx(0.5)
    assert mammo_phantoms.risk([mass, mass]) == pytest.approx(0.75)


def test_what_is_known_of_each_tested_breast_stands_beside_its_answer(a_run):
    said = predictions.read(a_run / f"{mammo_phantoms.NAME}-predictions.csv")
    known = others(said, a_run / "cohort" / "truth.csv")
    first = int(said.patients[0].removeprefix("phantom-"))
    side = said.study_ids[0].removeprefix("exam, ")
    wanted = mammo_phantoms.risk(mammo_phantoms.lesions_of(mammo_phantoms._SEED + first)[side])
    assert known["risk"].logits[0, 0, said.classes.index("cancer")] == pytest.approx(wanted, abs=1e-4)
    assert known["gray"].logits.max() < 1


def test_the_bundle_and_its_card_say_that_it_learned_from_phantoms_alone(a_run):
    bundle = load(a_run / mammo_phantoms.NAME)  # its sums fit the card
    assert bundle.metadata.demonstration
    assert any("synthetic" in source for source in bundle.metadata.training.sources)
    text = (bundle.folder / "docs" / "README.md").read_text(encoding="utf-8")
    assert text.count("## Against what was planted") == text.count("## Operating points") == 1
    assert "of phantoms only" in text


def test_the_phantoms_that_are_asked_trained_and_taught_nothing():
    seeds = (mammo_phantoms._SEED, mammo_phantoms.TAUGHT_SEED, mammo_phantoms.TESTED_SEED)
    assert all(abs(one - other) >= 1000 for one in seeds for other in seeds if one != other)


def test_a_lesion_lies_in_the_input_where_its_pixels_are_brighter():
    from readingroom.bundles.preprocessing import Preprocessing
    from readingroom.phantoms.mammogram import mammogram

    wanted = measured(Preprocessing(**{**mammo_phantoms.INPUT, "size": (512, 256)}, normalize="none"))
    mass = Lesion(margin="circumscribed", strength=2)
    for side in ("left", "right"):
        view = mammogram(side, "cc", 5, [mass], rows=480, columns=384)
        made = prepare(view.gray, wanted)
        lesion = mammo_phantom_places.of_mask(made, view.lesions)
        around = mammo_phantom_places.of_mask(made, view.breast & ~view.lesions)
        assert made.pixels[0][lesion].min() > np.quantile(made.pixels[0][around], 0.5)


def test_views_that_show_something_are_measured_with_all_maps(a_run):
    bundle = load(a_run / mammo_phantoms.NAME)
    found = [
        view
        for number in range(TESTED)
        for view in mammo_phantom_maps.measure(bundle, mammo_phantoms.TESTED_SEED + number, ROWS)
    ]
    assert found
    for view in found:
        assert set(view.places) == {"network", "shuffled", "blob", "even"}
        assert all(0 <= place.energy <= 1 and 0 <= place.hit <= 1 for place in view.places.values())


def test_the_numbers_are_means_over_views_and_the_section_has_a_line_for_each_kind():
    views = [a_view(n, ("asymmetry", "indistinct mass")[n % 2], 0.4 + 0.2 * (n % 2)) for n in range(24)]
    numbers = estimates(views)
    assert numbers["network energy"].value == pytest.approx(0.5)
    assert numbers["asymmetry energy"].value == pytest.approx(0.4)
    assert numbers["beyond blob"].value == pytest.approx(0.4)
    text = section(views, "a-bundle")
    assert "| the map, asymmetry (12 views) | 0.40" in text
    assert "| the map, the fainter half (12 views) | 0.50" in text
    assert "calcifications (" not in text


def test_the_card_says_how_far_other_phantoms_and_films_lie(a_run, tmp_path):
    exam = write_exam(tmp_path / "exam", mammo_phantoms.phantom(0, rows=ROWS))
    for name, column in (("mammo", "patient_id"), ("mammo_fourview", "exam")):
        (tmp_path / name).mkdir()
        rows = [f"{file},one,{role[0].upper()},{role.partition('-')[2].upper()}" for role, file in exam.items()]
        (tmp_path / name / "labels.csv").write_text("\n".join([f"file,{column},laterality,view", *rows]))
    bundle = load(a_run / mammo_phantoms.NAME)
    options = ["--bundle", str(bundle.folder), "--data", str(tmp_path), "--women", "2"]
    assert mammo_phantom_distances.main(options) == 0
    text = (load(bundle.folder).folder / "docs" / "README.md").read_text(encoding="utf-8")
    assert "| phantoms that trained nothing, four views each | 2 |" in text
    assert "| exams of public data, four views each | 1 |" in text
    assert "| films of mini-MIAS, one view each | 1 |" in text


def test_distances_count_as_warned_or_stopped_by_the_limits(a_run):
    statistics = feature_statistics(load(a_run / mammo_phantoms.NAME))
    warn, stop = statistics.warn_above, statistics.stop_above
    text = mammo_phantom_distances.section({"films": np.array([warn / 2, (warn + stop) / 2, stop + 1])}, statistics)
    assert text.endswith("| 1 | 1 |")
