"""What the page says of synthetic mammograms comes from the numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra [train]")

from experiments.results.page import SYNTHETIC, with_section
from experiments.synthetic_mammograms import FINDING, Result, films, protocol, section
from readingroom.learning.evaluation.predictions import Predictions
from readingroom.learning.synthesis.quality import Quality, Sides
from readingroom.reading import Estimate, Interval


@pytest.fixture
def alone() -> Predictions:
    """24 films of 12 women, every third with a lesion, answered at random."""
    n = 24
    truth = (np.arange(n) // 2 % 3 > 0).astype(np.int64)
    return Predictions(
        classes=(FINDING, "normal"),
        multilabel=False,
        study_ids=np.array([f"s{i}" for i in range(n)]),
        patients=np.array([f"p{i // 2}" for i in range(n)]),
        sites=np.full(n, ""),
        truth=truth,
        logits=np.random.default_rng(0).normal(size=(1, n, 2)),
        folds=np.zeros((1, n), dtype=np.int64),
        positive=FINDING,
    )


def test_the_section_says_n_beside_every_number_and_what_was_held_out(alone: Predictions) -> None:
    quality = Quality(
        features="a network",
        made=37,
        learned=Sides(37, 35),
        held_out=Sides(31, 30),
        frechet=1134.2,
        frechet_of_real=209.4,
        kernel=Estimate(2.2, Interval(1.9, 2.5), 68),
        kernel_of_real=None,
        closer=Estimate(0.44, Interval(0.3, 0.58), 68),
        closer_by_pixels=None,
    )
    gain = Estimate(0.031, Interval(-0.1, 0.16), 24)
    text = section(alone, [Result("gan", (64, 64), quality, Estimate(0.52, Interval(0.39, 0.65), 24), gain)])
    assert "24 films of 12 women, 8 with a lesion" in text
    assert "37 films of 35 other women" in text
    assert "| style-based GAN | 37 | 1134 | 209 | 2.20 (1.90 to 2.50) | – | 0.44 (0.30 to 0.58) | – |" in text
    assert "| and those of the style-based GAN | 0.520 (0.390 to 0.650) | +0.031 (−0.100 to +0.160) |" in text
    assert "chance was expected before" in text
    page = with_section("# Results\n", SYNTHETIC, text)
    assert with_section(page, SYNTHETIC, "New.").count(SYNTHETIC) == 1


def test_films_with_a_lesion_are_the_finding_and_women_are_held_out(shared: Path) -> None:
    cohort = films(shared / "data")
    assert cohort.classes == (FINDING, "normal")
    assert cohort.positive == (FINDING,)
    assert (cohort.column("label") == FINDING).sum() == 68
    assert protocol().validation.kind == "hold-out"
