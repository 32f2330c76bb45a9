"""Risk over 24 months from a chest CT: curve, baselines, weights of slices, map, tests of the answer; on phantoms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
import torch

from lung_survival_cases import (
    DEATH,
    INCIDENCE,
    MONTHS,
    RESAMPLES,
    SPACING,
    dense_network,
    metadata,
    phantom,
    read,
    write_bundle,
)
from pasc_fibrosis_cases import image_of, write_nrrd
from readingroom.bundles.bundle import Bundle
from readingroom.bundles.metadata import CoxBaseline, HazardScaling, Label, SurvivalMetadata
from readingroom.errors import BundleError, InputError, RefusedError
from readingroom.networks.slices import SliceNetwork
from readingroom.networks.survival_heads import create
from readingroom.phantoms.lung_cancer_ct import LungCancerCT
from readingroom.readers.lung_survival import READER
from readingroom.readers.lung_survival_answer import raised, risks_of
from readingroom.readers.survival_network import SurvivalAnswers, heaviest_slices, incidence_of
from readingroom.reading import Curve, Estimate, Interval, Reading
from readingroom.study import ClinicalFact

FACTS = {"age": "67", "sex": "M", "stage": "IIIA", "t": "2", "n": "2", "histology": "adenocarcinoma"}


@pytest.fixture(scope="module")
def chest() -> LungCancerCT:
    return phantom()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Bundle:
    return write_bundle(tmp_path_factory.mktemp("bundles") / "dense")


@pytest.fixture(scope="module")
def files(chest, tmp_path_factory) -> Path:
    """The chest, its lungs with the tumor in them, and its tumor."""
    folder = tmp_path_factory.mktemp("files")
    write_nrrd(folder / "ct.nrrd", chest.pixels)
    write_nrrd(folder / "lungs.nrrd", chest.right_lung | chest.left_lung)
    write_nrrd(folder / "tumor.nrrd", chest.tumor)
    return folder


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("out") / "read"


@pytest.fixture(scope="module")
def reading(bundle, files, out) -> Reading:
    masks = {"lungs": files / "lungs.nrrd", "tumour": files / "tumor.nrrd"}
    return read(bundle, out, files / "ct.nrrd", masks, FACTS)


def curve(reading: Reading, name: str) -> Curve:
    return next(one for one in reading.curves if one.name == name)


def test_the_risk_over_time_stands_beside_the_clinical_facts_and_the_cohort(reading):
    shown = curve(reading, "incidence-death")
    clinical, cohort = shown.baselines

    assert shown.positions == (0.0, *MONTHS)
    assert shown.line.values[0] == 0
    assert all(a <= b for a, b in zip(shown.line.values, shown.line.values[1:], strict=False))
    assert all(a <= v <= b for a, v, b in zip(shown.line.low, shown.line.values, shown.line.high, strict=True))
    assert cohort.values == (0.0, *INCIDENCE)
    assert "40 phantoms" in cohort.title
    assert "25 deaths" in cohort.title
    assert 0.2 < clinical.values[-1] < 0.9
    assert clinical.low[-1] < clinical.values[-1] < clinical.high[-1]


def test_risks_are_told_at_four_times_with_their_intervals(reading):
    parts = {(one.part, one.title): one for one in reading.measurements if one.part}
    line = curve(reading, "incidence-death").line
    for months in (6, 12, 18, 24):
        found = parts[f"{months} months", "This CT, learned from 40 phantoms"]
        assert found.value == pytest.approx(100 * line.values[months])
        assert found.interval.low == pytest.approx(100 * line.low[months])
        assert parts[f"{months} months", "Training cohort, 40 phantoms"].value == pytest.approx(
            100 * INCIDENCE[months - 1]
        )
        assert (f"{months} months", "Clinical facts, 252 patients") in parts
    assert reading.finding("death").probability == pytest.approx(line.values[-1])
    assert reading.finding("death").positive is None


def test_the_slices_with_the_tumor_weigh_most_where_the_network_looks_for_density(reading, chest):
    strip = curve(reading, "attention")
    with_tumor = chest.tumor.any(axis=(1, 2))
    held = np.array([with_tumor[round(k) - 1] for k in strip.positions])
    weights = np.array(strip.line.values)

    assert weights.mean() == pytest.approx(1)
    assert weights[held].mean() > weights[~held].mean()
    assert strip.image == "ct"
    assert strip.position_unit == "{slice}"
    assert reading.provenance.settings["slices"] == [round(number) for number in strip.positions]


def test_half_of_the_weight_is_a_region_on_few_slices(reading, out):
    region = next(one for one in reading.regions if one.name == "half-of-weight")
    weights = np.sort(np.array(curve(reading, "attention").line.values))[::-1]
    count = int(np.searchsorted(np.cumsum(weights), weights.sum() / 2)) + 1
    assert f"{count} slice" in region.title
    assert region.volume_ml > 0


def test_two_maps_are_written_the_evidence_and_the_weight_of_slices(reading, out, chest):
    assert [(one.finding, one.shows) for one in reading.heat_maps] == [("death", "evidence"), ("death", "attention")]
    evidence, attention = (
        SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(out / m.path))) for m in reading.heat_maps
    )
    assert evidence.shape == attention.shape == chest.pixels.shape
    assert evidence.max() == pytest.approx(1, abs=0.2)
    assert (attention == attention[:, :1, :1]).all()  # a slice weighs as a whole
    strip = np.array(curve(reading, "attention").line.values)
    assert attention.max() == pytest.approx(1)
    assert attention[round(curve(reading, "attention").positions[int(strip.argmax())]) - 1].min() == pytest.approx(1)


def test_leaving_the_heaviest_slices_out_moves_the_risk_further_than_others(reading):
    left_out = curve(reading, "left-out")
    assert left_out.positions[0] == 0
    assert left_out.line.values[0] == pytest.approx(100 * reading.finding("death").probability)
    assert left_out.line.values[-1] < left_out.baselines[0].low[-1]
    check = next(one for one in reading.checks if one.name == "weights of the slices")
    assert check.status == "pass"


def test_the_tumor_is_a_region_with_its_volume(reading, chest):
    region = next(one for one in reading.regions if one.name == "tumour")
    assert region.volume_ml == pytest.approx(chest.tumor_ml)


def test_other_facts_change_the_clinical_risk_and_nothing_of_the_networks(reading):
    study = replace(reading.study, clinical={**reading.study.clinical, "age": ClinicalFact(85.0, "a")})
    older = READER.with_clinical(reading, study, metadata("dense"))
    before, after = curve(reading, "incidence-death"), curve(older, "incidence-death")

    assert after.line == before.line
    assert after.baselines[0].values[-1] > before.baselines[0].values[-1]
    assert after.baselines[1] == before.baselines[1]
    assert older.findings == reading.findings
    assert READER.with_clinical(older, reading.study, metadata("dense")) == reading


def test_without_facts_no_clinical_risk_is_made_up(bundle, files, tmp_path):
    study_reading = read(bundle, tmp_path / "out", files / "ct.nrrd", {"lungs": files / "lungs.nrrd"})
    (cohort,) = curve(study_reading, "incidence-death").baselines
    assert cohort.title.startswith("Training cohort")
    check = next(one for one in study_reading.checks if one.name == "clinical facts")
    assert "No clinical facts are known" in check.sentence
    entered = replace(study_reading.study, clinical={"age": ClinicalFact(70.0, "a")})
    told = READER.with_clinical(study_reading, entered, metadata("dense"))
    assert len(curve(told, "incidence-death").baselines) == 2
    assert any(
        "unknown" in one.sentence or "not known" in one.sentence for one in told.checks if one.name == "clinical facts"
    )


def test_a_stage_that_the_clinical_model_never_saw_is_said(reading):
    study = replace(reading.study, clinical={**reading.study.clinical, "stage": ClinicalFact("IV")})
    told = READER.with_clinical(reading, study, metadata("dense"))
    check = next(one for one in told.checks if one.name == "clinical facts")
    assert "does not know these facts" in check.sentence
    assert len(curve(told, "incidence-death").baselines) == 1


def told_with(reading: Reading, described: SurvivalMetadata, **facts: str | float) -> Reading:
    """The reading with these clinical facts alone, as a bundle so described has it."""
    study = replace(reading.study, clinical={name: ClinicalFact(value) for name, value in facts.items()})
    return READER.with_clinical(reading, study, described)


OWN = CoxBaseline(
    {"age": 0.03, "stage=II": 0.4, "stage=IIIA": 0.9},
    {"age": 66.0, "stage=II": 0.3, "stage=IIIA": 0.3},
    tuple((0.7 * np.arange(1, 25) / 24).tolist()),
    {"stage": "I"},
    31,
)


def test_the_bundle_s_own_clinical_model_goes_before_the_one_that_ships(reading):
    worth = Estimate(0.62, Interval(0.51, 0.73), 31)
    own = metadata("dense", clinical=OWN, baselines={"clinical columns (Cox)": worth})
    told = told_with(reading, own, age=76.0, stage="iiia", histology="adenocarcinoma")
    clinical, cohort = curve(told, "incidence-death").baselines
    assert clinical.title == "Clinical facts alone (Cox model, 31 phantoms)"
    assert clinical.values[1:] == pytest.approx(OWN.incidence({"age": 76.0, "stage": "IIIA"}))
    assert clinical.low == ()
    assert cohort.title.startswith("Training cohort")
    cells = {one.part: one for one in told.measurements if one.title == "Clinical facts, 31 phantoms"}
    assert cells["12 months"].value == pytest.approx(100 * clinical.values[12])
    (check,) = (one for one in told.checks if one.name == "clinical facts")
    assert check.sentence.startswith("The clinical model puts 62 % (51 % to 73 %) of pairs of patients new to it")


def test_what_the_bundle_s_clinical_model_does_not_know_counts_as_the_average_and_is_said(reading):
    own = metadata("dense", clinical=OWN)
    unseen = told_with(reading, own, age=76.0, stage="IV")
    assert curve(unseen, "incidence-death").baselines[0].values[1:] == pytest.approx(OWN.incidence({"age": 76.0}))
    (check,) = (one for one in unseen.checks if one.name == "clinical facts")
    assert check.sentence == "Stage is of a kind that it learned nothing of and counts as the average."
    (missing,) = (one for one in told_with(reading, own, stage="I").checks if one.name == "clinical facts")
    assert missing.sentence == "Age is not known and counts as the average."
    for facts in ({"histology": "adenocarcinoma"}, {"stage": "IV"}):
        (cohort,) = curve(told_with(reading, own, **facts), "incidence-death").baselines
        assert cohort.title.startswith("Training cohort")


def test_a_clinical_model_that_takes_another_kind_of_fact_shows_nothing(reading):
    wrong = metadata("dense", clinical=CoxBaseline({"stage": 0.4}, {"stage": 2.0}, OWN.cumulative_hazard))
    told = told_with(reading, wrong, stage="IIIA")
    assert len(curve(told, "incidence-death").baselines) == 1
    assert any("not of the kind" in one.sentence for one in told.checks if one.name == "clinical facts")


def test_that_a_higher_stage_lowers_the_risk_of_lung1_s_model_is_said_where_stage_t_and_n_are_known(reading):
    (check,) = (one for one in reading.checks if one.name == "stage beside T and N")
    assert check.status == "warn"
    assert "a higher stage lowers this risk" in check.sentence
    higher = told_with(reading, metadata("dense"), stage="IIIB", t="2", n="2")
    lower = told_with(reading, metadata("dense"), stage="I", t="2", n="2")
    high, low = (curve(one, "incidence-death").baselines[0].values[-1] for one in (higher, lower))
    assert high < low
    for facts in ({"stage": "IIIA", "t": "2"}, {"t": "2", "n": "2"}, {"stage": "IV", "t": "2", "n": "2"}):
        told = told_with(reading, metadata("dense"), **facts)
        assert not any(one.name == "stage beside T and N" for one in told.checks)


def test_an_impossible_fact_is_refused_before_anything_is_read(bundle, files, tmp_path):
    with pytest.raises(InputError, match="Age is '200'"):
        read(bundle, tmp_path / "out", files / "ct.nrrd", facts={"age": "200"})
    with pytest.raises(InputError, match="Overall stage is 'VII'"):
        read(bundle, tmp_path / "out", files / "ct.nrrd", facts={"stage": "VII"})


def test_one_slice_is_refused(bundle, files, chest, tmp_path):
    write_nrrd(tmp_path / "one.nrrd", image_of(chest.pixels[15:16], SPACING))
    with pytest.raises((InputError, RefusedError)):
        read(bundle, tmp_path / "out", tmp_path / "one.nrrd")


def test_competing_causes_share_the_risk_and_each_has_its_curve(files, tmp_path):
    labels = (Label("cancer", "Death from the cancer"), Label("other", "Death from another cause"))
    changes = {
        "labels": labels,
        "incidence": {"cancer": INCIDENCE},
        "training": replace(metadata("two").training, counts={"cancer": 20, "other": 5}),
    }
    two = write_bundle(tmp_path / "two", dense_network(causes=2), **changes)
    found = read(two, tmp_path / "out", files / "ct.nrrd", {"lungs": files / "lungs.nrrd"})
    assert [one.name for one in found.findings] == ["cancer", "other"]
    assert sum(one.probability for one in found.findings) <= 1
    assert {one.name for one in found.curves} >= {"incidence-cancer", "incidence-other"}


def test_average_pooling_weighs_all_slices_the_same(files, tmp_path):
    even = write_bundle(tmp_path / "even", dense_network("average-pooling"), aggregation="average-pooling")
    found = read(even, tmp_path / "out", files / "ct.nrrd", {"lungs": files / "lungs.nrrd"})
    assert np.array(curve(found, "attention").line.values) == pytest.approx(1)


def test_a_network_without_a_map_says_so_and_shows_no_slice_as_raising_the_risk(bundle, files, tmp_path, monkeypatch):
    from readingroom.readers import survival_network

    ask = survival_network.ask_survival
    monkeypatch.setattr(survival_network, "ask_survival", lambda *given: replace(ask(*given), maps=None))
    found = read(bundle, tmp_path / "out", files / "ct.nrrd", {"lungs": files / "lungs.nrrd"})
    assert [one.shows for one in found.heat_maps] == ["attention"]
    assert any("does not show where on a slice" in note for note in found.provenance.notes)
    assert found.key_pictures
    assert not any("raises the risk" in picture.caption for picture in found.key_pictures)


def test_a_bundle_that_does_not_weigh_slices_is_refused(files, tmp_path):
    votes = write_bundle(tmp_path / "votes", aggregation="vote")
    with pytest.raises(BundleError, match="does not weigh the slices"):
        read(votes, tmp_path / "out", files / "ct.nrrd")


def test_calibration_keeps_the_shares_of_the_causes():
    two = metadata(
        "two", labels=(DEATH, Label("other", "Other")), calibration=HazardScaling(0.8, 0.3, 40, RESAMPLES), incidence={}
    )
    logits = np.random.default_rng(0).normal(size=2 * len(MONTHS))
    raw, risks = incidence_of(two, logits), risks_of(two, logits)
    total = sum(risk.values for risk in risks)
    assert total == pytest.approx(two.calibration.incidence(raw.sum(0)))
    assert risks[0].values / total == pytest.approx(raw[0] / raw.sum(0))


def test_the_heaviest_slices_are_the_fewest_that_carry_half():
    assert heaviest_slices(np.array([0.1, 0.4, 0.2, 0.3])).tolist() == [False, True, False, True]
    assert heaviest_slices(np.array([0.1, 0.6, 0.3])).tolist() == [False, True, False]
    assert heaviest_slices(np.full(4, 0.25)).sum() == 2


def answers_with(maps: np.ndarray, method: str = "cam") -> SurvivalAnswers:
    return SurvivalAnswers(np.zeros(24), np.full(len(maps), 1 / len(maps)), np.zeros((3, 1)), maps, np.zeros(1), method)


def test_the_map_shows_what_raises_the_risk_on_the_heaviest_slices_alone():
    maps = np.array([[[0.0, 2.0]], [[4.0, -4.0]], [[1.0, 3.0]]], np.float32)  # mean 1
    found = raised(answers_with(maps), np.array([False, True, True]))
    assert found.tolist() == [[[0, 0]], [[1, 0]], [[0, pytest.approx(2 / 3)]]]


def test_a_grad_cam_which_knows_the_heaviest_slices_alone_counts_from_0():
    maps = np.array([[[0.0, 0.0]], [[4.0, 0.0]], [[1.0, 3.0]]], np.float32)
    found = raised(answers_with(maps, "grad-cam"), np.array([False, True, True]))
    assert found.tolist() == [[[0, 0]], [[1, 0]], [[0.25, 0.75]]]


def test_the_shell_says_of_a_reader_without_a_bundle_that_none_is_installed(files, tmp_path, monkeypatch, capsys):
    from readingroom import cli
    from readingroom.bundles import store

    monkeypatch.setattr(store, "shipped_folder", lambda: tmp_path / "shipped")
    monkeypatch.setattr(type(READER), "default_bundle", "")
    monkeypatch.setattr(store, "user_folder", lambda: tmp_path / "bundles")
    asked = ["read", "lung-survival", str(files / "ct.nrrd"), "--out", str(tmp_path / "out"), "--stage", "iiia"]
    assert cli.main(asked) != 0
    assert "No bundle comes with Lung Survival, and none is installed yet" in capsys.readouterr().err


def test_a_bundle_with_a_hazard_ratio_is_read_with_its_curve_and_its_map(files, tmp_path):
    network = dense_network()
    head = create(512, "cox", 1, len(MONTHS))
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.zero_()
        head.ratio.causes[0][-1].weight[:, 0] = 4.0
        head.baseline.copy_(torch.linspace(0.005, 0.12, len(MONTHS)).log())
    made = write_bundle(tmp_path / "ratio", SliceNetwork(network.backbone, network.aggregation, head), head="cox")
    found = read(made, tmp_path / "read", files / "ct.nrrd", {"lungs": files / "lungs.nrrd"}, FACTS)
    hazard = -np.log1p(-np.array(curve(found, "incidence-death").line.values[1:]))
    assert hazard / hazard[0] == pytest.approx(np.arange(1, 25), rel=1e-3)  # of the baseline, and as steep for all
    assert hazard[-1] > 0.12
    assert curve(found, "attention").line.values
    assert len(found.findings) == 1
