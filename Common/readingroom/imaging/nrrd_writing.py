"""NRRD files, written slice by slice, so that no second copy of a large volume is made."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, cast

from numpy.typing import NDArray

from ..parallel import made_ahead
from ..staging import sync_file
from .geometry import Geometry

_TYPES = {"f4": "float", "u1": "uint8"}


def write_nrrd(
    path: Path,
    slices: Iterable[NDArray[Any]],
    size: tuple[int, ...],
    geometry: Geometry,
    layers: int = 0,
    texts: Mapping[str, str] | None = None,
) -> None:
    """Write float32 values as they are, or layers of 8 bits packed.

    Parameters
    ----------
    slices : ``[j, i]``, or ``[j, i, layer]``, from the first to the last
    size : voxels along i, j and, of a volume, k
    layers : how many; 0 for values
    texts : keys and values that the header has besides

    Raises
    ------
    OSError : the file cannot be written
    """
    dtype = "u1" if layers else "f4"
    with ExitStack() as opened:
        file: BinaryIO = opened.enter_context(path.open("wb"))
        file.write(_header(_TYPES[dtype], size, geometry, layers, texts or {}).encode())
        if layers:  # masks shrink as well at the first level, in a tenth of the time
            packed = gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0)
            file = cast(BinaryIO, opened.enter_context(packed))
        for slice_ in made_ahead(slices):
            file.write(slice_.astype(f"<{dtype}", order="C", copy=False).data)
    sync_file(path)  # the disk takes its time: while other files of the same result are still made


def _header(type_: str, size: tuple[int, ...], geometry: Geometry, layers: int, texts: Mapping[str, str]) -> str:
    """Ends with the empty line that comes before the values."""
    count = geometry.dimensions
    axes = [
        [geometry.direction[count * row + axis] * geometry.spacing[axis] for row in range(count)]
        for axis in range(count)
    ]
    directions, kinds, sizes = [_vector(axis) for axis in axes], ["domain"] * count, list(map(str, size))
    if layers:
        directions, kinds, sizes = ["none", *directions], ["list", *kinds], [str(layers), *sizes]
    lines = [
        "NRRD0005",
        f"type: {type_}",
        f"dimension: {len(sizes)}",
        "space: left-posterior-superior" if count == 3 else f"space dimension: {count}",
        f"sizes: {' '.join(sizes)}",
        f"space directions: {' '.join(directions)}",
        f"kinds: {' '.join(kinds)}",
        "endian: little",
        f"encoding: {'gzip' if layers else 'raw'}",
        f"space origin: {_vector(geometry.origin)}",
        *(f"{key}:={' '.join(value.splitlines())}" for key, value in texts.items()),
        "",
        "",
    ]
    return "\n".join(lines)


def _vector(numbers: Sequence[float]) -> str:
    return f"({','.join(repr(float(number)) for number in numbers)})"
