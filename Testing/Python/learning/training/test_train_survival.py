"""From a table of times with events to a bundle: volumes whose planted block tells how soon."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
import torch

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.bundles import paths
from readingroom.bundles.bundle import Bundle, load
from readingroom.bundles.metadata import Preprocessing, SurvivalMetadata
from readingroom.bundles.network import LOG_VOLUME, log_volume
from readingroom.errors import InputError
from readingroom.files import make_folder
from readingroom.learning.cohorts.cohort import Cohort, Row, write_cohort
from readingroom.learning.evaluation import survival_predictions
from readingroom.learning.evaluation.survival_predictions import SurvivalPredictions
from readingroom.learning.protocols.plan import plan
from readingroom.learning.protocols.training_protocol import TrainingProtocol, Validation, load_protocol
from readingroom.learning.reporting.evaluate import Evaluated, Options, evaluate_cohort, evaluate_out_of_fold
from readingroom.learning.reporting.evaluation_page import page
from readingroom.learning.training.feature_cache import Source
from readingroom.learning.training.network import make_network
from readingroom.learning.training.train import Mode, train_bundle
from readingroom.learning.training.training_digest import read_digest
from readingroom.networks import slices
from readingroom.networks.survival_heads import CauseSpecificLayers, incidence
from readingroom.readers.survival_network import load_survival_network
from readingroom.survival.concordance import antolini

SIZE = 32


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """24 patients."""
    return written(tmp_path_factory.mktemp("volumes"))


def written(folder: Path, patient: str = "p", seed: int = 0) -> Cohort:
    """24 volumes of four to six slices with their lungs; the larger the bright block, the sooner the event. Most have a
    mask of it."""
    generator = np.random.default_rng(seed)
    lungs = np.zeros((6, SIZE, SIZE), dtype=np.uint8)
    lungs[:, 4:28, 2:30] = 1
    rows = []
    for number in range(24):
        slices_, edge = 4 + number % 3, number // 2
        voxels = generator.normal(-700, 60, (slices_, SIZE, SIZE))
        voxels[1, 6 : 6 + edge, 6 : 6 + edge] += 700
        paths = {}
        block = np.zeros(voxels.shape, dtype=np.uint8)
        block[1, 6 : 7 + edge, 6 : 7 + edge] = 1
        for name, array in (("ct", voxels.astype(np.int16)), ("lungs", lungs[:slices_]), ("block", block)):
            image = SimpleITK.GetImageFromArray(array)
            image.SetSpacing((1.0, 1.0, 3.0))
            paths[name] = folder / f"{number}-{name}.nrrd"
            SimpleITK.WriteImage(image, str(paths[name]))
        masks = {"lungs": paths["lungs"]} | ({"tumour": paths["block"]} if number % 6 else {})
        time = 26.0 - 2 * edge + float(generator.uniform(0, 2))
        rows.append(
            Row(
                f"{patient}{number}", f"s{number}", {"ct": paths["ct"]}, time=time, event=number % 8 != 0,
                masks=masks, site="NS"[number % 2], age=50.0 + generator.uniform(0, 30),
                clinical={"stage": ("I", "II", "IIIA")[number % 3]} if number % 5 else {},
            )
        )  # fmt: skip
    return Cohort(tuple(rows))


def tiny(kind: str) -> TrainingProtocol:
    """The protocol with a small network from random values on small slices, and three folds."""
    protocol = load_protocol("lung-survival", kind)  # type: ignore[arg-type]
    return replace(
        protocol,
        networks=("resnet18",),
        weights="none",
        input=replace(protocol.input, size=(64, 64)),
        epochs=12,
        batch=8 if kind == "rigorous" else 4,
        patience=None,
        optimizer=replace(protocol.optimizer, rate=1e-3),
        head_settings={"months": 24, "layers": 1, "width": 8, "dropout": 0.2},
        validation=Validation(folds=3, repeats=2 if kind == "rigorous" else 1, inner=0.3),
    )


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def bundle(volumes: Cohort, out: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("READINGROOM_HOME", str(tmp_path_factory.getbasetemp() / "home"))
        return train_bundle(volumes, tiny("rigorous"), out, "survival", device="cpu", resamples=50)


def metadata_of(bundle: Bundle) -> SurvivalMetadata:
    return bundle.of_kind(SurvivalMetadata)


def test_the_bundle_says_its_head_its_months_and_what_time_counts_from(bundle: Bundle, volumes: Cohort) -> None:
    metadata = metadata_of(bundle)
    assert (metadata.head, metadata.layers, metadata.width, metadata.aggregation) == ("deephit", 1, 8, "soft-attention")
    assert metadata.months == tuple(range(1, 25))
    assert metadata.time_zero == "the CT"
    within = sum(row.event is True and (row.time or 0) <= 24 for row in volumes.rows)
    assert metadata.training.counts == {"death": within}
    assert metadata.title == "Death within 24 months"
    assert 0 <= metadata.incidence["death"][0] < metadata.incidence["death"][-1] <= 1


def test_the_networks_that_had_not_seen_a_patient_are_what_is_measured(bundle: Bundle, out: Path) -> None:
    said = survival_predictions.read(out / "survival-predictions.csv")
    assert said.incidence.shape == (2, 24, 1, 24)
    assert len(np.unique(said.folds[0])) == 3
    own = antolini(said.times, said.events, said.incidence[0], said.months).within(said.folds[0]).value()
    assert metadata_of(bundle).metrics["c_td"].value == pytest.approx(own)


def test_the_network_that_ships_is_loaded_by_the_registry_and_says_risks(bundle: Bundle, volumes: Cohort) -> None:
    metadata = metadata_of(bundle)
    network = slices.create(
        metadata.backbone, 0, metadata.aggregation,
        classifier=lambda features: CauseSpecificLayers(features, 1, 24, metadata.layers, metadata.width),
    )  # fmt: skip
    network.load_state_dict(bundle.weights())
    pixels = torch.from_numpy(Source.of(metadata.preprocessing).read(volumes.rows[23]))[None]
    with torch.inference_mode():
        risk = incidence(network(pixels), metadata.head, 1)
    assert risk.shape == (1, 1, 24)
    assert (risk.diff(dim=2) >= 0).all()


def test_monai_makes_the_network_of_the_bundle_with_its_head(bundle: Bundle) -> None:
    parser = pytest.importorskip("monai.bundle", reason="needs the extra [monai]").ConfigParser()
    parser.read_config(bundle.folder / paths.INFERENCE)
    network = parser.get_parsed_content("network_def")
    network.load_state_dict(bundle.weights())
    with torch.inference_mode():
        assert network(torch.zeros(1, 2, 3, 64, 64)).shape == (1, 24)


def test_simpler_models_and_the_clinical_columns_stand_beside_it(bundle: Bundle) -> None:
    metadata = metadata_of(bundle)
    assert {"one curve for all", "clinical columns (Cox)", "the site alone (Cox)"} <= set(metadata.baselines)
    assert metadata.baselines["one curve for all"].value == 0.5
    assert metadata.clinical is not None
    assert "age" in metadata.clinical.coefficients
    assert set(metadata.clinical.usual) == {"stage"}
    assert metadata.clinical.patients == 24
    assert "the volume of the tumor (Cox)" in metadata.baselines
    assert metadata.volume is not None
    assert metadata.volume.patients == 20
    small, large = (metadata.volume.incidence({LOG_VOLUME: log_volume(ml)}) for ml in (0.1, 1.0))
    assert small[-1] < large[-1]
    for part in ("C-td", "Time counts from the CT", "the stage of 5", "Predicted and observed risk", "Exploratory"):
        assert part in bundle.card


@pytest.fixture(scope="module")
def evaluated(bundle: Bundle, volumes: Cohort, out: Path, tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    """The training's own predictions, against a model that tells everybody's risk the other way round."""
    said = survival_predictions.read(out / "survival-predictions.csv")
    order = np.argsort(said.incidence[0, :, 0, -1])
    turned = said.incidence.copy()
    turned[:, order] = said.incidence[:, order[::-1]]
    options = Options(resamples=30, permutations=200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("READINGROOM_HOME", str(tmp_path_factory.getbasetemp() / "home"))
        return evaluate_out_of_fold(
            bundle,
            said,
            out / "survival-predictions.csv",
            options,
            volumes,
            ("turned", replace(said, incidence=turned)),
        )


def test_an_evaluation_has_the_numbers_of_the_card_simpler_models_and_subgroups(
    bundle: Bundle, evaluated: Evaluated
) -> None:
    record = evaluated.record
    assert record.measure == "C-td"
    assert record.metrics["c_td"].value == bundle.metadata.metrics["c_td"].value
    assert {each.title for each in record.baselines} == set(bundle.metadata.baselines)
    assert {group.variable for group in record.subgroups} >= {"site", "age"}
    assert [each.month for each in record.horizons] == [12, 24]
    assert any("Exploratory" in caveat.sentence for caveat in record.caveats)


def test_two_models_are_compared_by_patients_and_the_floor_of_the_test_over_folds_is_said(evaluated: Evaluated) -> None:
    tests = {each.test: each for each in evaluated.record.comparisons}
    assert set(tests) == {"patient permutation", "Wilcoxon over folds"}
    assert tests["patient permutation"].first == evaluated.record.metrics["c_td"].value
    assert tests["Wilcoxon over folds"].p >= 0.25
    assert any("cannot give a p below 0.25" in note for note in evaluated.record.notes)


def test_the_report_is_one_page_with_curves_of_risk_groups_and_calibration(evaluated: Evaluated) -> None:
    text = page(evaluated).html()
    for part in ("thirds of the predicted risk", "Calibration at 12 months", "C-td (Antolini", "Wilcoxon over folds"):
        assert part in text
    assert "Operating points" not in text


def test_the_published_way_trains_the_last_block_on_studies_of_different_numbers_of_slices(
    volumes: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol = replace(tiny("published"), epochs=2, validation=Validation("hold-out", hold_out=0.34, inner=0.3))
    made = train_bundle(volumes, protocol, tmp_path, "tuned", device="cpu", resamples=50)
    assert made.metadata.training.settings["mode"] == "fine-tune"
    assert metadata_of(made).head == "deephit"
    said = survival_predictions.read(tmp_path / "tuned-predictions.csv")
    assert said.repeats == 1
    assert load(made.folder).metadata == made.metadata


@pytest.mark.parametrize("mode", ["frozen", "fine-tune"])
def test_the_baseline_hazard_of_a_cox_head_is_that_of_the_studies_that_trained_it(
    volumes: Cohort, tmp_path: Path, mode: Mode
) -> None:
    protocol = replace(
        tiny("rigorous"), head="cox", loss="cox", loss_settings={}, epochs=2, batch=8,
        validation=Validation("hold-out", hold_out=0.34, inner=0.3),
    )  # fmt: skip
    made = train_bundle(volumes, protocol, tmp_path, "cox", mode=mode, device="cpu", resamples=20)
    assert metadata_of(made).head == "cox"
    said = survival_predictions.read(tmp_path / "cox-predictions.csv")
    network = load_survival_network(made)
    baseline = network.classifier.baseline
    assert (baseline.diff() >= 0).all()
    assert baseline[0] < baseline[-1] < 5
    place = [row.study_id for row in volumes.rows].index(said.study_ids[0])
    pixels = torch.from_numpy(Source.of(made.metadata.preprocessing).read(volumes.rows[place]))[None]
    with torch.inference_mode():
        risk = incidence(network(pixels), "cox", 1).numpy()
    assert np.allclose(said.incidence[0, 0], risk[0], atol=2e-3)
    hazard = -np.log1p(-said.incidence[0, :, 0])
    assert np.allclose(hazard / hazard[:1], (hazard / hazard[:1])[:, -1:], rtol=1e-3)  # proportional


@pytest.mark.parametrize("head", ["deephit-published", "discrete-hazard"])
def test_each_head_of_times_trains_and_joins_slices_in_each_way(volumes: Cohort, tmp_path: Path, head: str) -> None:
    aggregation = "average-pooling" if head == "discrete-hazard" else "self-attention"
    protocol = replace(
        tiny("rigorous"), head=head, loss=head, loss_settings={}, aggregation=aggregation, epochs=2,  # type: ignore[arg-type]
        validation=Validation("hold-out", hold_out=0.34, inner=0.3),
    )  # fmt: skip
    made = metadata_of(train_bundle(volumes, protocol, tmp_path, "other", device="cpu", resamples=20))
    assert (made.head, made.aggregation) == (head, aggregation)
    said = survival_predictions.read(tmp_path / "other-predictions.csv")
    if head == "deephit-published":
        assert np.allclose(said.incidence[..., -1], 1)  # everybody dies


def test_both_protocols_say_what_they_will_do(volumes: Cohort) -> None:
    for kind in ("rigorous", "published"):
        text = plan(load_protocol("lung-survival", kind), volumes, mode="frozen")  # type: ignore[arg-type]
        assert "Not there yet" not in text
        assert "24 outputs, 350,705 of them trained" in text
        assert "deephit (alpha 0.5, beta 0.5, sigma 0.1)" in text
        assert "21 events, 3 without one" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"event": False}, "No event was seen within 24 months"),
        ({"time": 40.0, "event": True}, "the first event is at 40.0 months"),
        ({"time": None, "event": None, "label": "x"}, "learns times, and the table has labels alone"),
    ],
)
def test_outcomes_that_cannot_be_learned_are_refused_in_a_sentence(
    volumes: Cohort, tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    cohort = Cohort(tuple(replace(row, **changes) for row in volumes.rows))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=words):
        train_bundle(cohort, tiny("rigorous"), tmp_path, "x", device="cpu")


def test_a_test_part_without_an_event_is_refused_before_anything_is_trained(volumes: Cohort, tmp_path: Path) -> None:
    rows = [
        replace(row, split="test", event=False) if n < 6 else replace(row, split="train")
        for n, row in enumerate(volumes.rows)
    ]
    with pytest.raises(InputError, match="among the 6 studies of the test part"):
        train_bundle(Cohort(tuple(rows)), tiny("rigorous"), tmp_path, "x", device="cpu")
    assert not (tmp_path / "features").exists()


def test_a_study_without_a_time_and_a_network_of_volumes_are_refused(volumes: Cohort, tmp_path: Path) -> None:
    odd = replace(volumes.rows[3], time=None, event=None, label="dead")
    with pytest.raises(InputError, match="1 study has a label and no time, the first is 's3'"):
        train_bundle(Cohort((*volumes.rows[:3], odd)), tiny("rigorous"), tmp_path, "x", device="cpu")
    picture = replace(tiny("rigorous"), aggregation="none", input=Preprocessing("picture", (64, 64), normalize="image"))
    with pytest.raises(InputError, match="reads slices or volumes"):
        train_bundle(volumes, picture, tmp_path, "x", mode="frozen", device="cpu")


def test_the_reader_says_of_a_table_what_the_network_that_ships_says(
    bundle: Bundle, volumes: Cohort, out: Path, tmp_path: Path
) -> None:
    write_cohort(tmp_path / "cohort.csv", volumes.rows)
    options = Options(resamples=30, permutations=100, device="cpu")
    found = evaluate_cohort(bundle, volumes, tmp_path / "cohort.csv", options)
    metadata = metadata_of(bundle)
    said = found.images
    assert isinstance(said, SurvivalPredictions)
    assert said.external
    assert len(said) == len(volumes)
    network = load_survival_network(bundle)
    pixels = torch.from_numpy(Source.of(metadata.preprocessing).read(volumes.rows[5]))[None]
    with torch.inference_mode():
        risk = incidence(network(pixels), metadata.head, 1).numpy()
    assert np.allclose(said.incidence[0, 5], risk[0], atol=1e-4)
    assert any(caveat.level == "stop" for caveat in found.record.caveats)  # these studies trained it
    assert found.record.metrics["c_td"].n == len(volumes)


@pytest.mark.parametrize("head", ["deephit", "cox"])
def test_a_bundle_is_gone_on_with_on_another_cohort_and_knows_both_afterwards(
    volumes: Cohort, tmp_path: Path, head: str
) -> None:
    others = written(make_folder(tmp_path / "others"), "q", 1)
    once = Validation("hold-out", hold_out=0.34, inner=0.3)
    changes = {} if head == "deephit" else {"head": "cox", "loss": "cox", "loss_settings": {}}
    protocol = replace(tiny("rigorous"), epochs=2, validation=once, **changes)  # type: ignore[arg-type]
    first = train_bundle(volumes, protocol, tmp_path, "first", device="cpu", resamples=20)
    second = train_bundle(others, protocol, tmp_path, "second", weights=first.folder, device="cpu", resamples=20)
    settings = second.metadata.training.settings
    assert (settings["mode"], settings["begins with"]) == ("fine-tune", "the bundle first")
    assert "Every network began as the bundle 'first', version 1.0.0" in second.card
    before, after = first.weights(), second.weights()
    body = [name for name in before if name.startswith("backbone.") and "num_batches" not in name]
    assert all(torch.equal(before[name], after[name]) for name in body)  # the protocol trains the head alone
    assert any(not torch.equal(before[name], after[name]) for name in before)
    digest = read_digest(second)
    assert digest is not None
    known = read_digest(first)
    assert known is not None
    trained = [name for name in volumes.patients if known.patients_among([name])[0]]
    assert trained
    assert digest.patients_among(trained).all()
    if head == "cox":
        said = survival_predictions.read(tmp_path / "second-predictions.csv")
        assert said.incidence[..., -1].mean() == pytest.approx(20 / 24, abs=0.25)


def test_who_trained_a_bundle_is_not_evaluated_after_it_was_gone_on_with(
    bundle: Bundle, volumes: Cohort, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="24 studies of the table trained the bundle 'survival', the first is 's0'"):
        train_bundle(volumes, tiny("rigorous"), tmp_path, "x", weights=bundle.folder, device="cpu")
    with pytest.raises(InputError, match="gone on with in the mode 'fine-tune'"):
        train_bundle(volumes, tiny("rigorous"), tmp_path, "x", weights=bundle.folder, mode="frozen", device="cpu")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"networks": ("resnet34",)}, "has the network 'resnet18', and 'resnet34' is to be trained"),
        ({"aggregation": "gated-attention"}, "its aggregation, its head 'deephit' or its labels are not those"),
        ({"head_settings": {"months": 12, "layers": 1, "width": 8}}, "cannot be gone on with"),
    ],
)
def test_a_bundle_of_another_network_is_not_gone_on_with(
    bundle: Bundle, changes: dict[str, object], words: str
) -> None:
    protocol = replace(tiny("rigorous"), **changes)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=words):
        make_network(protocol, int(protocol.head_settings["months"]), weights=bundle.folder)
