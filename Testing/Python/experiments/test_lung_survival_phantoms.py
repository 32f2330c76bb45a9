"""Phantoms with a known hazard become a bundle, whose card holds it against what was planted."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from experiments import lung_survival_attention, lung_survival_card, lung_survival_phantoms
from experiments.lung_survival_attention import Found, Measured, estimates, section
from readingroom.bundles.bundle import load
from readingroom.bundles.store import shipped_folder
from readingroom.csv_table import read_csv
from readingroom.learning.cohorts.cohort import read_cohort
from readingroom.learning.evaluation.survival_predictions import read
from readingroom.learning.protocols.identity import identify
from readingroom.learning.protocols.training_protocol import TrainingProtocol
from readingroom.phantoms.lung_cancer_ct import log_hazard, true_incidence
from readingroom.records import from_json

pytestmark = pytest.mark.slow

pytest.importorskip("torch", reason="training needs the extra 'read'")
pytest.importorskip("sklearn", reason="training needs the extra 'train'")

COARSE, STUDIES, TESTED = 3.0, 40, 2


@pytest.fixture(scope="module")
def a_run(tmp_path_factory):
    """The whole way at its smallest, from random weights: it learned nothing."""
    import torch

    from readingroom.networks import backbones

    out = tmp_path_factory.mktemp("lung-survival")
    torch.save(backbones.create(lung_survival_phantoms.NETWORK, 2, channels=1).state_dict(), out / "begun.pt")
    with pytest.MonkeyPatch.context() as changed:
        changed.setitem(lung_survival_phantoms.INPUT, "size", [64, 64])
        changed.setitem(lung_survival_phantoms.INPUT, "slices", 4)
        given = {"studies": STUDIES, "taught": 4, "tested": TESTED, "coarse": COARSE, "workers": 1}
        arguments = [text for name, value in given.items() for text in (f"--{name}", str(value))]
        assert lung_survival_phantoms.main(["--out", str(out), "--weights", str(out / "begun.pt"), *arguments]) == 0
    return out


@pytest.fixture(scope="module")
def predictions(a_run):
    return read(a_run / f"{lung_survival_phantoms.NAME}-predictions.csv")


def a_measured(seed: int, weight: float = 0.6, hit: float = 1.0) -> Measured:
    network, other = Found(weight, hit, 0.5, 1.0, 0.3 + seed / 100), Found(0.2, 0.0, 0.1, 0.0, 0.5)
    return Measured(
        seed, 10.0 + seed, 0.2 + seed / 50, 0.2, 0.1, {"network": network, "attention": other, "all": other}
    )


def test_the_cohort_has_times_facts_and_masks_and_the_hazards_stand_elsewhere(a_run):
    rows = read_cohort(a_run / "cohort" / "cohort.csv").rows
    assert len({row.patient_id for row in rows}) == STUDIES
    assert all(row.masks["lungs"].is_file() and row.masks["tumour"].is_file() for row in rows)
    assert 0 < sum(row.event == "1" or row.event == 1 for row in rows) < STUDIES
    assert "log_hazard" not in (a_run / "cohort" / "cohort.csv").read_text(encoding="utf-8")
    hazards = [float(row["log_hazard"]) for row in read_csv(a_run / "cohort" / "truth.csv").records()]
    assert len(set(hazards)) == STUDIES


def test_the_bundle_says_that_it_learned_from_phantoms_alone(a_run):
    found = load(a_run / lung_survival_phantoms.NAME).metadata
    assert found.demonstration
    assert "hantom" in found.title
    assert any("synthetic" in source for source in found.training.sources)


def test_the_bundle_that_ships_was_trained_by_this_protocol():
    shipped = load(shipped_folder() / lung_survival_phantoms.NAME).metadata.training.settings
    made = identify(from_json(TrainingProtocol, json.loads(json.dumps(lung_survival_phantoms.protocol()))))
    assert (shipped["protocol"], shipped["protocol's SHA-256"]) == (made.name, made.sha256)


def test_the_card_says_the_best_possible_and_what_the_weights_found_once(a_run):
    bundle = load(a_run / lung_survival_phantoms.NAME)  # its sums fit the card
    text = (bundle.folder / "docs" / "README.md").read_text(encoding="utf-8")
    assert text.count("## Against what was planted") == text.count("## Risks") == 1
    assert re.search(r"would reach a C-td of 0\.\d{3} \(", text)
    assert f"On {TESTED} phantoms that trained nothing" in text
    again = lung_survival_card.with_planted(
        bundle,
        a_run / f"{lung_survival_phantoms.NAME}-predictions.csv",
        a_run / "cohort" / "truth.csv",
        estimates([a_measured(n) for n in range(12)]),
        12,
    )
    changed = (again.folder / "docs" / "README.md").read_text(encoding="utf-8")
    assert changed.count("## Against what was planted") == 1
    assert "On 12 phantoms that trained nothing, 0.60" in changed


def test_nobody_exceeds_the_true_hazard_by_telling_it(a_run, predictions):
    truth = a_run / "cohort" / "truth.csv"
    best, missed = lung_survival_card.best_possible(predictions, truth)
    assert best.value > 0.6
    hazards = {row["patient_id"]: float(row["log_hazard"]) for row in read_csv(truth).records()}
    risks = np.stack([true_incidence(hazards[patient], np.arange(1, 25)) for patient in predictions.patients])
    told = replace(predictions, incidence=np.stack([risks[:, None]] * predictions.repeats))
    assert lung_survival_card.best_possible(told, truth)[1].value == 0
    assert missed.value == pytest.approx(best.value - predictions.pairs().value(), abs=1e-6)


def test_the_phantoms_that_are_asked_trained_and_taught_nothing():
    seeds = (lung_survival_phantoms._SEED, lung_survival_phantoms._TAUGHT_SEED, lung_survival_phantoms.TESTED_SEED)
    assert all(abs(one - other) >= 1000 for one in seeds for other in seeds if one != other)


def test_a_larger_tumor_has_a_later_stage_and_a_higher_hazard():
    def mean_stage(ml: float) -> float:
        return float(np.mean([("I", "II", "IIIA", "IIIB", "IV").index(facts(n, ml)) for n in range(60)]))

    def facts(seed: int, ml: float) -> str:
        return lung_survival_phantoms.facts(seed, ml)["stage"]

    assert mean_stage(5) < mean_stage(30) < mean_stage(150)
    assert log_hazard(5, 0.1) < log_hazard(30, 0.1) < log_hazard(30, 0.3)


def test_weights_are_measured_against_the_planted_slices(a_run):
    bundle = load(a_run / lung_survival_phantoms.NAME)
    found = lung_survival_attention.measure(bundle, lung_survival_phantoms.phantom(3, COARSE), 3)  # a large tumor
    assert set(found.networks) == {"network", "attention", "all"}
    assert 0 < found.even < 1
    assert all(0 <= each.weight <= 1 and each.hit in (0, 1) for each in found.networks.values())
    assert len({each.risk for each in found.networks.values()}) == 3  # what was shuffled answers otherwise


def test_the_numbers_are_means_over_phantoms():
    numbers = estimates([a_measured(n, 0.6 if n % 2 else 0.8, float(n % 2)) for n in range(12)])
    assert numbers["network weight"].value == pytest.approx(0.7)
    assert numbers["network beyond even"].value == pytest.approx(0.5)
    assert numbers["network hit"].value == pytest.approx(0.5)
    assert numbers["network correlation"].value == pytest.approx(1)
    assert numbers["attention weight"].interval.low == pytest.approx(0.2)


def test_the_section_has_a_line_for_each_network():
    text = section([a_measured(n) for n in range(12)], "a-bundle")
    assert "12 phantoms that trained nothing, with tumors of 10 to 21 mL" in text
    assert "| the network | 0.60 (0.60 to 0.60) | 1.00 (1.00 to 1.00) |" in text
    assert "| all slices alike, the lungs evenly | 0.20 (0.20 to 0.20) |" in text
