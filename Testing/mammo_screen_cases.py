"""Phantoms of mammography exams, and a bundle for them whose weights are written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
import torch

from readingroom.bundles import write
from readingroom.bundles.bundle import Bundle
from readingroom.bundles.metadata import (
    Calibration,
    ClassifierMetadata,
    Conformal,
    OperatingPoint,
    PlattScaling,
    Preprocessing,
    Training,
)
from readingroom.networks import backbones
from readingroom.phantoms.mammogram import Lesion, Mammogram, four_views, write_exam
from readingroom.readers import base
from readingroom.readers.mammo_screen import CANCER, READER, TASK
from readingroom.readers.opening import open_study
from readingroom.reading import Estimate, Interval, Reading

INPUT = Preprocessing(
    "picture", (256, 128), 1, normalize="none", organ="breast", organ_crop=True, keep_aspect=True, chest_wall_left=True
)
TUMOR = Lesion(depth=0.55, outer=0.05, upper=-0.25, radius=0.13, margin="circumscribed", strength=2)
DENSE = 0.35
_LEAST = 0.7  # a gray level: dense tissue and muscle are darker, a mass in dense tissue brighter


def exam(
    seed: int = 1, left: Sequence[Lesion] = (), right: Sequence[Lesion] = (), **more: Any
) -> Mapping[str, Mammogram]:
    """The four views of a woman."""
    return four_views(seed, left, right, **{"dense": DENSE, **more})


def write_files(folder: Path, seed: int = 1, left: Sequence[Lesion] = (), right: Sequence[Lesion] = (),
                **elements: Any) -> dict[str, Path]:  # fmt: skip
    """The same as DICOM files, by role."""
    return write_exam(folder, exam(seed, left, right), **{"PatientID": "1", **elements})


def bright_network(input_: Preprocessing = INPUT, backbone: str = "resnet18") -> Any:
    """A ResNet-18 whose weights are written by hand: each place says how far above `_LEAST` its 7 x 7 pixels lie."""
    network = backbones.create(backbone, 2, channels=input_.channels)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.conv1.weight[0] = 1 / network.conv1.weight[0].numel()
        network.bn1.weight[:] = 1
        network.bn1.bias[:] = -_LEAST
        for layer in (network.layer2, network.layer3, network.layer4):
            convolution, normalization = layer[0].downsample
            convolution.weight[0, 0] = 1
            normalization.weight[:] = 1
        network.fc.weight[0, 0] = 3000
        network.fc.bias[0] = -3
    return network.eval()


def metadata(name: str, **changes: Any) -> ClassifierMetadata:
    """What the bundle says of itself; ``changes`` replace fields."""
    resamples = ((0.9, -0.1), (1.0, 0.0), (1.1, 0.1))
    measured = {
        "sensitivity": Estimate(0.9, Interval(0.8, 0.95), 50), "specificity": Estimate(0.88, Interval(0.85, 0.9), 500)
    }  # fmt: skip
    made = ClassifierMetadata(
        name=name,
        title="Bright places in breasts",
        version="1.0.0",
        reader="mammo-screen",
        task="cancer",
        backbone="resnet18",
        aggregation="mean",
        labels=TASK.labels,
        multilabel=False,
        preprocessing=INPUT,
        training=Training("rigorous", 12, 48, {"cancer": 6, "no-cancer": 18}, ("phantoms",), 0),
        intended_use="Tests.",
        license="Apache-2.0",
        demonstration=True,
        calibration=Calibration("platt", 20, {CANCER.name: PlattScaling(1.0, 0.0, resamples)}),
        operating_points=(
            OperatingPoint(CANCER.name, "sensitivity 90 %", 0.5, **measured),
            OperatingPoint(CANCER.name, "recall rate 10 %", 0.6),
        ),
        default_operating_point="sensitivity 90 %",
        conformal=Conformal("lac", 20, {"0.9": 0.8}),
    )
    return replace(made, **changes)


def write_bundle(folder: Path, network: Any = None, **changes: Any) -> Bundle:
    """A bundle of that network; ``changes`` are of its metadata."""
    weights = (network or bright_network()).state_dict()
    return write.write(folder, metadata(folder.name, **changes), weights, card="# Card\n", license_text="Apache\n")


def read(bundle: Bundle, out: Path, paths: Sequence[Path] = (), prior: Sequence[Path] = (), force: bool = False,
         **images: Path) -> Reading:  # fmt: skip
    """Read folders and files; images by role are keywords with underscores for hyphens."""
    by_role = {name.replace("_", "-"): path for name, path in images.items()}
    study = open_study(READER, by_role, exam=paths, prior=prior)
    return base.read(READER, study, bundle, out, "cpu", force=force)


def heat(folder: Path, role: str, shows: str = "") -> np.ndarray:
    """A map that was written, ``[j, i]``."""
    file = folder / f"heatmap-{role}-{role.partition('-')[0]}-breast{f'-{shows}' if shows else ''}.nrrd"
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(file))).squeeze()
