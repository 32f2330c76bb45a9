"""What a bundle keeps of explained features: plausible or refused, and the same again from JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from readingroom import records
from readingroom.bundles.explained import (
    DeepFeature,
    ExplainedFeatures,
    HandcraftedFeature,
    HandcraftedSettings,
    Partner,
    Spread,
)

CONTRAST, ENERGY = "original_glcm_Contrast", "original_firstorder_Energy"


@pytest.fixture
def spread() -> Spread:
    """Of a hundred values from 0 to 99."""
    return Spread(49.5, 28.9, (0.0, 4.95, 24.75, 49.5, 74.25, 94.05, 99.0))


@pytest.fixture
def explained(spread) -> ExplainedFeatures:
    """Two of 128 deep features follow two handcrafted ones."""
    return ExplainedFeatures(
        mask="liver",
        finding="hcc",
        measured=HandcraftedSettings(),
        correlation="spearman",
        least=0.5,
        rate=0.05,
        patients=32,
        deep_count=128,
        deep=(
            DeepFeature(12, spread, (Partner(CONTRAST, 0.8, 0.97, 0.7), Partner(ENERGY, -0.6, 0.8)), -0.3, 0.7),
            DeepFeature(80, spread, (Partner(ENERGY, 0.55, 0.6),), 0.0, 0.1),
        ),
        intercept=0.1,
        handcrafted=(HandcraftedFeature(CONTRAST, spread, 0.5), HandcraftedFeature(ENERGY)),
        handcrafted_intercept=-0.2,
    )


def test_it_comes_back_from_json_as_it_was(explained):
    data = json.loads(json.dumps(records.to_json(explained), allow_nan=False))
    assert records.from_json(ExplainedFeatures, data) == explained


def test_z_scores_and_shares_follow_from_the_training_cohort(spread):
    assert spread.z(49.5 + 28.9) == pytest.approx(1)
    cohort = np.arange(100.0)
    for value in (-3, 0, 2, 12, 49.5, 60, 97, 99, 400):
        assert spread.share_below(value) == pytest.approx((cohort < value).mean(), abs=0.011)


def test_shares_of_a_cohort_with_many_equal_values_stay_between_0_and_1():
    spread = Spread(0.1, 0.3, (0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0))
    assert [spread.share_below(value) for value in (-1.0, 0.0, 0.5, 1.0, 2.0)] == [0, 0, pytest.approx(0.85), 1, 1]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"deep_count": 80}, "none of the network's features"),
        ({"mask": "../liver"}, "no plain name"),
        ({"least": 1.5}, "least correlation"),
        ({"patients": 0}, "of 0 patients"),
        ({"intercept": math.inf}, "no finite number"),
        ({"handcrafted": ()}, "no handcrafted features"),
    ],
)
def test_what_is_not_plausible_is_refused(explained, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(explained, **changes)


def test_a_partner_of_which_nothing_is_known_is_refused(explained):
    with pytest.raises(ValueError, match=f"follow {ENERGY}, of which nothing is known"):
        replace(explained, handcrafted=explained.handcrafted[:1])


def test_a_feature_that_does_not_vary_has_no_weight():
    with pytest.raises(ValueError, match="no z-score"):
        HandcraftedFeature(ENERGY, None, 0.1)


def test_a_spread_that_makes_no_z_score_is_refused(spread):
    with pytest.raises(ValueError, match="makes no z-score"):
        replace(spread, scale=0.0)
    with pytest.raises(ValueError, match="percentiles of a feature fall"):
        replace(spread, percentiles=(0.0, 2.0, 1.0, 3.0, 4.0, 5.0, 6.0))


def test_a_correlation_beyond_1_is_refused():
    with pytest.raises(ValueError, match="held-out correlation"):
        Partner(CONTRAST, 0.8, 0.9, 1.2)
