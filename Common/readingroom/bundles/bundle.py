"""A trained model on disk, verified: every file listed with its hash, none that could run code."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .. import records, strict_json
from ..errors import BundleError, SetupError
from ..reading import BundleFacts
from . import tensor_file, verification
from .metadata import BundleMetadata, NetworkMetadata, from_json
from .paths import CARD, INFERENCE, METADATA, WEIGHTS

if TYPE_CHECKING:
    import numpy
    import torch

Kind = TypeVar("Kind", bound=BundleMetadata)


@dataclass(frozen=True)
class Bundle:
    """A verified bundle. Made by `load`; nothing of it has been executed.

    Parameters
    ----------
    folder : where it lies
    metadata : what it says of itself
    sha256 : its identity, the SHA-256 of its ``SHA256SUMS``
    files : SHA-256 of each file by its path in the folder (``/`` between parts)
    """

    folder: Path
    metadata: BundleMetadata
    sha256: str
    files: Mapping[str, str]

    def require(self, reader: str) -> Bundle:
        """This bundle, if it was made for this reader.

        Raises
        ------
        BundleError : it was made for another
        """
        if self.metadata.reader != reader:
            raise BundleError(
                f"The bundle '{self.metadata.name}' was made for the reader '{self.metadata.reader}' "
                f"and cannot be used by '{reader}'."
            )
        return self

    def of_kind(self, kind: type[Kind]) -> Kind:
        """The metadata, if this bundle is of this kind.

        Raises
        ------
        BundleError : it is of another
        """
        if not isinstance(self.metadata, kind):
            raise BundleError(
                f"The bundle '{self.metadata.name}' is a {self.metadata.kind}, where a {kind.kind} is needed."
            )
        return self.metadata

    @property
    def facts(self) -> BundleFacts:
        """What a reading says of this bundle."""
        return self.metadata.facts(self.sha256)

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        return self._bytes(CARD).decode("utf-8", errors="replace")

    def weights(self) -> dict[str, torch.Tensor]:
        """The network's state by layer name, on the CPU, in the stored precision (kernels in half precision).

        The file is hashed again as it is read, so these are the verified bytes.

        Raises
        ------
        BundleError : the file changed since the bundle was loaded
        SetupError : torch or safetensors is not installed
        """
        try:
            import safetensors.torch
        except ImportError as error:
            raise SetupError("Reading needs the Python packages torch and safetensors; install them first.") from error
        try:
            return safetensors.torch.load(self._bytes(WEIGHTS))
        except safetensors.SafetensorError as error:
            raise BundleError(f"The weights of the bundle '{self.metadata.name}' cannot be read: {error}.") from error

    def arrays(self, name: str) -> dict[str, numpy.ndarray]:
        """The arrays of ``models/<name>.safetensors``, such as the feature statistics; read like `weights`.

        Raises
        ------
        BundleError : the bundle has no such file, it changed since the bundle was loaded, or numpy lacks its numbers
        """
        path = array_path(name)
        if path not in self.files:
            raise BundleError(f"The bundle '{self.metadata.name}' has no {path}.")
        try:
            return tensor_file.arrays(self._bytes(path))
        except ValueError as error:
            raise BundleError(f"{path} of the bundle '{self.metadata.name}' cannot be read: {error}.") from error

    def _bytes(self, path: str) -> bytes:
        try:
            data = verification.read_file(self.folder, path)
        except OSError as error:
            raise BundleError(f"{path} of the bundle '{self.metadata.name}' cannot be read: {_why(error)}.") from error
        if hashlib.sha256(data).hexdigest() != self.files[path]:
            raise BundleError(f"{path} of the bundle '{self.metadata.name}' was changed; install the bundle again.")
        return data


def array_path(name: str) -> str:
    """Where `Bundle.arrays` of that name lie in the bundle."""
    return f"models/{name}.safetensors"


def load(folder: Path | str) -> Bundle:
    """The bundle in this folder, after verification. Never unpickles, imports or evaluates anything from it.

    Raises
    ------
    BundleError : something is missing, added, changed, too large, unsafe or not understood; one sentence says what
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise BundleError(f"There is no bundle folder {folder}.")
    try:
        sums, listed, texts = verification.verify(folder)
    except OSError as error:
        raise BundleError(f"The bundle '{folder.name}' cannot be read: {_why(error)}.") from error
    try:
        metadata = _understood(texts[METADATA], texts[INFERENCE], tuple(listed))
    except ValueError as error:
        verification.refuse(folder, str(error).removesuffix("."))
    return Bundle(
        folder=folder,
        metadata=metadata,
        sha256=hashlib.sha256(sums).hexdigest(),
        files=records.frozen(listed),
    )


@functools.lru_cache(maxsize=8)
def _understood(metadata_text: bytes, inference_text: bytes, listed: Collection[str]) -> BundleMetadata:
    """What the bundle says of itself.

    Raises
    ------
    ValueError : it is not right; the sentence says what
    """
    data = _json(METADATA, metadata_text)
    _json(INFERENCE, inference_text)  # must be JSON; it is for MONAI's tools and nothing in it is ever followed here
    try:
        metadata = from_json(data.get("readingroom"))
    except ValueError as error:
        raise ValueError(f"{METADATA} is not right: {error}") from error
    if data.get("version") != metadata.version:
        raise ValueError(f"{METADATA} gives two versions, {data.get('version')!r:.40} and {metadata.version!r}")
    statistics = metadata.feature_statistics if isinstance(metadata, NetworkMetadata) else None
    if statistics is not None and array_path(statistics.file) not in listed:
        raise ValueError(f"its feature statistics {array_path(statistics.file)} are missing")
    return metadata


def _json(path: str, text: bytes) -> dict[str, Any]:
    try:
        data = strict_json.loads(text)
    except ValueError as error:
        raise ValueError(f"{path} is not a JSON object that can be used: {error}") from error
    if not isinstance(data, dict):
        raise ValueError(f"{path} is not a JSON object")
    return data


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
