"""What networks cost is counted, and the chart and the table say it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="needs the extra [train]")

from experiments.lung_survival_networks import Cost, Measured, chart, cost, section
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.reading import Estimate, Interval


def test_the_network_of_the_paper_costs_what_its_layers_do() -> None:
    found = cost("efficientnet_b0", "soft-attention")
    assert found.trained == 349_424 + 1281
    assert found.parameters == 4_007_548 + found.trained  # of torchvision and timm, without the linear layer
    assert found.operations == pytest.approx(90 * 2 * 0.385e9, rel=0.02)
    assert cost("efficientnet_b0", "soft-attention", count=45).operations == pytest.approx(
        found.operations / 2, rel=0.01
    )


def test_chart_and_table_have_a_place_for_each_network_that_was_trained() -> None:
    worth = Estimate(0.61, Interval(0.5, 0.72), 48)
    found = [
        Measured("efficientnet_b0", "soft-attention", Cost(4_358_253, 350_705, 69e9), worth),
        Measured("efficientnet_b0", "average-pooling", Cost(4_356_972, 349_424, 69e9), Estimate(0.6, None, 48)),
        Measured("vit_base_patch16_224", "soft-attention", Cost(86_046_449, 247_793, 3161e9), None),
    ]
    (axes,) = chart(found).axes
    assert len(axes.collections) == 2
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["soft-attention", "average-pooling"]
    image = {"ct": Path("ct.nrrd")}
    cohort = Cohort((Row("p", "s", image, time=3.0, event=True), Row("q", "s", image, time=30.0, event=True)))
    text = section(found, cohort, 64, 8)
    assert "2 phantoms (1 death within 24 months)" in text
    assert "| EfficientNet-B0 | soft-attention | 4.4 M | 0.35 M | 69 | 0.61 (0.50 to 0.72) |" in text
    assert "| ViT-B/16 | soft-attention | 86.0 M | 0.25 M | 3,161 | not trained |" in text
