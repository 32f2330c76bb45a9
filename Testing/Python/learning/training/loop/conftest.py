"""Small trainings on the CPU that end in a second."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from readingroom.bundles.preprocessing import Preprocessing
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.splits import Split
from readingroom.learning.protocols.training_protocol import Augment, Change, Optimizer, TrainingProtocol

ROWS, TRAINING = 40, 27


@pytest.fixture(scope="session")
def a_cohort(tmp_path_factory):
    """Noise; on the pictures of class "yes" lies a bright square."""
    folder = tmp_path_factory.mktemp("pictures-of-noise")
    generator = np.random.default_rng(0)
    rows = []
    for number in range(ROWS):
        pixels = generator.integers(0, 200, (40, 36)).astype(np.uint8)
        if number % 2:
            pixels[10:25, 10:25] += 50
        path = folder / f"{number}.png"
        Image.fromarray(pixels).save(path)
        rows.append(Row(f"p{number}", f"s{number}", {"frontal": path}, label=("no", "yes")[number % 2]))
    return Cohort(tuple(rows))


@pytest.fixture(scope="session")
def prepared_pictures(tmp_path_factory):
    """A folder that all trainings share."""
    return tmp_path_factory.mktemp("prepared")


@pytest.fixture(scope="session")
def a_split():
    return Split(np.arange(TRAINING), np.arange(TRAINING, ROWS), np.array([], dtype=np.intp), "a split")


@pytest.fixture(scope="session")
def a_protocol():
    def protocol(**changes):
        numbers = {
            "reader": "chest-xray",
            "kind": "rigorous",
            "title": "A small training",
            "source": "None.",
            "networks": ("resnet18",),
            "input": Preprocessing("picture", (32, 32), channels=1),
            "optimizer": Optimizer("adamw", 0.01),
            "epochs": 3,
            "batch": 8,
            "augment": Augment((Change("rotate", 0.5, 10), Change("shift", 1, 0.02), Change("exposure", 1, 0.05))),
        }
        return TrainingProtocol(**(numbers | changes))

    return protocol


@pytest.fixture(scope="session")
def a_network():
    def network(seed=0):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            body = (nn.Conv2d(1, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.3))
            return nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)).eval()

    return network
