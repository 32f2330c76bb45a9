"""Weights from a file into a network: ours and timm's (safetensors), and those that their authors give as pickles.

Pickles are read with torch's ``weights_only``, which builds tensors and nothing else.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from ..errors import BundleError, DownloadError
from ..regular_file import read_regular
from . import tflite_weights
from .registry import Architecture

_PICKLES = (".pth", ".pt", ".ckpt", ".tar")
_LARGEST = 8 * 2**30  # bytes


def read(network: nn.Module, architecture: Architecture, path: Path) -> None:
    """Copy the weights in ``path`` into ``network``, in place.

    Weights of a linear layer for other outputs, and of layers that MedicalNet has for its own task, stay out. A first
    convolution for another number of channels is summed over its channels and shared out evenly among ours, which
    gives the same answer to a gray image.

    Parameters
    ----------
    path : ``.safetensors``, a pickle of tensors (``.pth``), or for MobileNetV2 the ``.npz`` that
        `tflite_weights.read_mobilenet_v2` takes

    Raises
    ------
    BundleError : the file cannot be read, or was made for another network
    """
    if path.suffix == ".npz":
        tflite_weights.read_mobilenet_v2(network, path)
    else:
        load(network, architecture, read_tensors(path), str(path))


def read_tensors(path: Path, digits: str = "") -> dict[str, Tensor]:
    """The tensors of a file by name, without the ``module.`` that data-parallel training puts before each.

    Parameters
    ----------
    digits : the first ones of the SHA-256 of the file's bytes; the tensors are made of the bytes that were hashed

    Raises
    ------
    BundleError : it is no such file, another one, or holds something else than finite tensors
    """
    try:
        data = read_regular(path, _LARGEST)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    return tensors_of(data, path, digits)


def tensors_of(data: bytes, path: Path, digits: str = "") -> dict[str, Tensor]:
    """As `read_tensors`, of the bytes of a file; ``path`` says of which kind it is."""
    if not hashlib.sha256(data).hexdigest().startswith(digits):
        raise BundleError(f"{path} is not the file that its authors published; delete it to have it fetched anew.")
    tensors = _tensors(path, data)
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise BundleError(f"{path} holds weights that are not finite, in '{name:.60}'.")
    return tensors


def _tensors(path: Path, data: bytes) -> dict[str, Tensor]:
    if path.suffix not in _PICKLES:
        try:
            return safetensors.torch.load(data)
        except safetensors.SafetensorError as error:
            raise BundleError(f"{path} cannot be read as a safetensors file: {error}.") from error
    try:
        stored: Any = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # on damaged bytes torch's unpickler fails in any way, IndexError and KeyError included
        raise BundleError(f"{path} holds more than tensors, or is damaged; nothing of it was used.") from error
    for name in ("state_dict", "model"):
        if isinstance(stored, Mapping) and isinstance(stored.get(name), Mapping):
            stored = stored[name]
    if not isinstance(stored, Mapping) or not all(isinstance(value, Tensor) for value in stored.values()):
        raise BundleError(f"{path} does not hold tensors by name.")
    return {str(name).removeprefix("module."): value for name, value in stored.items()}


@contextmanager
def quiet_hub() -> Iterator[None]:
    """Keep the Hugging Face hub from telling of each retry: whoever asked gets one sentence in the end."""
    with suppress(ImportError):
        import huggingface_hub.utils.logging  # noqa: F401  # sets the level of its log when it is first imported
    log = logging.getLogger("huggingface_hub")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def released(url: str) -> dict[str, Tensor]:
    """The tensors of a published file in torch's own store, fetched if it is not there; its name tells its hash.

    Raises
    ------
    DownloadError : it cannot be fetched, or what came is another file
    BundleError : what was kept is another file by now
    """
    address = urlsplit(url)
    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(address.path).name
    digits = path.stem.rpartition("-")[2]  # the first ones of its SHA-256
    if not path.is_file():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(path), digits, progress=False)
        except (OSError, RuntimeError) as error:  # RuntimeError: the hash differs, nothing is kept
            raise DownloadError(
                f"The weights {path.name} could not be fetched from {address.hostname or 'their folder'}; check the "
                "network and the proxy, or give a weights file instead."
            ) from error
    return read_tensors(path, digits)


def load(network: nn.Module, architecture: Architecture, stored: Mapping[str, Tensor], source: str) -> None:
    """Copy tensors by name into the network, in place, under the rules of `read`.

    Raises
    ------
    BundleError : they were made for another network; ``source`` says whose they are
    """
    own = network.state_dict()
    body = {name: _shared_out(tensor, own.get(name)) for name, tensor in stored.items()}
    # ImageNet's classifier is left out where this network asks another question, and MedicalNet's own task always.
    asks = (_linear_part(architecture), "conv_seg.")
    body = {n: t for n, t in body.items() if not n.startswith(asks) or (n in own and own[n].shape == t.shape)}
    missing = {n for n in own.keys() - body.keys() if not n.startswith(asks) and not n.endswith("num_batches_tracked")}
    wrong = sorted(missing | (body.keys() - own.keys()))
    wrong += sorted(n for n in own.keys() & body.keys() if own[n].shape != body[n].shape)
    if wrong:
        raise BundleError(f"{source} does not fit this network: {len(wrong)} layers differ, the first is {wrong[0]}.")
    network.load_state_dict(body, strict=False)


def _linear_part(architecture: Architecture) -> str:
    """What is new with each question. Where a layer was put before the linear one, both stand below ``fc.``."""
    parent, _, _ = architecture.head.rpartition(".")
    return f"{parent if architecture.added else architecture.head}."


def _shared_out(weight: Tensor, own: Tensor | None) -> Tensor:
    """A convolution's weight [out, channels, ...] for as many channels as the network has; all else as it is."""
    if own is None or weight.ndim < 4 or weight.ndim != own.ndim or {weight.shape[1], own.shape[1]} != {1, 3}:
        return weight
    if weight.shape[0] != own.shape[0] or weight.shape[2:] != own.shape[2:]:
        return weight
    return weight.to(own.dtype).sum(1, keepdim=True).expand_as(own) / own.shape[1]
