"""What networks cost is counted, and the chart and the table say it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from matplotlib.text import Text

pytest.importorskip("sklearn", reason="needs the extra [train]")

from experiments.lung_survival_networks import BACKBONES, Cost, Measured, chart, cost, section
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


def test_chart_and_table_have_a_place_for_each_network_that_was_trained_and_say_what_it_began_with() -> None:
    worth = Estimate(0.61, Interval(0.52, 0.72), 48)
    found = [
        Measured("tf_mobilenetv2_100", "soft-attention", True, Cost(2_574_577, 350_705, 57e9), worth),
        Measured("efficientnet_b0", "soft-attention", False, Cost(4_358_253, 350_705, 69e9), worth),
        Measured("efficientnet_b0", "average-pooling", False, Cost(4_356_972, 349_424, 69e9), Estimate(0.6, None, 48)),
        Measured("vit_base_patch16_224", "soft-attention", False, Cost(86_046_449, 247_793, 3161e9), None),
    ]
    figure = chart(found)
    (axes,) = figure.axes
    assert len(axes.collections) == 3
    filled = [collection.get_facecolor()[0].tolist() != [1, 1, 1, 1] for collection in axes.collections]
    assert filled == [True, False, False]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "average-pooling, random values",
        "soft-attention, random values",
        "soft-attention, weights of ImageNet",
    ]
    image = {"ct": Path("ct.nrrd")}
    cohort = Cohort((Row("p", "s", image, time=3.0, event=True), Row("q", "s", image, time=30.0, event=True)))
    text = section(found, cohort, 224, 8)
    assert "2 phantoms (1 death within 24 months)" in text
    assert "Of 1 with weights of ImageNet, 1 lie above 0.5" in text
    assert "| EfficientNet-B0 | random values | soft-attention | 4.4 M | 0.35 M | 69 | 0.61 (0.52 to 0.72) |" in text
    assert "| ViT-B/16 | random values | soft-attention | 86.0 M | 0.25 M | 3,161 | not trained |" in text


def test_labels_of_the_chart_do_not_lie_on_each_other() -> None:
    worth = Estimate(0.6, Interval(0.5, 0.7), 48)
    costs = {name: cost(name, "soft-attention") for name in BACKBONES}
    figure = chart([Measured(name, "soft-attention", False, each, worth) for name, each in costs.items()])
    figure.draw_without_rendering()
    (axes,) = figure.axes
    for texts in (axes.get_xticklabels(), axes.texts):
        boxes = [Text.get_window_extent(text) for text in texts if text.get_text()]  # of the words, without arrows
        assert len(boxes) >= 3
        assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
