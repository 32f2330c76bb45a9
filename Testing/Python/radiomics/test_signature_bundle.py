"""A signature on disk: written, read back without the library that made it, applied, explained."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
import SimpleITK

from readingroom.bundles import bundle as bundles
from readingroom.bundles.signature import SignatureFeature
from readingroom.bundles.validation import plain_name
from readingroom.cli import main
from readingroom.errors import BundleError, InputError
from readingroom.radiomics.features import Features
from readingroom.radiomics.measure import measure
from readingroom.radiomics.settings import Settings, from_parameters
from readingroom.radiomics.signature import Score, load
from readingroom.radiomics.signature.external import External
from readingroom.radiomics.signature.fit import fit
from readingroom.radiomics.signature.measured_with import parameters_of, require_same
from readingroom.radiomics.signature.recipe import published, rigorous
from readingroom.radiomics.signature.table import FeatureTable
from readingroom.radiomics.signature.write import Description, write
from readingroom.reading import Estimate

pytest.importorskip("sklearn", reason="needs the extra [train]")
pytest.importorskip("safetensors", reason="needs the extra [read]")

NAMES = ("original_shape_VoxelVolume", "original_firstorder_Mean", "original_glcm_Contrast", "original_glcm_Id")
DESCRIPTION = Description(
    "death", "Death within two years", ("made up",), "CC0-1.0", "HU", Settings(bin_width=10).parameters()
)


def a_table(rows=60, signal=1.5, seed=0) -> FeatureTable:
    random = np.random.default_rng(seed)
    outcome = random.permutation(np.arange(rows) % 2)
    values = random.normal(size=(rows, len(NAMES)))
    values[:, 0] = np.exp(values[:, 0] + signal * outcome) * 1e4
    values[:, 1] += 40 + signal * outcome
    return FeatureTable(np.array([f"p{i}" for i in range(rows)]), NAMES, values, outcome.astype(np.int64))


def a_fit(model="lasso"):
    recipe = rigorous() if model == "lasso" else published(model)
    return fit(a_table(), dataclasses.replace(recipe, candidates=8, inner_folds=3, folds=3, repeats=1), {NAMES[1]: 0.8})


@pytest.fixture(scope="module")
def fitted():
    return {model: a_fit(model) for model in ("lasso", "svm", "forest", "boosting")}


@pytest.fixture(scope="module")
def stored(fitted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    return {model: write(folder / f"death-{model}", found, DESCRIPTION) for model, found in fitted.items()}


@pytest.fixture
def a_signature(stored):
    return load(stored["lasso"])


def a_region(**changes):
    return {**dict(zip(NAMES, a_table().values[7].tolist(), strict=True)), **changes}


@pytest.mark.parametrize("model", ["lasso", "svm", "forest", "boosting"])
def test_a_stored_signature_gives_the_scores_of_the_fitted_one(fitted, stored, model):
    signature, found = load(stored[model]), fitted[model]
    values = found.table.of(signature.inputs).values
    expected = found.trained.values(found.table.values)
    np.testing.assert_allclose(signature.values(values), expected, atol=1e-9)
    probabilities = found.calibration.probabilities(expected)
    np.testing.assert_allclose(signature.probabilities(signature.values(values)), probabilities, atol=1e-9)


@pytest.mark.parametrize("model", ["lasso", "svm", "forest", "boosting"])
def test_contributions_add_up_to_the_score_minus_the_mean_of_the_cohort(fitted, stored, model):
    signature = load(stored[model])
    score = signature.score(a_region())
    assert sum(item.contribution for item in score.contributions) == pytest.approx(
        score.value - score.cohort_mean, abs=1e-9
    )
    contributions = [abs(item.contribution) for item in score.contributions]
    assert contributions == sorted(contributions, reverse=True)
    everyone = [signature.score(dict(zip(NAMES, row, strict=True))).value for row in fitted[model].table.values]
    assert score.cohort_mean == pytest.approx(np.mean(everyone), abs=1e-9)  # 60 rows: the whole cohort is kept


def test_a_score_says_probability_decision_and_where_each_feature_lies(a_signature):
    score = a_signature.score(a_region(), DESCRIPTION.settings)
    assert score.title == "Death within two years"
    assert score.probability.interval.low <= score.probability.value <= score.probability.interval.high
    assert score.probability.value == pytest.approx(1 / (1 + np.exp(-score.value)))
    assert score.positive == (score.probability.value >= score.operating_point.threshold)
    below = (a_table().values[:, 0] <= a_region()[NAMES[0]]).mean()
    assert score.percentiles[NAMES[0]] == pytest.approx(100 * below, abs=2)
    assert {item.feature: item.unit for item in score.contributions}[NAMES[0]] == "mm³"
    assert score.notes == ()


def test_scores_go_through_json(a_signature):
    score = a_signature.score(a_region())
    assert Score.from_json(json.loads(json.dumps(score.to_json()))) == score


def test_applying_needs_neither_scikit_learn_nor_safetensors(stored):
    folders = [str(bundle.folder) for bundle in stored.values()]
    code = f"""
import sys

class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("sklearn", "xgboost", "safetensors", "torch"):
            raise ImportError(name)

sys.meta_path.insert(0, Refused())
from readingroom.bundles.bundle import load as load_bundle
from readingroom.radiomics.signature import load
print([load(load_bundle(folder)).score({a_region()!r}).value for folder in {folders!r}])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = [load(bundle).score(a_region()).value for bundle in stored.values()]
    assert json.loads(done.stdout) == pytest.approx(expected, abs=1e-12)


def test_a_missing_feature_and_one_that_is_not_defined_are_each_a_sentence(a_signature):
    region = a_region()
    del region[NAMES[0]]
    with pytest.raises(InputError, match="needs the feature original_shape_VoxelVolume, which was not measured"):
        a_signature.score(region)
    with pytest.raises(InputError, match="which is not defined for this region"):
        a_signature.score(a_region(**{NAMES[0]: float("nan")}))


def test_features_outside_the_cohort_are_said(a_signature):
    assert "Outside the range" in a_signature.score(a_region(**{NAMES[0]: 1e9}), DESCRIPTION.settings).notes[0]


def test_features_measured_in_another_way_are_refused(a_signature):
    with pytest.raises(InputError, match=r"measured with binWidth 25\.0; the signature needs 10"):
        a_signature.score(a_region(), Settings().parameters())
    with pytest.raises(InputError, match=r"resampledPixelSpacing 1\.0, 1\.0, 1\.0; the signature needs not set"):
        a_signature.score(a_region(), Settings(bin_width=10, resampled_spacing=(1.0, 1.0, 1.0)).parameters())
    assert "not known" in a_signature.score(a_region()).notes[0]


def test_its_parameters_ask_for_every_feature_that_it_needs(a_signature):
    assert from_parameters(a_signature.parameters) == from_parameters(DESCRIPTION.settings)
    metadata = dataclasses.replace(
        a_signature.metadata,
        inputs=("original_shape_Compactness1",),
        features=(SignatureFeature("original_shape_Compactness1"),),
        settings={"featureClass": {"glcm": ["Id"]}},
    )
    chosen = from_parameters(dataclasses.replace(a_signature, metadata=metadata).parameters)
    assert "Compactness1" in chosen.names("shape")
    assert chosen.names("glcm") == ("Id",)


def test_what_does_not_change_a_feature_may_differ():
    needed = Settings(label=1).parameters()
    require_same(needed, Settings(label=2, provenance=False, image_types={"LoG": {}, "Original": {}}).parameters())


def test_an_image_type_is_held_against_its_own_options():
    needed = Settings(image_types={"Wavelet": {"wavelet": "haar"}}).parameters()
    with pytest.raises(InputError, match="wavelet coif1; the signature needs haar"):
        require_same(needed, Settings(image_types={"Wavelet": {}}).parameters())


def test_the_settings_of_a_measurement_are_read_from_its_provenance():
    image = SimpleITK.GetImageFromArray(np.arange(125, dtype=np.float32).reshape(5, 5, 5))
    settings = Settings(bin_width=10, image_types={"Original": {}, "LoG": {"sigma": (2.0,)}})
    features = measure(image, SimpleITK.Cast(image > 40, SimpleITK.sitkUInt8), settings)
    require_same(settings.parameters(), parameters_of(features.provenance))
    with pytest.raises(InputError, match="binWidth 10; the signature needs 25"):
        require_same(Settings().parameters(), parameters_of(features.provenance))
    assert parameters_of({}) is None
    assert parameters_of({"diagnostics_Configuration_Settings": "open('x')"}) is None


def test_the_card_is_written_from_the_run(stored, fitted):
    card, auc = stored["lasso"].card, fitted["lasso"].evaluation.auc
    assert "60 patients, 30 with the outcome" in " ".join(card.split())
    assert f"| this signature | AUC | {auc.value:.2f} ({auc.interval.low:.2f} to {auc.interval.high:.2f})" in card
    assert "| volume alone | AUC |" in card
    assert "| the more frequent outcome | accuracy | 0.50" in card
    assert "| original_shape_VoxelVolume | mm³ | 100% | +" in card
    assert "Exploratory" not in card  # 30 of each
    assert "z-scores of single patients" not in card
    assert "z-scores of single patients" in stored["svm"].card


def test_small_cohorts_are_exploratory_and_unknown_settings_are_said(tmp_path):
    recipe = dataclasses.replace(rigorous(), candidates=8, inner_folds=3, folds=3, repeats=1)
    small = write(
        tmp_path / "small",
        fit(a_table(rows=40), recipe),
        dataclasses.replace(DESCRIPTION, settings=None),
        External(12, 5, {"auc": Estimate(0.7)}),
    )
    assert any("Exploratory: one of the outcomes has 20 patients" in warning for warning in small.metadata.warnings)
    assert "Exploratory" in small.card
    assert "on 12 other patients, 5 regions with the outcome" in small.card
    assert small.metadata.metrics["external_auc"].value == 0.7
    signature = load(small)
    assert signature.parameters == Settings().parameters()
    assert any("cohort were measured is not known" in text for text in signature.score(a_region()).bundle.warnings)


def test_unstable_features_are_not_used_but_known(tmp_path):
    recipe = dataclasses.replace(rigorous(), candidates=8, inner_folds=3, folds=3, repeats=1)
    found = write(tmp_path / "stable", fit(a_table(), recipe, {NAMES[2]: 0.2, NAMES[0]: 0.9}), DESCRIPTION)
    score = load(found).score(a_region())
    assert NAMES[2] not in [item.feature for item in score.contributions]
    assert score.unstable == (NAMES[2],)
    assert NAMES[2] in score.percentiles
    assert f"| {NAMES[2]} | – | left out | – | 0.20 |" in found.card


@pytest.mark.parametrize(
    ("array", "change", "sentence"),
    [
        ("mean", lambda old: old[:-1], "its z-scores are not those of"),
        ("scale", lambda old: old * 0, "its z-scores are not those of a cohort"),
        ("background", lambda old: old[:0], "its z-scores are not those of a cohort"),
        ("background", lambda old: np.repeat(old, 10_000, axis=0), "its z-scores are not those of a cohort"),
        ("coefficients", lambda old: old * np.inf, "'coefficients' is not finite"),
        ("mean", None, "it lacks mean"),
    ],
)
def test_numbers_of_strangers_are_refused_in_one_sentence(stored, array, change, sentence, monkeypatch):
    bundle = stored["lasso"]
    arrays = {**bundle.arrays("model"), "cohort": bundle.arrays("cohort")}
    if change is None:
        del arrays[array]
    else:
        arrays[array] = change(arrays[array])
    of = {"model": arrays, "cohort": arrays.pop("cohort")}
    monkeypatch.setattr(type(bundle), "arrays", lambda _self, name: of[name])
    with pytest.raises(BundleError, match=f"cannot be used: .*{sentence}"):
        load(bundle)


def test_settings_that_nobody_could_measure_with_are_refused(stored):
    bundle = stored["lasso"]
    metadata = dataclasses.replace(bundle.metadata, settings={"featureClass": {"glcm": 7}})
    other = dataclasses.replace(bundle, metadata=metadata)
    with pytest.raises(BundleError, match=r"cannot be used: .*'glcm' needs a list"):
        load(other)


def test_a_region_beyond_all_measure_has_no_score(stored):
    with pytest.raises(InputError, match="no finite score"):
        load(stored["lasso"]).score(a_region(**dict.fromkeys(NAMES, 1e308)))


def test_no_signal_gives_no_bundle(tmp_path):
    recipe = dataclasses.replace(rigorous(), candidates=8, inner_folds=3, folds=3, repeats=1)
    with pytest.raises(InputError, match=r"No signature was found.*AUC is 0\."):
        write(tmp_path / "nothing", fit(a_table(signal=0.0, seed=2), recipe), DESCRIPTION)
    assert not (tmp_path / "nothing").exists()


def test_the_same_fit_gives_the_same_bytes(stored, fitted, tmp_path):
    again = write(tmp_path / "death-lasso", fitted["lasso"], DESCRIPTION)
    assert again.sha256 == stored["lasso"].sha256


def test_a_bundle_of_another_reader_is_no_signature(stored):
    other = dataclasses.replace(stored["lasso"].metadata, reader="chest-xray")
    with pytest.raises(BundleError, match="made for the reader 'chest-xray'"):
        load(dataclasses.replace(stored["lasso"], metadata=other))


def test_numbers_that_do_not_fit_are_refused(stored):
    metadata = stored["lasso"].metadata
    metadata = dataclasses.replace(metadata, inputs=metadata.inputs[:1])
    with pytest.raises(BundleError, match="not those of 1 features"):
        load(dataclasses.replace(stored["lasso"], metadata=metadata))


def test_monai_config_parser_loads_a_signature(stored):
    parser = pytest.importorskip("monai.bundle", reason="needs the extra [monai]").ConfigParser()
    parser.read_config(stored["lasso"].folder / bundles.INFERENCE)
    parser["bundle_root"] = str(stored["lasso"].folder)
    signature = parser.get_parsed_content("signature")
    assert signature.inputs == load(stored["lasso"]).inputs


def test_plain_names_are_made_of_what_people_write():
    assert plain_name("Died within 2 years?") == "died-within-2-years"
    with pytest.raises(InputError, match="no letter"):
        plain_name("??")


def test_the_shell_trains_and_applies(tmp_path, capsys):
    table = a_table()
    rows = [
        f"{who},{'dead' if dead else 'alive'},{','.join(map(repr, row))}"
        for who, dead, row in zip(table.patients, table.outcome, table.values.tolist(), strict=True)
    ]
    cohort = tmp_path / "cohort.csv"
    cohort.write_text("\n".join(["patient_id,state," + ",".join(NAMES), *rows]), encoding="utf-8")
    arguments = ["--outcome", "state", "--positive", "dead", "--protocol", "published", "--model", "svm"]
    out = tmp_path / "mine"
    assert main(["signature", "train", str(cohort), *arguments, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "AUC out of fold: 0." in printed
    assert "AUC of volume alone: 0." in printed
    Features(a_region(), {}).write(tmp_path / "one.csv")
    score_file = tmp_path / "score.json"
    assert main(["signature", "apply", str(out), str(tmp_path / "one.csv"), "--out", str(score_file)]) == 0
    printed = capsys.readouterr().out
    score = Score.from_json(json.loads(score_file.read_text(encoding="utf-8")))
    assert f"state dead: {100 * score.probability.value:.0f} %" in printed
    assert f"{score.contributions[0].contribution:+.2f}  {score.contributions[0].feature}" in printed


def test_the_shell_says_in_a_sentence_what_is_wrong(tmp_path, capsys):
    (tmp_path / "x.csv").write_text("patient_id,died\na,1\n")
    assert main(["signature", "train", str(tmp_path / "x.csv"), "--outcome", "state", "--out", "y"]) == 3
    assert capsys.readouterr().err == "readingroom: The table x.csv has no column state.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(["--out", "{full}"], "no bundle"), (["--out", "{new}", "--external", "{table}"], "p0 is in both tables")],
)
def test_what_can_be_refused_is_refused_before_the_training(tmp_path, capsys, monkeypatch, arguments, sentence):
    table = tmp_path / "table.csv"
    rows = [f"p{n},{n % 2},{n}" for n in range(40)]
    table.write_text("\n".join(["patient_id,died," + NAMES[0], *rows]), encoding="utf-8")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    monkeypatch.setattr("readingroom.radiomics.signature.fit.fit", lambda *_: pytest.fail("it was trained"))
    places = {"full": tmp_path / "full", "new": tmp_path / "new", "table": table}
    given = [argument.format(**places) for argument in arguments]
    assert main(["signature", "train", str(table), "--outcome", "died", *given]) in (1, 3)
    assert sentence in capsys.readouterr().err
