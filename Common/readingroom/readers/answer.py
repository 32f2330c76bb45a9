"""What a read passes on from step to step: pixels, the network's prediction, and the answer with its layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..reading import (
    Comparison,
    Curve,
    FeatureExplanation,
    Finding,
    HeatMap,
    KeyPicture,
    Measurement,
    PredictionSet,
    Region,
)
from ..study import Study

if TYPE_CHECKING:
    import numpy as np
    import SimpleITK
    from numpy.typing import NDArray

    from ..imaging.between_slices import Heat
    from ..imaging.segments import Mask


@dataclass(frozen=True, eq=False)
class Case:
    """A study whose pixels are in memory.

    Parameters
    ----------
    images : by role, what `Reader.load_image` gives: a `Radiograph` for a picture, a `Volume` for a volume
    masks : by role, boolean arrays on the grid of their image
    notes : what was done that the files did not ask for, in plain sentences
    """

    study: Study
    images: Mapping[str, Any]
    masks: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class CorrectedMask:
    """A mask of a reading that a person corrected since.

    Parameters
    ----------
    role : of the mask
    source : where it comes from, for people
    image, mask : their axes along the patient's left, back and head; cut to what is marked (not 0), but for a role
        that its reader checks
    regions : of a picture: all regions of the reading as they are now, this one included, by name
    maps : of a picture, and of a role that its reader checks: the maps of evidence by image; of a picture the regions
        have the shape of its map, of a volume the map has the shape of ``image``
    """

    role: str
    source: str
    image: SimpleITK.Image
    mask: SimpleITK.Image
    regions: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    maps: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the network said of one case.

    Parameters
    ----------
    logits : (outputs,) as the network gives them, before calibration
    embedding : (features,) what tells how far the study lies from those of training; None where the network has none
    details : what `Reader.explain` needs besides (feature maps, attention weights); None where they were not asked for
    """

    logits: NDArray[np.float64]
    embedding: NDArray[np.float64] | None = None
    details: Any = None


@dataclass(frozen=True, eq=False)
class MapLayer:
    """A heat map with its values, 0 to 1, in the array order and size of its image; or of a picture's `blocks`."""

    heat_map: HeatMap
    heat: Heat


@dataclass(frozen=True, eq=False)
class RegionLayer:
    """A region with its mask, boolean, in the array order and size of its image; or of a picture's `blocks`.

    All masks and the first map of an image have one shape.
    """

    region: Region
    mask: Mask


@dataclass(frozen=True, eq=False)
class PictureLayer:
    """A key picture with its pixels.

    Parameters
    ----------
    gray : ``[j, i]`` from 0 to 1
    heat : of its finding, of the same size; drawn on it with the legend and the box
    spacing : of rows and columns, mm, so that a coronal slice is not squeezed
    left : letter at the left edge, ``R`` where the patient's right is there
    block : how many pixels of the image, along each axis, one of ``gray`` stands for
    """

    picture: KeyPicture
    gray: NDArray[np.float32]
    heat: NDArray[np.float32] | None = None
    spacing: tuple[float, float] = (1.0, 1.0)
    left: str = ""
    block: int = 1


@dataclass(frozen=True, eq=False)
class Answer:
    """What a reader found; of maps and pictures the first one is the main one."""

    findings: tuple[Finding, ...] = ()
    prediction_sets: tuple[PredictionSet, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    regions: tuple[RegionLayer, ...] = ()
    curves: tuple[Curve, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    maps: tuple[MapLayer, ...] = ()
    pictures: tuple[PictureLayer, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    explained: FeatureExplanation | None = None


def with_heat_maps(answer: Answer, heat_maps: Sequence[HeatMap]) -> Answer:
    """The answer with these descriptions of its maps, in their order; the values stay."""
    layers = tuple(replace(layer, heat_map=new) for layer, new in zip(answer.maps, heat_maps, strict=True))
    return replace(answer, maps=layers)
