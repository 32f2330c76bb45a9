"""A small bundle that these tests make for themselves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

from readingroom.bundles import bundle, paths, write
from readingroom.bundles.metadata import (
    BundleMetadata,
    Calibration,
    ClassifierMetadata,
    Conformal,
    Explanation,
    FeatureStatisticsFile,
    Label,
    OperatingPoint,
    PlattScaling,
    Preprocessing,
    Training,
)
from readingroom.codes import PNEUMONIA
from readingroom.reading import Estimate, Interval


@pytest.fixture
def a_metadata() -> ClassifierMetadata:
    """Metadata of a classifier with every part filled in."""
    return ClassifierMetadata(
        name="cxr-test",
        title="Pneumonia on chest radiographs (test)",
        version="1.2.0",
        reader="chest-xray",
        task="nih-pneumonia",
        backbone="mobilenetv3_large_100",
        labels=(Label("pneumonia", "Pneumonia", PNEUMONIA), Label("no-finding", "No finding")),
        multilabel=False,
        preprocessing=Preprocessing("picture", (32, 32), mean=(0.48, 0.48, 0.48), std=(0.2, 0.2, 0.2)),
        training=Training(
            "rigorous", 90, 120, {"pneumonia": 50, "no-finding": 70}, ("NIH ChestX-ray14",), 7, settings={"epochs": 12}
        ),
        intended_use="Research. Not for clinical use.",
        license="Apache-2.0",
        demonstration=True,
        calibration=Calibration("platt", 120, {"pneumonia": PlattScaling(1.1, -0.2, ((1.0, -0.1), (1.2, -0.3)))}),
        operating_points=(
            OperatingPoint("pneumonia", "balanced", 0.5, Estimate(0.9, Interval(0.8, 0.95), 50), Estimate(0.85)),
            OperatingPoint("pneumonia", "sensitive", 0.2),
        ),
        default_operating_point="balanced",
        conformal=Conformal("lac", 120, {"0.8": 0.3, "0.9": 0.5, "0.95": 0.7}),
        feature_statistics=FeatureStatisticsFile("features", 3.0, 6.0, 120),
        explanation=Explanation("cam"),
        metrics={"auc": Estimate(0.93, Interval(0.9, 0.96), 120)},
        warnings=("Trained on adults.",),
        citation=("Wang 2017",),
        baselines={"the most frequent class": Estimate(0.5)},
    )


@pytest.fixture
def write_bundle(a_metadata: ClassifierMetadata) -> Callable[..., bundle.Bundle]:
    """Write `a_metadata` with a few small weights into a folder (named like the bundle, below the one given)."""

    def write_it(parent: Path, metadata: BundleMetadata = a_metadata, **arguments: Any) -> bundle.Bundle:
        weights = {
            "kernel": numpy.linspace(-1, 1, 24, dtype=numpy.float32).reshape(2, 3, 4),
            "bias": numpy.array([1e-9, 1.0], dtype=numpy.float32),
            "num_batches_tracked": numpy.array(5, dtype=numpy.int64),
        }
        arguments = {
            "card": "# A card\n",
            "license_text": "Apache License 2.0\n",
            "arrays": {"features": {"mean": numpy.arange(3.0)}},
            **arguments,
        }
        return write.write(parent / metadata.name, metadata, arguments.pop("state_dict", weights), **arguments)

    return write_it


@pytest.fixture
def a_bundle(write_bundle: Callable[..., bundle.Bundle], tmp_path: Path) -> bundle.Bundle:
    """A bundle on disk that is in order."""
    return write_bundle(tmp_path / "bundles")


@pytest.fixture
def list_again() -> Callable[[Path], None]:
    """Write SHA256SUMS for whatever a folder holds now, as someone would who wants to slip something in."""

    def list_it(folder: Path) -> None:
        files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != paths.SUMS)
        lines = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(folder).as_posix()}\n" for p in files]
        (folder / paths.SUMS).write_text("".join(lines), encoding="utf-8", newline="\n")

    return list_it


@pytest.fixture
def change_metadata(list_again: Callable[[Path], None]) -> Callable[..., None]:
    """Change the readingroom section of a written bundle through a function, hashes included."""

    def change(folder: Path, how: Callable[[dict], None]) -> None:
        path = folder / paths.METADATA
        data = json.loads(path.read_text(encoding="utf-8"))
        how(data["readingroom"])
        path.write_text(json.dumps(data), encoding="utf-8")
        list_again(folder)

    return change
