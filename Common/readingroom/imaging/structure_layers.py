"""All structures of a DICOM SEG or RTSTRUCT in one image: those that do not overlap share a layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..errors import InputError
from .mask_file import dicom_structures
from .segments import SegmentPlace

_MOST_VALUES = 255  # in a layer


def structure_layers(path: Path, image: SimpleITK.Image) -> tuple[SimpleITK.Image, tuple[SegmentPlace, ...]]:
    """Labels on the grid of ``image``, with a component for each layer, and where each structure of the file lies.

    A structure of which no mask can be made is not drawn, and its place says why.

    Raises
    ------
    InputError : damaged, no mask, of another examination, or without structures
    """
    layers: list[NDArray[np.uint8]] = []
    used: list[int] = []  # values of each layer
    places = []
    for name, made in dicom_structures(path, image).items():
        try:
            mask = made()
        except InputError as error:
            places.append(SegmentPlace(name, name, 0, 0, problem=str(error)))
            continue
        free = (n for n, layer in enumerate(layers) if used[n] < _MOST_VALUES and not layer[mask.voxels].any())
        layer = next(free, len(layers))
        if layer == len(layers):
            layers.append(np.zeros(mask.voxels.shape, np.uint8))
            used.append(0)
        used[layer] += 1
        layers[layer][mask.voxels] = used[layer]
        places.append(SegmentPlace(name, name, layer, used[layer], mask.notes))
    if not layers:
        raise InputError(places[0].problem if places else f"'{path.name}' holds no structures.")
    labels = [SimpleITK.GetImageFromArray(layer) for layer in layers]
    drawn = labels[0] if len(labels) == 1 else SimpleITK.Compose(labels)
    drawn.CopyInformation(image)
    return drawn, tuple(places)
