"""What the header of an NRRD, NIfTI or MetaImage file says, and the values that it describes."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..errors import InputError
from .geometry import Geometry
from .limits import MAXIMUM_VOXELS

# Axes that leave the right angle by less than this (as a cosine) were rounded; else the image lies sheared in space.
_RIGHT_ANGLE = 2e-3
_MOST_BYTES = 4 * MAXIMUM_VOXELS
_UNPACKING = (EOFError, OSError, ValueError, zlib.error)  # what damaged streams raise; OSError and ValueError of bz2


@dataclass(frozen=True)
class VolumeHeader:
    """How the values of a file are stored, and where they lie.

    Parameters
    ----------
    name : of the file
    lengths : of the axes, the fastest first; one of them may count the components of a value
    dtype : of a stored value, with its byte order
    geometry : in LPS, of the two or three axes in space
    values : stands at the first value; what it gives is unpacked
    component_axis : which of ``lengths`` counts components, or None
    slope, intercept : what makes physical values of stored ones
    oriented : whether the file says where its axes run in the patient
    rows_upward : what is known of a picture that is not oriented: its first row is its lowest
    texts : further entries, which programs add to a header
    """

    name: str
    lengths: tuple[int, ...]
    dtype: np.dtype
    geometry: Geometry
    values: BinaryIO
    component_axis: int | None = None
    slope: float = 1.0
    intercept: float = 0.0
    oriented: bool = True
    rows_upward: bool = False
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, ...]:
        """Lengths of all axes but that of the components; those of length 1 after the axes in space are left out."""
        size = tuple(length for axis, length in enumerate(self.lengths) if axis != self.component_axis)
        dimensions = self.geometry.dimensions
        if all(length == 1 for length in size[dimensions:]):
            size = size[:dimensions]
        return size + (1,) * (dimensions - len(size))

    def image(self) -> SimpleITK.Image:
        """The image with its geometry; in floating point where the header scales the values.

        Raises
        ------
        InputError : more than three axes, too large, complex numbers, damaged or cut short
        """
        size = self.size
        if len(self.lengths) - (self.component_axis is not None) < 2:
            raise InputError(f"'{self.name}' has one dimension; an image has two or three.")
        if len(size) > 3:
            shape = " x ".join(str(length) for length in size)
            raise InputError(f"'{self.name}' holds several volumes ({shape}), such as a time series; one was expected.")
        if min(self.lengths) < 1:
            raise InputError(f"'{self.name}' is an image without pixels: there is nothing in it to read.")
        if np.issubdtype(self.dtype, np.complexfloating):
            raise InputError(f"'{self.name}' holds complex numbers; gray values were expected.")
        if math.prod(self.lengths) * self.dtype.itemsize > _MOST_BYTES:
            shape = " x ".join(f"{length:,}" for length in self.lengths)
            raise InputError(
                f"'{self.name}' is an image of {shape} values, more than is read "
                f"(the limit is {_MOST_BYTES // 10**9} GB)."
            )
        values = self._scaled(self._stored())
        components = values.shape[-1] if self.component_axis is not None else 1
        values = values.reshape(size[::-1] + ((components,) if components > 1 else ()))
        image = SimpleITK.GetImageFromArray(values, isVector=components > 1)
        image.SetSpacing(self.geometry.spacing)
        image.SetOrigin(self.geometry.origin)
        image.SetDirection(self.geometry.direction)
        for key, text in self.texts.items():
            image.SetMetaData(key, text)
        return image

    def _stored(self) -> NDArray:
        """The values as stored, in the byte order of this computer, the slowest axis first, components last."""
        flat = np.empty(math.prod(self.lengths), self.dtype)
        left = flat.view(np.uint8).data
        try:
            while len(left):
                count = self.values.readinto(left)  # type: ignore[attr-defined]  # of files that are open for bytes
                if not count:
                    raise EOFError
                left = left[count:]
            self.values.read(1)  # a packed stream holds its checksum against what it gave when it comes to its end
        except _UNPACKING as error:
            raise damaged(self.name) from error
        if not flat.dtype.isnative:
            flat = flat.byteswap(inplace=True).view(flat.dtype.newbyteorder())
        stored = flat.reshape(self.lengths[::-1])
        if self.component_axis is None:
            return stored
        return np.ascontiguousarray(np.moveaxis(stored, len(self.lengths) - 1 - self.component_axis, -1))

    def _scaled(self, stored: NDArray) -> NDArray:
        if self.slope == 1 and self.intercept == 0:
            return stored
        exact = np.float32 if stored.dtype.itemsize <= 2 or stored.dtype == np.float32 else np.float64
        with np.errstate(over="ignore", invalid="ignore"):  # what is infinite then is refused as such
            return stored * exact(self.slope) + exact(self.intercept)


def damaged(name: str) -> InputError:
    """What is said of a file that ends before its values do, or that contradicts itself."""
    return InputError(f"'{name}' is damaged or cut short.")


def geometry_of(columns: NDArray, origin: NDArray, name: str) -> Geometry:
    """The geometry of axes in space.

    Parameters
    ----------
    columns : ``[space, axis]`` the step from one value to the next along each axis, LPS mm; 2 x 2, 3 x 3, or 3 x 2 of
        a picture in space, which becomes one slice
    origin : of the first value, LPS mm

    Raises
    ------
    InputError : an axis without length or direction, axes that are not at right angles
    """
    if columns.shape == (3, 2):
        across = np.cross(columns[:, 0], columns[:, 1])
        length = np.linalg.norm(across)
        columns = np.column_stack([columns, across / length if length else across])
    spacing = np.linalg.norm(columns, axis=0)
    if not (np.isfinite(columns).all() and np.isfinite(origin).all()):
        raise damaged(name)
    if not spacing.all():
        raise InputError(f"'{name}' has an axis without a direction: where it lies in space cannot be told.")
    cosines = columns / spacing
    if np.abs(cosines.T @ cosines - np.eye(len(spacing))).max() > _RIGHT_ANGLE:
        raise InputError(
            f"'{name}' lies sheared in space: its axes are not at right angles, as those of a tilted gantry. "
            "Resample it to right angles first."
        )
    left, _, right = np.linalg.svd(cosines)  # the nearest axes that are exactly at right angles
    direction = left @ right
    return Geometry(tuple(spacing.tolist()), tuple(origin.tolist()), tuple(direction.ravel().tolist()))
