"""Features drawn flat: the same each time, with how far to trust it, and with the caution below."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra [train]")
pytest.importorskip("matplotlib", reason="needs the extra [train]")

from readingroom.learning.reporting.figures.embedding import CAUTION, caption, embedding, project

FEATURES = np.random.default_rng(0).normal(size=(40, 8)) + np.repeat([0.0, 6.0], 20)[:, None]
GROUPS = np.repeat(["ill", ""], 20)


def test_the_seed_decides_the_picture() -> None:
    first, again = project(FEATURES, seed=4), project(FEATURES, seed=4)
    assert np.array_equal(first.points, again.points)
    assert first.trustworthiness == again.trustworthiness


def test_neighbors_that_stay_neighbors_make_it_trustworthy() -> None:
    flat = np.zeros((40, 8))
    flat[:, :2] = FEATURES[:, :2]
    assert project(flat).trustworthiness > 0.9


def test_too_few_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="12 cases are too few"):
        project(FEATURES[:12])


def test_the_caption_names_seed_and_trustworthiness_and_forbids_conclusions() -> None:
    projection = project(FEATURES, seed=4)
    words = caption(projection)
    assert "seed 4" in words
    assert f"{projection.trustworthiness:.2f}" in words
    assert CAUTION in words


def test_every_group_is_in_the_legend_with_its_size() -> None:
    legend = embedding(project(FEATURES), GROUPS).axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["unknown (n = 20)", "ill (n = 20)"]
