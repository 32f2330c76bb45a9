"""Features of a region as measurements and comparisons of a reading, with UCUM units and coded names."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping

from ..reading import Comparison, Interval, Measurement
from .feature_classes import TITLES
from .features import Features
from .ibsi_codes import ibsi_code
from .repeatability import FeatureChange
from .units import feature_class_of, image_type_of, ucum_unit


def measurements(
    features: Features,
    names: Iterable[str] | None = None,
    image: str = "",
    region: str = "",
    image_unit: str = "",
    ibsi: bool = False,
) -> tuple[Measurement, ...]:
    """Features in the form in which they enter a reading. Those that are not defined for the region are left out.

    Parameters
    ----------
    names : of the features, in the order in which they are wanted; all when left out
    image, region : what they were measured on, by role and by name
    image_unit : of the gray values: ``HU``, or a UCUM unit; empty where the image has none
    ibsi : they were measured with IBSI's definitions (`Settings.ibsi`)

    Raises
    ------
    KeyError : a feature was not measured

    Example
    -------
    >>> found = measurements(Features({"original_shape_MeshVolume": 812.5}, {}), region="tumor")
    >>> found[0].title, found[0].value, found[0].unit, found[0].code.value
    ('Mesh volume', 812.5, 'mm3', 'RNU0')
    """
    wanted = features.values if names is None else list(names)
    return tuple(
        Measurement(
            name=name,
            title=feature_title(name),
            value=features.values[name],
            unit=ucum_unit(name, image_unit),
            code=ibsi_code(name, ibsi),
            image=image,
            region=region,
        )
        for name in wanted
        if math.isfinite(features.values[name])
    )


def comparisons(
    changes: Mapping[str, FeatureChange], region: str, title: str, images: tuple[str, str], image_unit: str = ""
) -> Iterator[Comparison]:
    """The features that changed by more than their repeatability, which is the half width of the change's interval.

    Parameters
    ----------
    region, title : of what was measured, for machines and for people
    images : roles of the present and the prior image
    image_unit : as in `measurements`
    """
    for name, change in changes.items():
        if not change.is_beyond:
            continue
        unit, factor = ucum_unit(name, image_unit), 1.0
        if unit == "mm3":  # of an organ millions
            unit, factor = "mL", 1e-3
        words = feature_title(name)
        difference, limit = factor * (change.now - change.prior), factor * change.limit
        yield Comparison(
            f"{region}-{name}",
            f"{title}: {words[0].lower()}{words[1:]}",
            unit,
            factor * change.now,
            factor * change.prior,
            *images,
            change=Interval(difference - limit, difference + limit),
            code=ibsi_code(name),
        )


def feature_title(feature: str) -> str:
    """``Contrast, co-occurrence of gray levels`` for ``original_glcm_Contrast``; a filter is named behind it."""
    name, feature_class, image_type = feature.rsplit("_", 1)[-1], feature_class_of(feature), image_type_of(feature)
    words = re.sub(r"(?<=[a-z])(?=[A-Z]|\dD)|(?<=\dD)(?=[A-Z])|(?<=\d)(?=[A-Z][a-z])", " ", name).split()
    title = " ".join([words[0], *(word if word == "3D" else word.lower() for word in words[1:])])
    if feature_class not in ("shape", "firstorder", ""):
        title = f"{title}, {TITLES.get(feature_class, feature_class)}"
    return title if image_type in ("", "original") else f"{title} ({image_type})"
