"""A bundle for survival whose weights are written by hand: dense slices weigh most, and raise the risk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pasc_fibrosis_cases import INPUT, gray_network
from readingroom import codes
from readingroom.bundles import write
from readingroom.bundles.bundle import Bundle
from readingroom.bundles.metadata import CoxBaseline, HazardScaling, Label, SurvivalMetadata, Training
from readingroom.bundles.network import LOG_VOLUME, log_volume
from readingroom.networks import aggregation
from readingroom.networks.slices import SliceNetwork
from readingroom.networks.survival_heads import CauseSpecificLayers
from readingroom.phantoms.lung_cancer_ct import LungCancerCT, lung_cancer_ct
from readingroom.readers import base
from readingroom.readers.lung_survival import READER
from readingroom.readers.opening import open_study
from readingroom.reading import Reading

SHAPE, SPACING = (30, 80, 100), (9.5, 3.6, 3.6)
MONTHS = tuple(float(month) for month in range(1, 25))
DEATH = Label("death", "Death from any cause", codes.DEATH)
SLICES = replace(INPUT, slices=12)
INCIDENCE = tuple((0.5 * np.arange(1, 25) / 24).tolist())
VOLUME = CoxBaseline(
    {LOG_VOLUME: 0.5}, {LOG_VOLUME: log_volume(30.0)}, tuple((0.6 * np.arange(1, 25) / 24).tolist()), patients=33
)
RESAMPLES = ((0.9, -0.2), (1.0, 0.0), (1.1, 0.2))


def phantom(seed: int = 5, ml: float = 60.0, emphysema: float = 0.1) -> LungCancerCT:
    """A tiny chest with a tumor."""
    return lung_cancer_ct(seed, ml, emphysema, SHAPE, SPACING)


def dense_network(aggregated: str = "soft-attention", causes: int = 1) -> SliceNetwork:
    """The brightness of a slice is its weight, and raises the risk of each month; 0 where nothing is above -675 HU."""
    backbone = gray_network().backbone
    features = 512
    joined = aggregation.create(aggregated, features)
    head = CauseSpecificLayers(features, causes, len(MONTHS))
    with torch.no_grad():
        for parameter in (*joined.parameters(), *head.parameters()):
            parameter.zero_()
        if aggregated == "soft-attention":
            joined.score.weight[0, 0] = 30.0
        for cause in head.causes:
            cause[-1].weight[:, 0] = 4.0
            cause[-1].bias[:] = -4.0
    return SliceNetwork(backbone, joined, head).eval()


def metadata(name: str, **changes: Any) -> SurvivalMetadata:
    """Of `dense_network`."""
    described = SurvivalMetadata(
        name=name,
        title="Dense slices",
        version="1.0.0",
        reader="lung-survival",
        task="overall-survival",
        backbone="resnet18",
        aggregation="soft-attention",
        labels=(DEATH,),
        preprocessing=SLICES,
        training=Training("rigorous", 40, 40, {"death": 25}, ("phantoms",), 0),
        intended_use="Tests.",
        license="Apache-2.0",
        demonstration=True,
        head="deephit",
        months=MONTHS,
        time_zero="the CT",
        calibration=HazardScaling(1.0, 0.0, 40, RESAMPLES),
        incidence={"death": INCIDENCE},
    )
    return replace(described, **changes)


def write_bundle(folder: Path, network: SliceNetwork | None = None, **changes: Any) -> Bundle:
    """A bundle of that network; ``changes`` are of its metadata."""
    network = network or dense_network()
    return write.write(
        folder, metadata(folder.name, **changes), network.state_dict(), card="# Card\n", license_text="Apache\n"
    )


def read(
    bundle: Bundle, folder: Path, ct: Path, masks: dict[str, Path] | None = None, facts: dict[str, str] | None = None,
    **more: Any,
) -> Reading:  # fmt: skip
    """Read a file with clinical facts as a person types them."""
    study = open_study(READER, {"ct": ct}, masks or {}, facts or {})
    return base.read(READER, study, bundle, folder, "cpu", **more)
