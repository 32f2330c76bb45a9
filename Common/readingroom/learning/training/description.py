"""A training run as the metadata of its bundle."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from ...bundles.metadata import (
    ClassifierMetadata,
    Explanation,
    FeatureStatisticsFile,
    SurvivalMetadata,
    Training,
)
from ...bundles.preprocessing import Preprocessing
from ...errors import InputError
from ...formatting import estimate_text
from ...networks import registry, volumes
from ...networks.registry import Architecture
from ...readers.registry import readers
from ..audit.site_is_label import BANNER, site_is_label
from ..cohorts.cohort import Cohort
from ..cohorts.findings import NEGATIVE
from ..cohorts.label_set import LabelSet
from ..cohorts.time_to_event import TimeToEvent
from ..cohorts.weighting import weighting_of
from ..evaluation.evaluation import EvaluationResult
from ..evaluation.survival_evaluation import SurvivalResult
from ..protocols.identity import identify
from ..protocols.training_protocol import TrainingProtocol
from .baseline_comparison import BaselineComparison
from .explained_run import EXPLAINED
from .survival_bundle import clinical_of, head_fields, incidence_of, network_of_head, volume_of
from .training_run import TrainingRun

FEATURES = "features"  # models/features.safetensors in the bundle
_CELL = 32  # pixels of the input for each place of the last map, in every network for pictures


def described(run: TrainingRun) -> ClassifierMetadata | SurvivalMetadata:
    """The ``readingroom`` section of the bundle."""
    protocol, evaluation, question = run.protocol, run.evaluation, run.question
    learned = run.cohort.take(run.learned)
    architecture = registry.find(run.network)
    common: dict[str, Any] = {
        "name": run.name,
        "title": title(run),
        "version": run.description.version,
        "reader": protocol.reader,
        "task": question.task,
        "backbone": run.network,
        "labels": question.labels,
        "preprocessing": run.final_model.preprocessing,
        "training": Training(
            protocol=identify(protocol).kind,
            patients=len(set(learned.patients)),
            images=len(learned),
            counts=question.counts(learned),
            sources=run.description.sources,
            seed=protocol.seed,
            synthetic_images=int(learned.synthetic.sum()),
            settings=_settings(run),
        ),
        "intended_use": run.description.intended_use,
        "license": run.description.license,
        "demonstration": run.description.demonstration,
        "feature_statistics": FeatureStatisticsFile(
            FEATURES, run.statistics.warn_above, run.statistics.stop_above, run.statistics.n
        ),
        "metrics": evaluation.metrics,
        "warnings": warnings(run),
        "banner": BANNER if site_of(run) else "",
        "ages": run.description.ages or ages(learned),
        "aggregation": run.final_model.settings["aggregation"],
        "baselines": {baseline.title: baseline.score for baseline in run.baselines},
    }
    if isinstance(question, TimeToEvent):
        assert isinstance(evaluation, SurvivalResult)
        volumes = run.tumor_volumes
        return SurvivalMetadata(
            **common,
            **head_fields(protocol, question, run.description.time_zero),
            calibration=evaluation.calibration,
            incidence=incidence_of(learned, question)[0],
            clinical=clinical_of(learned, question, protocol.reader)[0],
            volume=volume_of(learned, question, None if volumes is None else volumes[run.learned])[0],
        )
    assert isinstance(evaluation, EvaluationResult)
    weighting, mixed = weighting_of(learned, readers()[protocol.reader]) if protocol.reader in readers() else ("", "")
    common["warnings"] += (mixed,) if mixed else ()
    return ClassifierMetadata(
        **common,
        weighting=weighting or run.description.weighting,
        multilabel=question.multilabel,
        calibration=evaluation.calibration,
        operating_points=evaluation.points,
        default_operating_point=evaluation.default_point,
        conformal=evaluation.conformal,
        explained=None if run.explained is None else run.explained.record,
        explanation=Explanation("cam") if architecture.cam and protocol.input.kind == "picture" else None,
    )


def ages(cohort: Cohort) -> tuple[float, float] | None:
    """Completed years of nearly all patients; None where the table gives the ages of fewer than half of the studies.

    One in a hundred at either end is left out: a child among hundreds of adults does not make a bundle for children.
    """
    known = [row.age for row in cohort.rows if row.age is not None and not row.synthetic]
    if 2 * len(known) < len(cohort):
        return None
    low, high = np.percentile(known, (1, 99))
    return float(math.floor(low)), float(math.floor(high))


def network_definition(run: TrainingRun) -> dict[str, Any]:
    """How MONAI's tools make the network."""
    kind = run.protocol.input.kind
    file = {"picture": "backbones", "slices": "slices", "volume": "volumes"}[kind]
    made: dict[str, Any] = {
        "_target_": f"readingroom.networks.{file}.create",
        "name": run.network,
        "outputs": len(run.question.values),
    }
    if kind == "slices":
        made["aggregation"] = run.final_model.settings["aggregation"]
    if kind != "picture":
        made["channels"] = run.protocol.input.channels
    if isinstance(run.question, TimeToEvent):
        made["classifier"] = network_of_head(run.protocol, run.question)
    return made


def title(run: TrainingRun) -> str:
    if run.description.title:
        return run.description.title
    first, *others = (label.title for label in run.question.labels)
    if isinstance(run.question, TimeToEvent):
        return f"{first} within {run.question.horizon:g} months"
    if run.question.multilabel:
        return ", ".join([first, *(other.lower() for other in others)])
    return f"{first} or {', '.join(other.lower() for other in others)}"


def warnings(run: TrainingRun) -> tuple[str, ...]:
    """What whoever reads with the bundle has to know, the worst first."""
    found = [sentence] if (sentence := site_of(run)) else []
    found += run.audit
    if few := run.evaluation.exploratory:
        what = ", ".join(few) if isinstance(run.question, LabelSet) else "an event"
        found.append(f"Exploratory: fewer than 30 patients with {what}; every number here is uncertain.")
    if run.protocol.kind == "published":
        found.append(
            f"Trained the way the paper says, which has {len(run.protocol.flaws)} known flaws (see the card); the "
            "rigorous protocol is the one to trust."
        )
    for baseline in run.baselines:
        if baseline.title == EXPLAINED:
            continue  # it is the network's own features
        interval = baseline.advantage.interval  # None: too few patients to show that the network is better
        if interval is None or interval.low <= 0:
            does = "better" if interval is not None and interval.high < 0 else "about as well"
            why = "the class may follow the patients or how the images were taken"
            if isinstance(run.question, TimeToEvent):
                why = "it is not shown that the network adds anything to that"
            found.append(
                f"A simple model does {does} ({baseline.title}, {run.evaluation.measure} {baseline.score.value:.3f}): "
                f"{why}."
            )
    if run.on_real_studies is not None:
        found.append(_worth_of_synthetic(run, run.on_real_studies))
    if run.protocol.reader not in readers():
        found.append(
            f"This version has no reader '{run.protocol.reader}': the bundle is evaluated, and waits for its module."
        )
    if run.evaluation.calibration is None:
        what = "probabilities" if isinstance(run.question, LabelSet) else "risks"
        found.append(f"The {what} are not calibrated: they rank studies, and mean nothing as numbers.")
    return tuple(found)


def site_of(run: TrainingRun) -> str:
    """A sentence where site and label of what it learned from are one."""
    if not isinstance(run.question, LabelSet):
        return ""
    learned = run.cohort.take(run.learned)
    return site_is_label(learned.sites.tolist(), learned.column("label").tolist())


def _worth_of_synthetic(run: TrainingRun, real: BaselineComparison) -> str:
    interval, measure = real.advantage.interval, run.evaluation.measure
    said = "did not measurably change"
    if interval is not None and interval.low > 0:
        said = "raised"
    elif interval is not None and interval.high < 0:
        said = "lowered"
    return (
        f"Synthetic studies trained it. On the same real studies they {said} the {measure}: by "
        f"{estimate_text(real.advantage, 3, signed=True)}, from {real.score.value:.3f} without them."
    )


def refuse_unreadable(protocol: TrainingProtocol, network: str) -> None:
    """Refuse what a bundle of this reader could not say of itself, before anything is computed.

    Raises
    ------
    InputError : the reader could not read with such a bundle
    BundleError : there is no such network
    """
    architecture = registry.find(network)
    wanted = protocol.input
    if wanted.kind == "volume" and architecture.cam and not _has_places(architecture, wanted):
        raise InputError(
            f"Volumes of {' x '.join(map(str, wanted.size))} voxels leave {architecture.title} a map of a single "
            "place, with which no reader could show where: take a larger size."
        )
    if wanted.kind == "slices" and min(wanted.size) < 2 * _CELL:
        raise InputError(
            f"Slices of {' x '.join(map(str, wanted.size))} pixels leave a map of a single place, with which no reader "
            f"could show where: take at least {2 * _CELL} pixels."
        )
    if protocol.reader != "chest-xray":
        return
    if not architecture.maps:
        raise InputError(f"{architecture.title} has no maps of features: the reader could not show where. Use another.")
    if wanted.kind != "picture" or wanted.channels != 3:
        raise InputError("The reader chest-xray takes pictures of 3 channels; change the protocol's input.")


def _has_places(architecture: Architecture, wanted: Preprocessing) -> bool:
    """Whether the last map of a network for volumes has more than one place. Nothing is computed."""
    shapes: list[tuple[int, ...]] = []
    with torch.device("meta"):
        network = volumes.create(architecture.name, 1, channels=wanted.channels)
        for module in network.modules():
            module.register_forward_hook(lambda _module, _given, made: shapes.append(tuple(made.shape)))
        network(torch.zeros(1, wanted.channels, *wanted.size))
    # The mean over the places of the last map are the features; where it has one, an earlier map was the last of more.
    last = [shape for shape in shapes if len(shape) == 5 and math.prod(shape[2:]) > 1][-1]
    linear = network.get_submodule((*architecture.added, architecture.head)[0])
    return last[1] == linear.in_features


def _settings(run: TrainingRun) -> dict[str, object]:
    """What somebody needs who wants to repeat it."""
    protocol = run.protocol
    identity = identify(protocol)
    found: dict[str, object] = {
        "protocol": identity.name,
        "protocol's SHA-256": identity.sha256,
        "begins with": run.initial_weights,
        **run.final_model.settings,
    }
    if run.final_model.settings["mode"] == "fine-tune":
        found |= {
            "trained": protocol.trained,
            "optimizer": protocol.optimizer.name,
            "rate": protocol.optimizer.rate,
            "decay": protocol.optimizer.decay,
            "batch": protocol.batch * protocol.accumulate,
            "epochs": protocol.epochs,
            "mixup": protocol.mixup,
            "smoothing": protocol.smoothing,
            "averaging": protocol.averaging,
            "loss": protocol.loss,
        }
    if isinstance(run.question, LabelSet) and run.question.multilabel and run.cohort.negative:
        found[NEGATIVE] = run.cohort.negative
    return {**found, "balance": protocol.balance, "validation": run.cross_validation.summary}
