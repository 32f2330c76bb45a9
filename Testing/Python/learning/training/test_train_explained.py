"""Features of trained networks in handcrafted ones: from phantom livers to what the bundle and its card say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.bundles.bundle import Bundle, load
from readingroom.bundles.explained import logit
from readingroom.bundles.metadata import ClassifierMetadata, ExplainedFeatures
from readingroom.learning.cohorts.cohort import Cohort, Row, write_cohort
from readingroom.learning.evaluation import predictions
from readingroom.learning.evaluation.model_table import exact
from readingroom.learning.protocols.plan import plan
from readingroom.learning.protocols.training_protocol import Explained, TrainingProtocol, Validation, load_protocol
from readingroom.learning.reporting.evaluate import Options, evaluate_cohort, evaluate_out_of_fold
from readingroom.learning.reporting.predict import predict
from readingroom.learning.training.explained import Table, explain, record_of
from readingroom.learning.training.train import train_bundle
from readingroom.metrics.auc import auc
from readingroom.phantoms.abdomen_mr import abdomen_mr
from readingroom.radiomics.handcrafted import NAMES
from readingroom.readers import base
from readingroom.readers.liver_hcc import READER
from readingroom.reading import Reading
from readingroom.reports import html
from readingroom.reports.content import build

SHAPE, SPACING = (16, 40, 52), (14.0, 7.8, 7.8)


@pytest.fixture(scope="module")
def livers(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """24 phantoms with their livers; half of them have a large carcinoma. All are of one site, with all labels."""
    folder = tmp_path_factory.mktemp("livers")
    rows = []
    for number in range(24):
        ill = number % 2 == 0
        made = abdomen_mr(number, nodules_ml=180.0 if ill else 0.0, shape=SHAPE, spacing=SPACING)
        paths = {"mr": folder / f"{number}-mr.nrrd", "liver": folder / f"{number}-liver.nrrd"}
        for name, array in (("mr", made.pixels), ("liver", made.liver.astype(np.uint8))):
            image = SimpleITK.GetImageFromArray(array)
            image.SetSpacing(SPACING[::-1])
            SimpleITK.WriteImage(image, str(paths[name]))
        rows.append(
            Row(
                f"p{number}", f"s{number}", {"mr": paths["mr"]}, label="hcc" if ill else "none",
                masks={"liver": paths["liver"]}, site="AB"[number // 2 % 2],
            )
        )  # fmt: skip
    return Cohort(tuple(rows), positive=("hcc",))


def tiny(**changes: object) -> TrainingProtocol:
    """The rigorous protocol with random values on small volumes, and two folds."""
    protocol = replace(
        load_protocol("liver-hcc"),
        networks=("narrow_resnet14_3d",),
        weights="none",
        trained="all",
        epochs=2,
        least_epochs=1,
        batch=8,
        accumulate=1,
        validation=Validation(folds=2, inner=0.3),
    )
    assert protocol.explained is not None
    measured = replace(protocol.explained.measured, spacing=None)
    explained = replace(protocol.explained, resamples=20, measured=measured, rate=1.0)  # too few rows for a rate
    return replace(
        protocol,
        input=replace(protocol.input, size=(16, 32, 32)),
        explained=explained,
        **changes,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def out(livers: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training from random values."""
    out = tmp_path_factory.mktemp("out")
    train_bundle(livers, tiny(), out, "explained", device="cpu", resamples=30)
    return out


@pytest.fixture
def bundle(out: Path) -> Bundle:
    return load(out / "explained")


def explained_of(bundle: Bundle) -> ExplainedFeatures:
    metadata = bundle.of_kind(ClassifierMetadata)
    assert metadata.explained is not None
    return metadata.explained


def test_a_bundle_says_what_its_features_follow(bundle):
    found = explained_of(bundle)
    assert (found.mask, found.finding, found.deep_count) == ("liver", "hcc", 128)
    assert [feature.name for feature in found.handcrafted] == list(NAMES)
    assert found.patients < 24  # the rows that chose the epoch test it
    assert found.deep
    for feature in found.deep:
        assert all(abs(partner.correlation) >= found.least for partner in feature.partners)


def test_the_card_sets_three_models_side_by_side_and_calls_them_exploratory(bundle):
    card = bundle.card
    section = card[card.index("## Explained features") :]
    section = section[: section.index("\n## ")]
    for title in ("the network", "explained features of the network (L1)", "72 handcrafted features (L1)"):
        assert f"| {title} |" in section
    assert "**Exploratory**" in section
    assert "No p-values" in section
    against = card[card.index("## Against simpler models") :]
    assert "| 72 handcrafted features (L1) |" in against[: against.index("\n## ")]
    assert "features of the final network follow a handcrafted one" in card


def test_the_same_training_says_the_same_again(livers, out, bundle, tmp_path):
    again = train_bundle(livers, tiny(), out, "explained", device="cpu", resamples=30)
    assert explained_of(again) == explained_of(bundle)


@pytest.mark.slow
def test_frozen_features_are_explained_as_well_and_the_card_counts_masks_that_are_no_livers(livers, tmp_path):
    liver = SimpleITK.ReadImage(str(livers.rows[0].masks["liver"]))
    mirrored = SimpleITK.GetImageFromArray(SimpleITK.GetArrayFromImage(liver)[:, :, ::-1])
    mirrored.CopyInformation(liver)
    SimpleITK.WriteImage(mirrored, str(tmp_path / "mirrored.nrrd"))
    first = replace(livers.rows[0], masks={"liver": tmp_path / "mirrored.nrrd"})
    wrong = replace(livers, rows=(first, *livers.rows[1:]))
    bundle = train_bundle(wrong, tiny(), tmp_path, "wrong", mode="frozen", device="cpu", resamples=30)
    assert any("of 24 studies with the masks of this table" in warning for warning in bundle.metadata.warnings)
    found = explained_of(bundle)
    assert found.patients == 24
    assert all(partner.held_out is None for feature in found.deep for partner in feature.partners)


def test_without_masks_the_card_says_why_nothing_is_explained(livers, tmp_path):
    bare = replace(livers, rows=tuple(replace(row, masks={}) for row in livers.rows))
    protocol = replace(tiny(), input=replace(tiny().input, organ="", organ_crop=False))
    bundle = train_bundle(bare, protocol, tmp_path, "bare", mode="frozen", device="cpu", resamples=30)
    assert bundle.of_kind(ClassifierMetadata).explained is None
    assert "the table has no masks (a column mask_liver)" in bundle.card


def test_the_plan_says_how_features_will_be_explained():
    text = " ".join(plan(load_protocol("liver-hcc", "published")).split())
    assert "inside the mask 'liver'" in text
    assert "72 features in 128 gray levels (size zones 32)" in text
    assert "Pearson, at least 0.5; on training rows alone" in text
    assert "seven strengths, 3 folds, accuracy" in text


def test_six_of_eight_has_the_exact_interval_of_clopper_and_pearson():
    found = exact(6, 8)
    assert found is not None
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == (pytest.approx(0.349, abs=5e-4), pytest.approx(0.968, abs=5e-4))
    assert exact(0, 0) is None


def test_an_evaluation_sets_the_handcrafted_features_beside_the_bundle(bundle, livers, out):
    table = out / "explained-predictions.csv"
    options = Options(resamples=30, permutations=30)
    evaluated = evaluate_out_of_fold(bundle, predictions.read(table), table, options, livers)
    titles = [baseline.title for baseline in evaluated.record.baselines]
    assert "72 handcrafted features (L1)" in titles
    bare = replace(livers, rows=tuple(replace(row, masks={}) for row in livers.rows))
    without = evaluate_out_of_fold(bundle, predictions.read(table), table, options, bare)
    assert [baseline.title for baseline in without.record.baselines] == titles[:-1]


@pytest.mark.slow
def test_an_evaluation_of_other_patients_asks_the_bundles_own_model_of_explained_features(bundle, livers, tmp_path):
    options = Options(device="cpu", resamples=30, permutations=30)
    table = tmp_path / "cohort.csv"
    write_cohort(table, livers.rows)
    evaluated = evaluate_cohort(bundle, livers, table, options)
    place = [baseline.title for baseline in evaluated.record.baselines].index("explained features of the network (L1)")
    known = bundle.of_kind(ClassifierMetadata).explained
    features = predict(bundle, livers, device="cpu").features
    said = [
        logit(known.intercept, ((one.coefficient, one.spread.z(row[one.number])) for one in known.deep))
        for row in features
    ]
    present = [row.label == "hcc" for row in livers.rows]
    assert evaluated.record.baselines[place].score.value == pytest.approx(auc(present, np.round(said, 9)))


def test_where_site_and_label_are_one_a_red_banner_stands_above_every_number(livers, tmp_path):
    """As in papers/liver-hcc: the healthy are of one hospital, the ill of another."""
    rows = tuple(replace(row, site="CHAOS" if row.label == "none" else "TCGA") for row in livers.rows)
    bundle = train_bundle(
        replace(livers, rows=rows), tiny(), tmp_path, "one", mode="frozen", device="cpu", resamples=30
    )
    metadata = bundle.metadata
    assert metadata.banner.startswith("Site and label are one")
    assert "CHAOS: none; TCGA: hcc" in metadata.warnings[0]
    assert f"**{metadata.banner}**" in bundle.card
    reading = base.read(READER, rows[0].study(READER), bundle, tmp_path / "read", "cpu", force=True)
    document = build(reading, {})
    assert document.banner == metadata.banner
    assert "Site and label are one" in html.render(document)
    table = tmp_path / "one-predictions.csv"
    evaluated = evaluate_out_of_fold(bundle, predictions.read(table), table, Options(resamples=30, permutations=30))
    stops = [caveat.sentence for caveat in evaluated.record.caveats if caveat.level == "stop"]
    assert metadata.banner in stops
    assert any("CHAOS: none; TCGA: hcc" in sentence for sentence in stops)


def test_a_reading_with_the_bundle_says_which_of_its_features_speak(bundle, livers, tmp_path):
    row = livers.rows[0]
    found = explained_of(bundle)
    reading = base.read(READER, row.study(READER), bundle, tmp_path, "cpu", force=True)
    explained = reading.explained
    assert explained is not None
    assert explained.deep_count == 128
    assert len(explained.speaking) == sum(feature.coefficient != 0 for feature in found.deep)
    assert [answer.kind for answer in explained.answers] == ["network", "explained", "handcrafted"]
    assert explained.answers[0].probability == reading.finding("hcc").probability
    assert len(explained.handcrafted) == 72
    volume = explained.value("original_shape_VoxelVolume")
    assert volume is not None
    liver = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(row.masks["liver"])))
    assert volume.value == pytest.approx(liver.sum() * np.prod(SPACING), rel=1e-6)
    shown = [heat_map for heat_map in reading.heat_maps if heat_map.shows == "feature"]
    assert [heat_map.feature for heat_map in shown] == [feature.name for feature in explained.speaking[:8]]
    for heat_map in shown:
        heat = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / heat_map.path)))
        assert heat.shape == SHAPE
        assert 0 <= heat.min() <= heat.max() <= 1
    assert Reading.from_json(json.loads((tmp_path / "reading.json").read_text())) == reading


# On tables whose truth is known


def table(rows: int, seed: int = 0) -> Table:
    """Deep feature 12 is the contrast and tells the class, 80 falls with the energy, the other 126 follow nothing."""
    random = np.random.default_rng(seed)
    y = np.arange(rows) % 2
    handcrafted, deep = random.normal(size=(rows, 72)), random.normal(size=(rows, 128))
    contrast, energy = NAMES.index("original_glcm_Contrast"), NAMES.index("original_firstorder_Energy")
    handcrafted[:, contrast] += 2 * y
    handcrafted[:, 70] = 3.0
    deep[:, 12] = handcrafted[:, contrast] + 0.3 * deep[:, 12]
    deep[:, 80] = -handcrafted[:, energy] + 0.3 * deep[:, 80]
    return Table(deep, handcrafted, y.astype(np.int64), np.arange(rows).astype(str))


def test_two_true_pairs_are_found_and_hold_on_held_out_rows():
    known, other = table(60), table(40, seed=1)
    wanted = Explained("liver", resamples=30)
    fitted = explain(known, wanted, 0)
    assert fitted.follows.tolist() == [12, 80]
    record = record_of(fitted, known, other, wanted, "hcc", 0)
    twelve, eighty = record.deep
    assert twelve.partners[0].name == "original_glcm_Contrast"
    assert eighty.partners[0].correlation < -0.8
    assert all(feature.partners[0].stability > 0.9 for feature in record.deep)
    assert twelve.partners[0].held_out == pytest.approx(0.95, abs=0.04)
    assert twelve.coefficient > 0.5 > abs(eighty.coefficient)
    assert twelve.selected > eighty.selected


def test_what_the_record_keeps_gives_the_logits_of_the_models():
    known, other = table(60), table(40, seed=1)
    for model in ("published", "rigorous"):
        wanted = Explained("liver", model=model, resamples=5)
        fitted = explain(known, wanted, 0)
        record = record_of(fitted, known, None, wanted, "hcc", 0)
        by_hand = record.intercept + sum(
            feature.coefficient * (other.deep[:, feature.number] - feature.spread.center) / feature.spread.scale
            for feature in record.deep
        )
        np.testing.assert_allclose(fitted.explained.logits(other.deep), by_hand, atol=1e-6)


def test_held_out_rows_have_no_say_in_what_is_chosen():
    known = table(60)
    strange = table(40, seed=1)
    wanted = Explained("liver", resamples=5)
    records = [
        record_of(explain(known, wanted, 0), known, held_out, wanted, "hcc", 0)
        for held_out in (strange, replace(strange, deep=-strange.deep, y=1 - strange.y))
    ]
    bare = [
        replace(record, deep=tuple(
            replace(feature, partners=tuple(replace(partner, held_out=None) for partner in feature.partners))
            for feature in record.deep
        ))
        for record in records
    ]  # fmt: skip
    assert records[0] != records[1]
    assert bare[0] == bare[1]


def test_raw_deviations_drop_by_unit_as_published_and_not_as_rigorous():
    known = table(60)
    small = replace(known, handcrafted=known.handcrafted * 1e-4)
    published = Explained("liver", model="published", rate=1.0, resamples=5)
    assert not explain(small, published, 0).chosen.any()
    assert explain(known, published, 0).chosen.any()
    rigorous = Explained("liver", resamples=5)
    assert np.array_equal(explain(small, rigorous, 0).chosen, explain(known, rigorous, 0).chosen)


def test_without_a_feature_that_follows_any_the_model_gives_the_share_of_the_class():
    random = np.random.default_rng(0)
    nothing = Table(
        random.normal(size=(40, 16)), random.normal(size=(40, 72)), (np.arange(40) % 4 == 0).astype(np.int64),
        np.arange(40).astype(str),
    )  # fmt: skip
    fitted = explain(nothing, Explained("liver", rate=1e-6, resamples=5), 0)
    assert not fitted.follows.size
    np.testing.assert_allclose(fitted.explained.logits(nothing.deep), np.log(0.25 / 0.75))
    assert record_of(fitted, nothing, None, Explained("liver", resamples=5), "hcc", 0).deep == ()


def test_a_value_that_is_not_defined_counts_as_the_mean_of_the_training_rows():
    known = table(60)
    fitted = explain(known, Explained("liver", resamples=5), 0)
    values = known.handcrafted[:2].copy()
    values[1] = np.nan
    intercept = fitted.handcrafted.intercept
    assert fitted.handcrafted.logits(values)[1] == pytest.approx(intercept)
    assert fitted.handcrafted.logits(values)[0] != pytest.approx(intercept)
