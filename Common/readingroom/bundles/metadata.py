"""The ``readingroom`` section of a bundle's ``configs/metadata.json``: what a trained model is and how far to trust it.

Every record is frozen and checked when built; a refusal is a ``ValueError`` with one sentence, which
`readingroom.bundles.bundle.load` turns into a `BundleError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import records
from ..reading import OperatingPoint
from .calibration import Calibration, HazardScaling, PlattScaling, TemperatureScaling
from .common import FORMAT, CommonMetadata, Label, ProbabilityMetadata, ProtocolName, Training, require_name
from .confidence import Conformal, FeatureStatisticsFile
from .explained import DeepFeature, ExplainedFeatures, HandcraftedFeature, HandcraftedSettings, Partner, Spread
from .network import (
    Aggregation,
    ClassifierMetadata,
    CoxBand,
    CoxBaseline,
    Explanation,
    ExplanationMethod,
    NetworkMetadata,
    SegmenterMetadata,
    SurvivalMetadata,
)
from .preprocessing import InputKind, Normalize, Preprocessing, Preset
from .signature import SignatureFeature, SignatureMetadata
from .validation import require

__all__ = [
    "FORMAT",
    "Aggregation",
    "BundleMetadata",
    "Calibration",
    "ClassifierMetadata",
    "CommonMetadata",
    "Conformal",
    "CoxBand",
    "CoxBaseline",
    "DeepFeature",
    "ExplainedFeatures",
    "Explanation",
    "ExplanationMethod",
    "FeatureStatisticsFile",
    "HandcraftedFeature",
    "HandcraftedSettings",
    "HazardScaling",
    "InputKind",
    "Label",
    "NetworkMetadata",
    "Normalize",
    "OperatingPoint",
    "Partner",
    "PlattScaling",
    "Preprocessing",
    "Preset",
    "ProbabilityMetadata",
    "ProtocolName",
    "SegmenterMetadata",
    "SignatureFeature",
    "SignatureMetadata",
    "Spread",
    "SurvivalMetadata",
    "TemperatureScaling",
    "Training",
    "from_json",
    "require_name",
]

BundleMetadata = ClassifierMetadata | SurvivalMetadata | SegmenterMetadata | SignatureMetadata


def from_json(data: Any) -> BundleMetadata:
    """Read what `CommonMetadata.to_json` wrote: the record of the kind that the data name.

    Raises
    ------
    ValueError : of another format or kind, or something is missing, unknown or not plausible
    """
    require(isinstance(data, Mapping), "The metadata has no 'readingroom' section.")
    found = data.get("format")
    if isinstance(found, int) and found > FORMAT:
        raise ValueError(f"It is of format {found} and needs a newer ReadingRoom.")
    if found == 1:
        raise ValueError("It is of format 1, which this ReadingRoom no longer reads; make or download it again.")
    require(found == FORMAT, f"The 'readingroom' section is of format {found!r}, expected {FORMAT}.")
    plain = {key: value for key, value in data.items() if key != "format"}
    metadata: BundleMetadata = records.from_json(BundleMetadata, plain)  # type: ignore[arg-type]  # a union
    return metadata
