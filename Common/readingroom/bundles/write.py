"""Writing a bundle in MONAI's layout: same inputs, same bytes; there whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy

from .. import folders
from ..errors import OutputError, SetupError
from ..regular_file import read_regular
from . import bundle, monai_layout, paths
from .metadata import BundleMetadata, SignatureMetadata

_LARGEST_HALF = float(numpy.finfo(numpy.float16).max)


def write(
    folder: Path,
    metadata: BundleMetadata,
    state_dict: Mapping[str, Any],
    *,
    card: str,
    license_text: str,
    arrays: Mapping[str, Mapping[str, numpy.ndarray]] | None = None,
    network: Mapping[str, Any] | None = None,
    changelog: Mapping[str, str] | None = None,
) -> bundle.Bundle:
    """Write the bundle and return it as `bundle.load` sees it. An earlier bundle in ``folder`` is replaced.

    Parameters
    ----------
    folder : named like the bundle
    state_dict : the network's state by layer name, tensors of torch or arrays of numpy; kernels are stored in half
        precision, vectors (biases, normalization statistics), which weigh little, as they are; for a signature its
        arrays, all stored as they are
    card, license_text : texts of ``docs/README.md`` and ``LICENSE``
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
    refuse_occupied(folder)
    files = {
        paths.METADATA: _json(monai_layout.monai_metadata(metadata, changelog or {metadata.version: "This version."})),
        paths.INFERENCE: _json(monai_layout.inference(metadata, network)),
        paths.WEIGHTS: _tensors(_stored(metadata, state_dict)),
        paths.CARD: _text(card),
        paths.LICENSE: _text(license_text),
    }
    for name, tensors in (arrays or {}).items():
        files[bundle.array_path(name)] = _tensors({key: numpy.asarray(value) for key, value in tensors.items()})
    sums = "".join(f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    files[paths.SUMS] = sums.encode("utf-8")
    with folders.atomic_directory(folder) as staging:
        for path, data in files.items():
            (staging / path).parent.mkdir(parents=True, exist_ok=True)
            (staging / path).write_bytes(data)
        bundle.load(staging)
    return bundle.load(folder)


def refuse_occupied(folder: Path) -> None:
    """Stop where something else lies than an earlier bundle; for work that ends in a bundle, before it begins.

    Raises
    ------
    OutputError : something that is no bundle lies there, or a bundle beside files that are no part of it
    """
    if not folder.exists():
        return
    try:
        lines = read_regular(folder / paths.SUMS).decode("utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    listed = {line.partition("  ")[2] for line in lines}
    if paths.METADATA not in listed:
        raise OutputError(f"{folder} holds something that is no bundle; choose another folder.")
    there = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    strangers = {path.relative_to(folder).as_posix() for path in there} - listed - {paths.SUMS}
    if strangers:
        raise OutputError(f"{folder} holds {min(strangers)}, which is no part of a bundle; choose another folder.")


def _stored(metadata: BundleMetadata, state_dict: Mapping[str, Any]) -> dict[str, numpy.ndarray]:
    """The numbers to store: those of a signature as they are, a network's in half precision."""
    if isinstance(metadata, SignatureMetadata):
        return {name: numpy.asarray(value) for name, value in state_dict.items()}
    return {name: _halved(name, value) for name, value in state_dict.items()}


def _halved(name: str, value: Any) -> numpy.ndarray:
    """Kernels (two axes and more) in half precision, the rest unchanged."""
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


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def _text(text: str) -> bytes:
    return (text.rstrip() + "\n").encode("utf-8")
