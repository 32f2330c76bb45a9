"""Small livers on MR, and a bundle for them whose weights are written by hand."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
import torch
from numpy.typing import NDArray
from torch import nn

from readingroom.bundles import write
from readingroom.bundles.bundle import Bundle
from readingroom.bundles.explained import (
    DeepFeature,
    ExplainedFeatures,
    HandcraftedFeature,
    HandcraftedSettings,
    Partner,
    Spread,
)
from readingroom.bundles.metadata import (
    Calibration,
    ClassifierMetadata,
    Conformal,
    OperatingPoint,
    PlattScaling,
    Preprocessing,
    Training,
)
from readingroom.errors import CancelledError
from readingroom.networks import volumes
from readingroom.phantoms.abdomen_mr import AbdomenMR, abdomen_mr
from readingroom.radiomics.handcrafted import NAMES
from readingroom.readers import base
from readingroom.readers.liver_hcc import HCC, READER, TASK
from readingroom.readers.opening import open_study
from readingroom.reading import Reading

NETWORK = "narrow_resnet14_3d"
SHAPE, SPACING = (30, 80, 104), (8.0, 4.0, 4.0)
INPUT = Preprocessing(
    "volume", (32, 96, 96), 1, normalize="none", window=(400, 800), organ="liver", organ_crop=True, keep_aspect=True
)
_LEAST = 0.45  # a gray level


@functools.cache
def phantom() -> AbdomenMR:
    """A small abdomen with a healthy liver."""
    return abdomen_mr(3, shape=SHAPE, spacing=SPACING)


def lesion() -> NDArray[np.bool_]:
    """A ball of 80 mm in the liver."""
    liver = phantom().liver
    k, j, i = (round(float(axis.mean())) for axis in np.nonzero(liver))
    away = np.moveaxis(np.indices(SHAPE), 0, -1) - (k, j - 2, i - 6)
    return np.asarray((((away * SPACING) ** 2).sum(axis=-1) <= 40**2) & liver)


def pixels(with_lesion: bool = True) -> NDArray[np.int16]:
    """The abdomen with all but its lesion darker than that: fat is bright on T2."""
    values = phantom().pixels.astype(np.float64)
    values = np.where(values > 250, 250 + (values - 250) / 8, values)
    return np.asarray(np.where(lesion() & with_lesion, values + 500, values)).astype(np.int16)


def image_of(voxels: np.ndarray) -> SimpleITK.Image:
    """In the geometry of the phantom."""
    image = SimpleITK.GetImageFromArray(voxels.astype(np.uint8) if voxels.dtype == bool else voxels)
    image.SetSpacing(SPACING[::-1])
    return image


def write_nrrd(path: Path, voxels: np.ndarray | SimpleITK.Image) -> Path:
    """A volume as a file."""
    SimpleITK.WriteImage(voxels if isinstance(voxels, SimpleITK.Image) else image_of(voxels), str(path))
    return path


def mean_network(outputs: int, classifier: Callable[[int], nn.Module] | None = None) -> Any:
    """A narrow 3D ResNet whose weights are written by hand: its first feature is the mean gray level of the 4 x 4 x 4
    voxels of a place; all else is 0, that of its last layer, which gives the answer, as well."""
    network: Any = volumes.create(NETWORK, outputs, classifier=classifier)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.conv1.weight[0, 0, 3:5, 3:5, 3:5] = 1 / 8
        network.bn1.weight[0] = 1
        halved = network.layer2[0]
        halved.conv1.weight[0, 0] = halved.conv3.weight[0, 0] = 1
        halved.conv2.weight[0, 0, 1:, 1:, 1:] = 1 / 8
        halved.bn1.weight[0] = halved.bn2.weight[0] = halved.bn3.weight[0] = 1
        for layer in (network.layer1, network.layer3, network.layer4):
            convolution, normalization = layer[0].downsample
            convolution.weight[0, 0] = normalization.weight[0] = 1
        network.fc[0].weight[0, 0] = 1
    return network


def gray_network() -> Any:
    """Each place of it says how far above `_LEAST` the mean of its voxels lies."""
    network = mean_network(2)
    with torch.no_grad():
        network.fc[1].weight[0, 0] = 30
        network.fc[1].bias[0] = -30 * _LEAST
    return network


def metadata(name: str) -> ClassifierMetadata:
    resamples = ((0.9, -0.1), (1.0, 0.0), (1.1, 0.1))
    return ClassifierMetadata(
        name=name,
        title="Bright parts of livers",
        version="1.0.0",
        reader="liver-hcc",
        task="hcc",
        backbone=NETWORK,
        labels=TASK.labels,
        multilabel=False,
        preprocessing=INPUT,
        training=Training("rigorous", 12, 12, {"hcc": 6, "none": 6}, ("phantoms",), 0),
        intended_use="Tests.",
        license="Apache-2.0",
        demonstration=True,
        calibration=Calibration("platt", 20, {HCC.name: PlattScaling(1.0, 0.0, resamples)}),
        operating_points=(OperatingPoint(HCC.name, "balanced", 0.001),),
        default_operating_point="balanced",
        conformal=Conformal("lac", 20, {"0.9": 0.8}),
    )


def spread(center: float, scale: float) -> Spread:
    return Spread(center, scale, tuple(center + scale * z for z in (-3.0, -1.64, -0.67, 0.0, 0.67, 1.64, 3.0)))


def explained() -> ExplainedFeatures:
    """The one feature of the network that varies, a mean of gray levels, follows the mean of the MR."""
    mean = Partner("original_firstorder_Mean", 0.9, 1.0, 0.8)
    return ExplainedFeatures(
        "liver", "hcc", HandcraftedSettings(), "spearman", 0.5, 0.05, 40, 128,
        (DeepFeature(0, spread(0.08, 0.05), (mean,), 1.5, 0.95),), -0.5,
        tuple(HandcraftedFeature(name, spread(100.0, 30.0)) for name in NAMES), 0.2,
    )  # fmt: skip


def write_bundle(folder: Path, network: Any, **changes: Any) -> Bundle:
    """A bundle of that network in half precision; ``changes`` are of its metadata."""
    described = replace(metadata(folder.name), **changes)
    weights = {name: one.half() if one.is_floating_point() else one for name, one in network.state_dict().items()}
    return write.write(folder, described, weights, card="# Card\n", license_text="Apache\n")


def read(bundle: Bundle, folder: Path, mr: Path, masks: dict[str, Path] | None = None, **more: Any) -> Reading:
    """Read files; keywords are arguments of `base.read`."""
    return base.read(READER, open_study(READER, {"mr": mr}, masks or {}), bundle, folder, "cpu", **more)


def read_early(bundle: Bundle, folder: Path, mr: Path, masks: dict[str, Path] | None = None, **more: Any) -> Reading:
    """The reading before its answer is tested; map and segments are written by then, key pictures are not."""
    found: list[Reading] = []

    def stop(reading: Reading) -> None:
        found.append(reading)
        raise CancelledError("Enough.")

    with contextlib.suppress(CancelledError):
        read(bundle, folder, mr, masks, on_answer=stop, **more)
    return found[0]
