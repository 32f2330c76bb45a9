"""A signature that was fitted, installed as a bundle, and applied to a segment in the section "Features"."""

from __future__ import annotations

import csv
import dataclasses
import io

import numpy as np
import pytest
import slicer

import host
from readingroom.bundles import store
from readingroom.desktop.features.section import FeaturesSection
from readingroom.engine.in_process import InProcessClient
from readingroom.radiomics.settings import Settings
from readingroom.radiomics.signature import load
from readingroom.radiomics.signature.fit import fit
from readingroom.radiomics.signature.measured_with import parameters_of
from readingroom.radiomics.signature.recipe import rigorous
from readingroom.radiomics.signature.table import FeatureTable
from readingroom.radiomics.signature.write import Description, write

pytest.importorskip("sklearn", reason="needs the extra [train]")
pytest.importorskip("safetensors", reason="needs the extra [read]")

NAMES = ("original_shape_VoxelVolume", "original_firstorder_Mean", "original_glcm_Contrast", "original_glcm_Id")


@pytest.fixture(scope="module")
def signature_folder(tmp_path_factory):
    """A bundle that takes large tumors for deadly; contrast was left out of its training as unstable."""
    random = np.random.default_rng(0)
    outcome = random.permutation(np.arange(60) % 2)
    values = random.normal(size=(60, len(NAMES)))
    values[:, 0] = np.exp(values[:, 0] + 1.5 * outcome) * 1e4
    values[:, 1] += 40
    table = FeatureTable(np.array([f"p{i}" for i in range(60)]), NAMES, values, outcome.astype(np.int64))
    recipe = dataclasses.replace(rigorous(), candidates=6, inner_folds=3, folds=3, repeats=1)
    measured = Settings(bin_width=10).parameters()
    description = Description("death", "Death within two years", ("made up",), "CC0-1.0", "HU", measured)
    return write(
        tmp_path_factory.mktemp("bundles") / "death-lasso", fit(table, recipe, {NAMES[2]: 0.2}), description
    ).folder


@pytest.fixture
def section(empty_scene, signature_folder, segmented_ct):
    store.install(signature_folder)
    shown = FeaturesSection("Tested", InProcessClient())
    shown.widget.resize(480, 1000)
    shown.widget.show()
    shown.enter()
    slicer.app.processEvents()
    shown.choose_segments([segmented_ct.tumor])
    yield shown
    shown.cleanup()
    shown.widget.hide()


def choose_and_measure(section) -> None:
    combo = section.views.settings.signature
    host.select(combo, combo.itemText(1))
    host.click(section.views.run.button)
    host.wait_until(lambda: not section.work.is_working)
    assert section.views.message.widget.isHidden(), section.views.message.sentence.text


def test_the_score_of_a_segment_is_that_of_the_signature(section, segmented_ct):
    choose_and_measure(section)
    segment = section.work.results_of(segmented_ct.segmentation).segments[0]
    signature, features = load(store.find(section.settings.bundle)), segment.now.features
    assert segment.now.score == signature.score(features.values, parameters_of(features.provenance))
    assert section.views.score.title.text.startswith("Death within two years: ")


def test_percentiles_come_from_the_cohort_and_the_unstable_feature_is_marked(section, segmented_ct):
    choose_and_measure(section)
    assert section.views.table.tree.headerItem().text(2) == "Percentile"
    assert "△" in section.views.table.legend.text
    score = section.work.results_of(segmented_ct.segmentation).segments[0].now.score
    assert 0 <= score.percentiles[NAMES[0]] <= 100
    assert score.unstable == (NAMES[2],)
    assert NAMES[2] not in [contribution.feature for contribution in score.contributions]


def test_percentile_and_stability_are_written_to_the_file(section, segmented_ct):
    choose_and_measure(section)
    results = section.work.results_of(segmented_ct.segmentation)
    rows = {row["feature"]: row for row in csv.DictReader(io.StringIO(results.csv()))}
    score = results.segments[0].now.score
    assert float(rows[NAMES[0]]["value"]) == results.segments[0].now.value(NAMES[0])
    assert float(rows[NAMES[0]]["percentile"]) == score.percentiles[NAMES[0]]
    assert (rows[NAMES[2]]["stability"], rows[NAMES[0]]["stability"]) == ("unstable", "")
    assert rows["original_ngtdm_Busyness"]["percentile"] == ""  # not of the cohort


def test_the_signature_brings_its_own_parameters(section, segmented_ct):
    choose_and_measure(section)
    assert not section.views.settings.parameters.enabled
    settings = section.work.results_of(segmented_ct.segmentation).segments[0].now.features.provenance
    assert "'binWidth': 10" in settings["diagnostics_Configuration_Settings"]


def test_a_score_survives_saving_and_loading_the_scene(section, segmented_ct, tmp_path):
    choose_and_measure(section)
    title = section.views.score.title.text
    host.save_scene(tmp_path / "scene.mrb")
    host.close_scene()
    assert section.views.score.widget.isHidden()
    host.load_scene(tmp_path / "scene.mrb")
    host.wait_until(lambda: section.views.score.widget.visible)
    assert section.views.score.title.text == title
