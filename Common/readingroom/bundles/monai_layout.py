"""What MONAI's bundle specification asks for, from our own metadata: its ``metadata.json`` and ``inference.json``."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from typing import Any

from ..errors import SetupError
from .metadata import (
    BundleMetadata,
    ClassifierMetadata,
    NetworkMetadata,
    Preprocessing,
    SegmenterMetadata,
    SignatureMetadata,
    SurvivalMetadata,
)
from .paths import WEIGHTS

# MONAI's own description of metadata.json, and the release whose bundle tools read this layout in our tests.
_MONAI_SCHEMA = (
    "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/meta_schema_20240725.json"
)
_MONAI_VERSION = "1.6.1"


def _network(metadata: NetworkMetadata) -> dict[str, Any]:
    return {
        "_target_": "readingroom.networks.backbones.create",
        "name": metadata.backbone,
        "outputs": metadata.outputs,
    }


def monai_metadata(metadata: BundleMetadata, changelog: Mapping[str, str]) -> dict[str, Any]:
    """``configs/metadata.json``: what MONAI's specification asks for, then our own section."""
    network = isinstance(metadata, NetworkMetadata)
    authors = metadata.authors or "not stated"
    return {
        "schema": _MONAI_SCHEMA,
        "version": metadata.version,
        "changelog": dict(changelog),
        "monai_version": _MONAI_VERSION,
        "pytorch_version": _installed_version("torch") if network else "not needed",
        "numpy_version": _installed_version("numpy"),
        "required_packages_version": {
            package: _installed_version(package) for package in (("safetensors", "timm") if network else ("scipy",))
        },
        "name": metadata.title,
        "task": f"{metadata.reader}: {metadata.task}",
        "description": f"{metadata.title}. {_what_it_gives(metadata)}",
        "authors": authors,
        "copyright": f"{authors}; license: {metadata.license}",
        "data_source": "; ".join(metadata.training.sources),
        "intended_use": metadata.intended_use,
        "references": list(metadata.citation),
        "eval_metrics": {name: estimate.value for name, estimate in metadata.metrics.items()},
        "network_data_format": _network_data_format(metadata),
        "readingroom": metadata.to_json(),
    }


def _what_it_gives(metadata: BundleMetadata) -> str:
    if isinstance(metadata, SignatureMetadata):
        return "The signature gives a score of measured features, which ReadingRoom calibrates."
    if isinstance(metadata, SegmenterMetadata):
        return "The network gives raw logits of each voxel."
    if isinstance(metadata, SurvivalMetadata):
        return "The network gives raw logits of each cause and time bin, which ReadingRoom turns into incidence curves."
    activation = "sigmoid" if metadata.multilabel else "softmax"
    return (
        "The network gives raw logits; ReadingRoom calibrates them, "
        f"MONAI's postprocessing here is a plain {activation}."
    )


def _network_data_format(metadata: BundleMetadata) -> dict[str, Any]:
    if isinstance(metadata, SignatureMetadata):
        inputs = {"features": _features(metadata.inputs)}
    else:
        inputs = _image(metadata.preprocessing)
    return {"inputs": inputs, "outputs": {"pred": _prediction(metadata)}}


def _prediction(metadata: BundleMetadata) -> dict[str, Any]:
    titles = [label.title for label in metadata.labels]
    segmenter = isinstance(metadata, SegmenterMetadata)
    if isinstance(metadata, SegmenterMetadata) and metadata.exclusive:
        titles = ["background", *titles]
    if isinstance(metadata, SurvivalMetadata):
        titles = [f"{title}, {month:g} months" for title in titles for month in metadata.months]
    return {
        "type": "image" if segmenter else "probabilities",
        "format": "segmentation" if segmenter else "classes",
        "num_channels": len(titles),
        "spatial_shape": list(metadata.preprocessing.size) if isinstance(metadata, SegmenterMetadata) else [],
        "dtype": "float32",
        "value_range": [],
        "is_patch_data": segmenter,
        "channel_def": {str(i): title for i, title in enumerate(titles)},
    }


def _image(preprocessing: Preprocessing) -> dict[str, Any]:
    image = {
        "type": "image",
        "format": "magnitude",
        "num_channels": preprocessing.channels,
        "spatial_shape": list(preprocessing.size),
        "dtype": "float32",
        "value_range": [],
        "is_patch_data": False,
        "channel_def": {str(i): "image" for i in range(preprocessing.channels)},
    }
    return {"image": image}


def _features(names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type": "tuples",
        "format": "features",
        "num_channels": len(names),
        "spatial_shape": [],
        "dtype": "float64",
        "value_range": [],
        "is_patch_data": False,
        "channel_def": {str(i): name for i, name in enumerate(names)},
    }


def inference(metadata: BundleMetadata, network: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """``configs/inference.json`` for MONAI's ConfigParser; ReadingRoom itself never follows what stands here.

    ``network`` says how MONAI's tools build it; our own registry by the bundle's backbone when left out.
    """
    if isinstance(metadata, SignatureMetadata):
        return {
            "bundle_root": ".",
            "bundle": {"_target_": "readingroom.bundles.bundle.load", "folder": "@bundle_root"},
            "signature": {"_target_": "readingroom.radiomics.signature.load", "bundle": "@bundle"},
        }
    config: dict[str, Any] = {
        "imports": ["$import torch"],
        "bundle_root": ".",
        "device": "$torch.device('cuda' if torch.cuda.is_available() else 'cpu')",
        "network_def": dict(network or _network(metadata)),
        "network": "$@network_def.to(@device).eval()",
        "weights": {"_target_": "safetensors.torch.load_file", "filename": f"$@bundle_root + '/{WEIGHTS}'"},
        "initialize": ["$@network.load_state_dict(@weights)"],
        "inferer": _inferer(metadata),
    }
    if (activation := _activation(metadata)) is not None:
        config["postprocessing"] = {"_target_": "monai.transforms.Activations", activation: True}
    if metadata.reader in ("chest-xray", "radiograph-lungs"):
        config["imports"].append("$import readingroom.imaging.preprocessing as preprocessing")
        config["bundle"] = {"_target_": "readingroom.bundles.bundle.load", "folder": "@bundle_root"}
        config["preprocessing"] = {
            "_target_": "monai.transforms.Lambda",
            "func": "$lambda gray: preprocessing.prepare(gray, @bundle.metadata.preprocessing).pixels",
        }
    return config


def _inferer(metadata: NetworkMetadata) -> dict[str, Any]:
    if not isinstance(metadata, SegmenterMetadata):
        return {"_target_": "monai.inferers.SimpleInferer"}
    return {
        "_target_": "monai.inferers.SlidingWindowInferer",
        "roi_size": list(metadata.preprocessing.size),
        "overlap": metadata.overlap,
    }


def _activation(metadata: NetworkMetadata) -> str | None:
    """What MONAI applies to the logits; None for survival, whose bins belong together."""
    if isinstance(metadata, ClassifierMetadata):
        return "sigmoid" if metadata.multilabel else "softmax"
    if isinstance(metadata, SegmenterMetadata):
        return "softmax" if metadata.exclusive else "sigmoid"
    return None


def _installed_version(package: str) -> str:
    try:
        return importlib.metadata.version(package).partition("+")[0]  # without the build, such as +cpu
    except importlib.metadata.PackageNotFoundError as error:
        raise SetupError(f"Writing a bundle needs the Python package {package}; install it first.") from error
