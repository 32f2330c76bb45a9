"""What the features of a network follow in one patient: words, contributions, distances, maps, a corrected mask."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from scipy import special

from readingroom.bundles.explained import (
    DeepFeature,
    ExplainedFeatures,
    HandcraftedFeature,
    HandcraftedSettings,
    Partner,
    Spread,
)
from readingroom.phantoms.abdomen_mr import abdomen_mr
from readingroom.radiomics.handcrafted import NAMES, measure_handcrafted
from readingroom.readers.answer import CorrectedMask
from readingroom.readers.explained_features import active_places, checks_of, explanation_of, with_corrected_mask
from readingroom.reading import BundleFacts, Finding, Provenance, Reading
from readingroom.study import Study, StudyImage

CONTRAST, ENERGY, VOLUME = "original_glcm_Contrast", "original_firstorder_Energy", "original_shape_VoxelVolume"


def spread(center: float = 0.0, scale: float = 1.0) -> Spread:
    """Of a normal distribution."""
    return Spread(center, scale, tuple(center + scale * z for z in (-3.0, -1.64, -0.67, 0.0, 0.67, 1.64, 3.0)))


@pytest.fixture(scope="module")
def liver():
    """An MR image and the voxels of its liver."""
    phantom = abdomen_mr(3, shape=(20, 56, 72), spacing=(12.0, 5.6, 5.6))
    image = SimpleITK.GetImageFromArray(phantom.pixels)
    image.SetSpacing(phantom.spacing[::-1])
    return image, phantom.liver


@pytest.fixture(scope="module")
def values(liver) -> dict[str, float]:
    return measure_handcrafted(*liver, HandcraftedSettings())


@pytest.fixture
def known(values) -> ExplainedFeatures:
    """Three explained features, of which two have a weight; the phantom is an average patient by its handcrafted ones,
    but for its contrast, which lies 2 deviations above the mean."""
    of_values = {name: spread(value, 0.1 * abs(value) + 1) for name, value in values.items()}
    contrast = of_values[CONTRAST]
    of_values[CONTRAST] = spread(values[CONTRAST] - 2 * contrast.scale, contrast.scale)
    return ExplainedFeatures(
        "liver", "hcc", HandcraftedSettings(), "spearman", 0.5, 0.05, 32, 128,
        (
            DeepFeature(3, spread(), (Partner(VOLUME, 0.6, 0.7),), 0.0, 0.2),
            DeepFeature(12, spread(1.0, 2.0), (Partner(CONTRAST, 0.8, 1.0, 0.7), Partner(ENERGY, -0.6, 0.8)), 1.5, 0.9),
            DeepFeature(80, spread(), (Partner(ENERGY, -0.7, 0.9),), -0.5, 0.6),
        ),
        0.25,
        tuple(HandcraftedFeature(name, of_values[name], 0.8 if name == CONTRAST else 0.0) for name in NAMES),
        -0.1,
    )  # fmt: skip


@pytest.fixture
def embedding() -> np.ndarray:
    """Feature 12 lies one deviation above the mean of the cohort, 80 four."""
    found = np.zeros(128)
    found[12], found[80] = 3.0, 4.0
    return found


def test_features_with_a_weight_speak_in_words_the_strongest_first(known, embedding, values):
    found = explanation_of(known, "mr", embedding, values, 0.4)
    assert [(one.name, one.title) for one in found.speaking] == [
        ("deep-80", "Opposite of size and brightness together (first order energy)"),
        ("deep-12", "Rough texture (GLCM contrast)"),
    ]
    assert [one.contribution for one in found.speaking] == [-2.0, 1.5]
    assert found.speaking[1].z == 1
    assert (found.deep_count, found.explained_count) == (128, 3)


def test_the_three_models_say_what_their_weights_give(known, embedding, values):
    found = explanation_of(known, "mr", embedding, values, 0.4)
    said = {one.kind: one.probability for one in found.answers}
    assert said["network"] == 0.4
    assert said["explained"] == pytest.approx(special.expit(0.25 + 1.5 - 2.0))
    assert said["handcrafted"] == pytest.approx(special.expit(-0.1 + 0.8 * 2))


def test_the_patients_own_values_stand_against_the_cohort(known, embedding, values):
    found = explanation_of(known, "mr", embedding, values, 0.4)
    contrast, volume = found.value(CONTRAST), found.value(VOLUME)
    assert contrast is not None
    assert contrast.z == pytest.approx(2)
    assert 0.95 < contrast.share_below < 1
    assert volume is not None
    assert (volume.value, volume.unit) == (values[VOLUME], "mm³")
    assert volume.share_below == pytest.approx(0.5)


def test_a_value_that_is_not_defined_counts_as_the_mean_of_the_cohort(known, embedding, values):
    found = explanation_of(known, "mr", embedding, {**values, CONTRAST: np.nan}, 0.4)
    shown = found.value(CONTRAST)
    assert shown is not None
    assert (shown.value, shown.z, shown.share_below) == (None, None, None)
    answer = found.answer("handcrafted")
    assert answer is not None
    assert answer.probability == pytest.approx(special.expit(-0.1))


def test_a_network_that_answers_otherwise_than_its_explained_features_is_doubted(known, embedding, values):
    near, far = (explanation_of(known, "mr", embedding, values, said) for said in (0.4, 0.95))
    assert [(one.name, one.status) for one in checks_of(near)] == [
        ("explained features", "pass"), ("handcrafted features", "pass"),
    ]  # fmt: skip
    (doubt, _) = checks_of(far)
    assert doubt.status == "warn"
    assert (
        "does not account for the answer: 44 % by the explained features alone, 95 % by the network" in doubt.sentence
    )


@pytest.mark.parametrize(
    ("network", "threshold", "status", "words"),
    [
        (0.44, 0.5, "pass", "come to nearly the same answer: 44 %"),
        (0.24, 0.5, "pass", "point the same way, with another probability: 44 %"),
        (0.52, 0.5, "pass", "come to the other side of 50 %: 44 %"),
        (0.61, 0.5, "warn", "come to the other side of 50 %: 44 %"),
        (0.61, 0.3, "pass", "point the same way, with another probability: 44 %"),
        (0.24, 0.3, "warn", "come to the other side of 30 %: 44 %"),
        (0.95, 0.3, "warn", "does not account for the answer: 44 %"),
    ],
)
def test_near_is_within_ten_points_on_the_same_side_of_the_threshold(
    known, embedding, values, network, threshold, status, words
):
    (check, _) = checks_of(explanation_of(known, "mr", embedding, values, network), threshold)
    assert check.status == status
    assert words in check.sentence


def test_features_that_follow_the_same_one_are_told_apart(known, embedding, values):
    partners = {
        1: (Partner(CONTRAST, 0.8, 1.0), Partner(ENERGY, -0.6, 0.8)),
        2: (Partner(CONTRAST, 0.7, 1.0), Partner(VOLUME, 0.6, 0.8)),
        3: (Partner(CONTRAST, 0.52, 1.0),),
        4: (Partner(CONTRAST, -0.75, 1.0),),
    }
    deep = tuple(DeepFeature(number, spread(), follows, 1.0, 0.9) for number, follows in partners.items())
    said = {
        one.name: one.title for one in explanation_of(replace(known, deep=deep), "mr", embedding, values, 0.4).speaking
    }
    rough = "Rough texture (GLCM contrast)"
    assert said == {
        "deep-1": f"{rough}, also opposite of size and brightness together (first order energy)",
        "deep-2": f"{rough}, also volume (shape voxel volume)",
        "deep-3": f"{rough}, correlation +0.52",
        "deep-4": "Opposite of rough texture (GLCM contrast)",
    }


def test_a_patient_far_from_the_cohort_is_doubted(known, embedding, values):
    strange = {name: 3 * value + 1000 for name, value in values.items()}
    (_, doubt) = checks_of(explanation_of(known, "mr", embedding, strange, 0.4))
    assert doubt.status == "warn"
    assert "of 72 handcrafted features lie beyond the range of the 32 training patients" in doubt.sentence


def test_a_map_shows_where_a_feature_departs_from_the_cohort_in_the_patients_direction():
    feature_map = np.zeros((2, 4, 4))
    feature_map[0, 0, 0], feature_map[1, 3, 3] = 16.0, -8.0
    mean = float(feature_map.mean())
    above = active_places(feature_map, mean, spread(mean - 1))
    assert above[0, 0, 0] == 1
    assert above[1, 3, 3] == 0
    below = active_places(feature_map, mean, spread(mean + 1))
    assert below[1, 3, 3] == 1
    assert below[0, 0, 0] == 0
    # A constant that the places do not have is no matter: their mean is the value.
    assert np.array_equal(active_places(feature_map - 5, mean, spread(mean - 1)), above)


def test_handcrafted_features_follow_a_corrected_mask_and_the_network_does_not(known, embedding, values, liver):
    image, voxels = liver
    explained = explanation_of(known, "mr", embedding, values, 0.4)
    reading = Reading(
        "liver-hcc", "hcc", Study((StudyImage("mr", Path("mr.nrrd")),)), (Finding("hcc", "HCC", 0.4),),
        checks_of(explained), BundleFacts("b", "B", "1.0.0", "0" * 64, True),
        Provenance({}, "cpu", "2026-02-01T10:00:00Z", 1.0), explained=explained,
    )  # fmt: skip
    smaller = voxels.copy()
    smaller[:10] = False
    mask = SimpleITK.GetImageFromArray(smaller.astype(np.uint8))
    mask.CopyInformation(image)
    changed = with_corrected_mask(reading, CorrectedMask("liver", "of the scene", image, mask), known)
    assert changed.explained is not None
    volume = changed.explained.value(VOLUME)
    assert volume is not None
    assert volume.value == pytest.approx(smaller.sum() * np.prod(image.GetSpacing()))
    assert changed.explained.speaking == explained.speaking
    assert changed.explained.answer("network") == explained.answer("network")
    assert "the network saw the earlier one" in changed.explained.notes[-1]
    assert [check.name for check in changed.checks] == [check.name for check in reading.checks]
    other = CorrectedMask("spleen", "of the scene", image, mask)
    assert with_corrected_mask(reading, other, known) is reading
    assert with_corrected_mask(replace(reading, explained=None), CorrectedMask("liver", "", image, mask), known)
