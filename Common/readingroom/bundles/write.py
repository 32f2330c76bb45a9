"""Writing a bundle in MONAI's layout: same inputs, same bytes; there whole or not at all."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy

from .. import folders
from ..errors import OutputError, SetupError
from . import bundle
from .metadata import BundleMetadata

# MONAI's own description of metadata.json, and the release whose bundle tools read this layout in our tests.
_MONAI_SCHEMA = (
    "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/meta_schema_20240725.json"
)
_MONAI_VERSION = "1.6.1"
_AUTHORS = "The ReadingRoom contributors"
_LARGEST_HALF = float(numpy.finfo(numpy.float16).max)


def write(
    folder: Path,
    metadata: BundleMetadata,
    state_dict: Mapping[str, Any],
    *,
    card: str,
    licence: str,
    arrays: Mapping[str, Mapping[str, numpy.ndarray]] | None = None,
    network: Mapping[str, Any] | None = None,
    changelog: Mapping[str, str] | None = None,
) -> bundle.Bundle:
    """Write the bundle and return it as `bundle.load` sees it. An earlier bundle in ``folder`` is replaced.

    Parameters
    ----------
    folder : named like the bundle
    state_dict : the network's state by layer name, tensors of torch or arrays of numpy; kernels are stored in half
        precision, vectors (biases, normalization statistics), which weigh little, as they are
    card, licence : texts of ``docs/README.md`` and ``LICENSE``
    arrays : further files by name; ``{"features": {"mean": ...}}`` becomes ``models/features.safetensors``
    network : how MONAI's tools build the network; our own registry by the bundle's backbone when left out
    changelog : what changed, by version

    Raises
    ------
    ValueError : the folder has another name, or a weight is not finite or too large for half precision
    OutputError : the folder holds something else, is read-only, or the disk is full
    SetupError : torch or safetensors is not installed
    """
    if folder.name != metadata.name:
        raise ValueError(f"The bundle '{metadata.name}' cannot lie in a folder named '{folder.name}'.")
    if folder.exists() and not (folder / bundle.SUMS).is_file():
        raise OutputError(f"{folder} holds something that is no bundle; choose another folder.")
    network = network or _network(metadata)
    files = {
        bundle.METADATA: _json(_monai_metadata(metadata, changelog or {metadata.version: "This version."})),
        bundle.INFERENCE: _json(_inference(metadata, network)),
        bundle.WEIGHTS: _tensors({name: _stored(name, value) for name, value in state_dict.items()}),
        bundle.CARD: _text(card),
        bundle.LICENCE: _text(licence),
    }
    for name, tensors in (arrays or {}).items():
        files[bundle.array_path(name)] = _tensors({key: numpy.asarray(value) for key, value in tensors.items()})
    sums = "".join(f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    files[bundle.SUMS] = sums.encode("utf-8")
    with folders.staged(folder) as staging:
        for path, data in files.items():
            (staging / path).parent.mkdir(parents=True, exist_ok=True)
            (staging / path).write_bytes(data)
        bundle.load(staging)
    return bundle.load(folder)


def _network(metadata: BundleMetadata) -> dict[str, Any]:
    return {
        "_target_": "readingroom.networks.backbones.create",
        "name": metadata.backbone,
        "outputs": metadata.outputs,
    }


def _monai_metadata(metadata: BundleMetadata, changelog: Mapping[str, str]) -> dict[str, Any]:
    """``configs/metadata.json``: what MONAI's specification asks for, then our own section."""
    activation = "sigmoid" if metadata.multilabel else "softmax"
    return {
        "schema": _MONAI_SCHEMA,
        "version": metadata.version,
        "changelog": dict(changelog),
        "monai_version": _MONAI_VERSION,
        "pytorch_version": _installed_version("torch"),
        "numpy_version": _installed_version("numpy"),
        "required_packages_version": {
            "safetensors": _installed_version("safetensors"),
            "timm": _installed_version("timm"),
        },
        "name": metadata.title,
        "task": f"{metadata.reader}: {metadata.task}",
        "description": f"{metadata.title}. The network gives raw logits; ReadingRoom calibrates them, "
        f"MONAI's postprocessing here is a plain {activation}.",
        "authors": _AUTHORS,
        "copyright": f"{_AUTHORS}; licence: {metadata.licence}",
        "data_source": "; ".join(metadata.training.sources),
        "intended_use": metadata.intended_use,
        "references": list(metadata.citation),
        "eval_metrics": {name: estimate.value for name, estimate in metadata.metrics.items()},
        "network_data_format": _network_data_format(metadata),
        "readingroom": metadata.to_json(),
    }


def _network_data_format(metadata: BundleMetadata) -> dict[str, Any]:
    preprocessing = metadata.preprocessing
    image = {
        "type": "image",
        "format": "magnitude",
        "num_channels": preprocessing.channels,
        "spatial_shape": [preprocessing.size, preprocessing.size],
        "dtype": "float32",
        "value_range": [],
        "is_patch_data": False,
        "channel_def": {str(i): "image" for i in range(preprocessing.channels)},
    }
    prediction = {
        "type": "probabilities",
        "format": "classes",
        "num_channels": metadata.outputs,
        "spatial_shape": [],
        "dtype": "float32",
        "value_range": [],
        "is_patch_data": False,
        "channel_def": {str(i): label.title for i, label in enumerate(metadata.labels)},
    }
    return {"inputs": {"image": image}, "outputs": {"pred": prediction}}


def _inference(metadata: BundleMetadata, network: Mapping[str, Any]) -> dict[str, Any]:
    """``configs/inference.json`` for MONAI's ConfigParser; ReadingRoom itself never follows what stands here."""
    config: dict[str, Any] = {
        "imports": ["$import torch"],
        "bundle_root": ".",
        "device": "$torch.device('cuda' if torch.cuda.is_available() else 'cpu')",
        "network_def": dict(network),
        "network": "$@network_def.to(@device).eval()",
        "weights": {"_target_": "safetensors.torch.load_file", "filename": f"$@bundle_root + '/{bundle.WEIGHTS}'"},
        "initialize": ["$@network.load_state_dict(@weights)"],
        "inferer": {"_target_": "monai.inferers.SimpleInferer"},
        "postprocessing": {
            "_target_": "monai.transforms.Activations",
            "sigmoid" if metadata.multilabel else "softmax": True,
        },
    }
    if metadata.reader == "chest-xray":
        config["imports"].append("$import readingroom.imaging.radiograph as radiograph")
        config["bundle"] = {"_target_": "readingroom.bundles.bundle.load", "folder": "@bundle_root"}
        config["preprocessing"] = {
            "_target_": "monai.transforms.Lambda",
            "func": "$lambda gray: radiograph.prepare(gray, @bundle.metadata.preprocessing).pixels",
        }
    return config


def _stored(name: str, value: Any) -> numpy.ndarray:
    """The numbers to store: kernels (two axes and more) in half precision, the rest unchanged."""
    array = numpy.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value)
    if array.dtype.kind != "f":
        return array
    if not numpy.isfinite(array).all():
        raise ValueError(f"The weights '{name}' are not finite.")
    if array.ndim < 2:
        return array.astype(numpy.float32)
    if array.size and float(numpy.abs(array).max()) > _LARGEST_HALF:
        raise ValueError(f"The weights '{name}' are too large for half precision.")
    return array.astype(numpy.float16)


def _tensors(tensors: Mapping[str, numpy.ndarray]) -> bytes:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise SetupError("Writing a bundle needs the Python package safetensors; install it first.") from error
    # The one entry of metadata that torch's loaders look for; with more, their order would vary.
    contiguous = {name: numpy.asarray(tensors[name], order="C") for name in sorted(tensors)}
    return safetensors.numpy.save(contiguous, metadata={"format": "pt"})


def _installed_version(package: str) -> str:
    try:
        return importlib.metadata.version(package).partition("+")[0]  # without the build, such as +cpu
    except importlib.metadata.PackageNotFoundError as error:
        raise SetupError(f"Writing a bundle needs the Python package {package}; install it first.") from error


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def _text(text: str) -> bytes:
    return (text.rstrip() + "\n").encode("utf-8")
