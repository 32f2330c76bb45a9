"""Small phantoms of the chest, and a bundle for them whose weights are written by hand."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
import torch
from numpy.typing import NDArray

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
from readingroom.errors import CancelledError
from readingroom.imaging.segments import first_voxel, read_segments
from readingroom.imaging.volume_file import read_volume
from readingroom.networks import slices
from readingroom.phantoms.fibrosis_ct import FibrosisCT, fibrosis_ct
from readingroom.readers import base
from readingroom.readers.opening import open_study
from readingroom.readers.pasc_fibrosis import FIBROSIS, READER, TASK
from readingroom.reading import Reading

SHAPE, SPACING = (30, 80, 100), (9.5, 3.6, 3.6)
INPUT = Preprocessing(
    "slices", (128, 128), 1, normalize="none", window=(-600, 1500), slices=5, organ="lungs", least_organ=0.02,
    organ_crop=True, keep_aspect=True,
)  # fmt: skip
_LEAST = 0.45  # a gray level: -675 HU


def phantom(seed: int, ml: float = 0.0, **more: Any) -> FibrosisCT:
    """A tiny chest."""
    return fibrosis_ct(seed, ml, **{"shape": SHAPE, "spacing": SPACING, **more})


def lungs_alone(made: FibrosisCT) -> np.ndarray:
    """The voxels of a chest with nothing but its lungs, without vessels, in air."""
    noise = np.random.default_rng(0).normal(0, 40, made.pixels.shape)
    lungs = made.right_lung | made.left_lung
    return np.asarray(np.where(lungs, np.minimum(made.pixels, -800), -960) + noise).astype(np.int16)


def image_of(voxels: np.ndarray, spacing: tuple[float, float, float] = SPACING) -> SimpleITK.Image:
    """In the geometry of a phantom."""
    image = SimpleITK.GetImageFromArray(np.asarray(voxels) if voxels.dtype != bool else voxels.astype(np.uint8))
    image.SetSpacing(spacing[::-1])
    return image


def write_nrrd(path: Path, voxels: np.ndarray | SimpleITK.Image) -> Path:
    """A volume as a file."""
    SimpleITK.WriteImage(voxels if isinstance(voxels, SimpleITK.Image) else image_of(voxels), str(path))
    return path


def gray_network(input_: Preprocessing = INPUT) -> Any:
    """A ResNet-18 whose weights are written by hand: each place says how far above `_LEAST` its 7 x 7 pixels lie."""
    network = slices.create("resnet18", 2, "average-pooling", channels=input_.channels)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        backbone = network.backbone
        backbone.conv1.weight[0] = 1 / backbone.conv1.weight[0].numel()
        backbone.bn1.weight[:] = 1
        for layer in (backbone.layer2, backbone.layer3, backbone.layer4):
            convolution, normalization = layer[0].downsample
            convolution.weight[0, 0] = 1
            normalization.weight[:] = 1
        network.classifier.weight[0, 0] = 30
        network.classifier.bias[0] = -30 * _LEAST
    return network


def metadata(name: str, aggregation: str = "average-pooling", input_: Preprocessing = INPUT) -> ClassifierMetadata:
    resamples = ((0.9, -0.1), (1.0, 0.0), (1.1, 0.1))
    return ClassifierMetadata(
        name=name,
        title="Gray parts of lungs",
        version="1.0.0",
        reader="pasc-fibrosis",
        task="fibrosis",
        backbone="resnet18",
        aggregation=aggregation,  # type: ignore[arg-type]
        labels=TASK.labels,
        multilabel=False,
        preprocessing=input_,
        training=Training("rigorous", 12, 12, {"fibrosis": 6, "none": 6}, ("phantoms",), 0),
        intended_use="Tests.",
        license="Apache-2.0",
        demonstration=True,
        calibration=Calibration("platt", 20, {FIBROSIS.name: PlattScaling(1.0, 0.0, resamples)}),
        operating_points=(OperatingPoint(FIBROSIS.name, "balanced", 0.4),),
        default_operating_point="balanced",
        conformal=Conformal("lac", 20, {"0.9": 0.8}),
    )


def write_bundle(folder: Path, network: Any, **changes: Any) -> Bundle:
    """A bundle of that network; ``changes`` are of its metadata."""
    described = replace(metadata(folder.name), **changes)
    return write.write(folder, described, network.state_dict(), card="# Card\n", license_text="Apache\n")


def read(bundle: Bundle, folder: Path, ct: Path, masks: dict[str, Path] | None = None, **more: Any) -> Reading:
    """Read files; keywords are further images, with underscores for hyphens, or arguments of `base.read`."""
    others = {name: more.pop(name) for name in ("force", "progress", "on_answer") if name in more}
    images = {"ct": ct, **{name.replace("_", "-"): path for name, path in more.items()}}
    return base.read(READER, open_study(READER, images, masks or {}), bundle, folder, "cpu", **others)


def read_early(bundle: Bundle, folder: Path, ct: Path, masks: dict[str, Path] | None = None, **more: Any) -> Reading:
    """The reading before its answer is tested; map and segments are written by then, key pictures are not."""
    found: list[Reading] = []

    def stop(reading: Reading) -> None:
        found.append(reading)
        raise CancelledError("Enough.")

    with contextlib.suppress(CancelledError):
        read(bundle, folder, ct, masks, on_answer=stop, **more)
    return found[0]


def value(reading: Reading, name: str) -> float:
    """A measurement."""
    return next(one.value for one in reading.measurements if one.name == name)


def heat(folder: Path, image: str = "ct") -> np.ndarray:
    """The map that was written."""
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(folder / f"heatmap-{image}-fibrosis.nrrd")))


def sentences(reading: Reading, status: str) -> Sequence[str]:
    """What the checks of a status say."""
    return [check.sentence for check in reading.checks if check.status == status]


def whole_segments(path: Path, shape: tuple[int, ...]) -> dict[str, NDArray[np.bool_]]:
    """The masks of a file ``[k, j, i]`` on the whole grid of their image, which has that shape, by their IDs."""
    first = first_voxel(read_volume(path, "nrrd", several_slices=True))[::-1]
    found = {}
    for segment in read_segments(path):
        found[segment.id] = np.zeros(shape, dtype=bool)
        found[segment.id][tuple(slice(at, at + n) for at, n in zip(first, segment.mask.shape, strict=True))] = (
            segment.mask
        )
    return found
