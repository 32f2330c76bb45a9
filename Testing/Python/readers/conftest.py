"""A radiograph, and small bundles with random weights for every task."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from readingroom.bundles import bundle, write
from readingroom.bundles.metadata import (
    Calibration,
    ClassifierMetadata,
    Conformal,
    Explanation,
    OperatingPoint,
    PlattScaling,
    Preprocessing,
    TemperatureScaling,
    Training,
)  # fmt: skip
from readingroom.networks import backbones
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.dicom_files import stored, write_dicom
from readingroom.readers.chest_xray_tasks import TASKS


@pytest.fixture
def a_radiograph(tmp_path) -> Path:
    """A phantom radiograph as a DICOM file with a pixel spacing."""
    values = stored(chest_radiograph(seed=3), bits=12)
    return write_dicom(tmp_path / "phantom.dcm", values, bits=12, PixelSpacing=[0.4, 0.3], ViewPosition="PA")


@pytest.fixture(scope="session")
def a_random_bundle(tmp_path_factory) -> Callable[[str], bundle.Bundle]:
    """Make a bundle for a task with random weights: its answers mean nothing, its way is that of every bundle."""
    made: dict[str, bundle.Bundle] = {}

    def make(task_name: str) -> bundle.Bundle:
        if task_name in made:
            return made[task_name]
        task = TASKS[task_name]
        torch.manual_seed(0)
        network = backbones.create("mobilenetv2_100", len(task.labels))
        names = [label.name for label in task.labels]
        platt = task.multilabel or len(names) == 2
        scaled = names if task.multilabel else names[:1]
        resamples = ((0.9, -0.1), (1.0, 0.0), (1.1, 0.1))
        quantiles = {"0.9": 0.8}
        metadata = ClassifierMetadata(
            name=f"random-{task_name}",
            title=f"Random weights for {task_name}",
            version="1.0.0",
            reader="chest-xray",
            task=task_name,
            backbone="mobilenetv2_100",
            labels=task.labels,
            multilabel=task.multilabel,
            preprocessing=Preprocessing("picture", (64, 64), preset="published", mean=(0.5,) * 3, std=(0.25,) * 3),
            training=Training("published", 10, 10, dict.fromkeys(names, 1), ("phantoms",), 0),
            intended_use="Tests.",
            license="Apache-2.0",
            demonstration=True,
            calibration=Calibration("platt", 20, {name: PlattScaling(1.0, 0.0, resamples) for name in scaled})
            if platt
            else Calibration("temperature", 20, temperature=TemperatureScaling(1.5, (1.2, 1.5, 1.8))),
            operating_points=tuple(OperatingPoint(name, "balanced", 0.4) for name in scaled),
            default_operating_point="balanced",
            conformal=Conformal("lac", 20, by_finding=dict.fromkeys(names, quantiles))
            if task.multilabel
            else Conformal("lac", 20, quantiles),
            explanation=Explanation("cam"),
        )
        folder = tmp_path_factory.mktemp("bundles") / metadata.name
        made[task_name] = write.write(folder, metadata, network.state_dict(), card="# Card\n", license_text="Apache\n")
        return made[task_name]

    return make


@pytest.fixture
def the_whole_deletion_curve(the_whole_curves, monkeypatch) -> None:
    """Asked for by tests that hold a read against one of another process, where nothing is shortened."""
    for name, value in the_whole_curves.items():
        monkeypatch.setattr(name, value)
