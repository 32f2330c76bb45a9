"""Makes the bundle ``cxr-nih-pneumonia`` from the NIH films, with its card and the table behind its numbers.

    python -m experiments.nih_pneumonia --data DATA --out FOLDER [--quick]

``DATA`` holds ``cxr``, ``cxr_nih_extra`` and ``weights``. What is finished lies in the work folder, so that a broken
run goes on where it stopped; change the recipe and you need an empty one.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import safetensors.numpy
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import nn

from readingroom.bundles import metadata, write
from readingroom.bundles.bundle import Bundle
from readingroom.codes import PNEUMONIA
from readingroom.csv_table import write_csv
from readingroom.files import make_folder
from readingroom.learning.cohorts.hashes import fingerprints
from readingroom.learning.training.training_digest import FILE, make_digest
from readingroom.metrics.auc import auc
from readingroom.metrics.patient_folds import patient_folds
from readingroom.networks import backbones, tflite_weights
from readingroom.networks.two_branches import TwoBranches
from readingroom.parallel import map_parallel
from readingroom.progress import Progress
from readingroom.trust.distance import FeatureStatistics, cross_fitted_distances, fit_statistics

from . import baselines, card
from .films import Films, read_films
from .fine_tune import Network, Recipe, keep_activations, pooled_after_each_block, predict, train
from .out_of_fold import EvaluationResult, OutOfFold, evaluate

Floats = NDArray[np.float64]

NAME = "cxr-nih-pneumonia"
VERSION = "1.4.0"
CHANGELOG = {
    "1.0.0": "The first one.",
    "1.1.0": "Remembers digests of its training films, so that it is not evaluated on them by mistake. Same weights.",
    "1.2.0": "Metadata of format 2, with the SNOMED CT code of pneumonia. Same weights.",
    "1.3.0": "Recognizes copies of its training films that were resized, cropped, inverted or resaved. Same weights.",
    "1.4.0": "Says on patients of which ages it was trained. Same weights.",
}
LABELS = (metadata.Label("pneumonia", "Pneumonia", PNEUMONIA), metadata.Label("no-finding", "No finding"))
BACKBONE = backbones.TWO_BRANCHES
TUNED = "tf_mobilenetv2_100"
STRENGTH = 1e-3  # of the logistic regression on the general branch, scikit-learn's C
WEIGHTS = Path("weights") / "mobilenet_v2_1.0_224_imagenet.npz"


@dataclass(frozen=True)
class Plan:
    """What is trained on what. The seeds of splits, variants and networks all follow from ``seed``."""

    data: Path
    work: Path
    recipe: Recipe
    size: int = 320
    repeats: int = 3
    folds: int = 5
    seed: int = 100
    limit: int | None = None

    @property
    def preprocessing(self) -> metadata.Preprocessing:
        middle, spread = (tflite_weights.MEAN,) * 3, (tflite_weights.STD,) * 3
        return metadata.Preprocessing("picture", (self.size, self.size), normalize="imagenet", mean=middle, std=spread)

    @property
    def cohort(self) -> Films:
        return read_films(self.data, self.limit)

    def splits(self, cohort: Films) -> NDArray[np.int64]:
        """(repeats, films) fold of each film."""
        seeds = range(self.seed, self.seed + self.repeats)
        return np.stack([patient_folds(cohort.labels, cohort.patients, self.folds, seed) for seed in seeds])

    def network(self) -> Network:
        return Network(backbones.create(TUNED, 2, self.data / WEIGHTS), self.recipe.first_block)

    @property
    def activations(self) -> list[Path]:
        return [self.work / f"activations-{variant:02d}.npy" for variant in range(self.recipe.variants + 1)]


def full_plan(data: Path, work: Path) -> Plan:
    """The plan of the bundle that ships."""
    return Plan(data, work, Recipe())


def quick_plan(data: Path, work: Path) -> Plan:
    """A plan of seconds whose bundle loads but knows nothing, for tests."""
    full = full_plan(data, work)
    return replace(
        full,
        recipe=replace(full.recipe, variants=1, epochs=1, batch=8),
        size=64,
        repeats=1,
        folds=2,
        limit=24,
    )


def make_bundle(plan: Plan, out: Path, table: Path, workers: int = 2, progress: Progress | None = None) -> Bundle:
    """Train, evaluate and write the bundle ``out / "cxr-nih-pneumonia"`` and the out-of-fold ``table``."""
    progress = progress or Progress()
    cohort = plan.cohort
    for folder in (plan.work, out, table.parent):
        make_folder(folder)
    keep_activations(
        plan.network(), cohort, plan.preprocessing, plan.recipe, plan.activations, plan.seed, progress.part(0.0, 0.2)
    )
    splits = plan.splits(cohort)
    _train_all(plan, workers, progress.part(0.2, 0.95))
    general = pooled_after_each_block(plan.network(), plan.activations[0])
    found = _collect(plan, cohort, splits, general)
    network, embeddings = _assemble(plan, cohort, general)
    seen = cohort.shipping
    statistics = fit_statistics(embeddings[seen], cross_fitted_distances(embeddings[seen], splits[0][seen]))
    progress(0.95, "Evaluating.")
    evaluation = evaluate(found, cohort.where(matched=True))
    baselines = _baselines(plan, cohort, found, general)
    described = _describe(plan, cohort, evaluation, statistics)
    text = card.card(described, cohort, found, evaluation, baselines)
    prints = fingerprints([cohort.films[film].path for film in seen])
    digest = make_digest(cohort.patients[seen], prints.pixel_hashes, prints.looks)
    _write_table(table, cohort, found, evaluation)
    return write.write(
        out / NAME,
        described,
        network.state_dict(),
        card=text,
        license_text=_license(),
        arrays={"features": statistics.arrays(), FILE: digest.arrays()},
        changelog=CHANGELOG,
    )


def describe_again(bundle: Bundle, out: Path) -> Bundle:
    """Write a bundle that `make_bundle` made before as ``out / "cxr-nih-pneumonia"``, with the version, labels and
    sentences of today; weights, card and every measured number stay as they are."""
    described = replace(
        bundle.of_kind(metadata.ClassifierMetadata),
        version=VERSION,
        labels=LABELS,
        intended_use=card.INTENDED_USE,
        license=card.LICENSE,
        warnings=card.WARNINGS,
        citation=card.CITATION,
        authors=card.AUTHORS,
        ages=card.AGES,
    )
    return write.write(
        out / NAME,
        described,
        bundle.arrays("model"),
        card=bundle.card.replace(f", version {bundle.metadata.version}", f", version {VERSION}", 1),
        license_text=_license(),
        arrays={name: bundle.arrays(name) for name in ("features", FILE)},
        changelog=CHANGELOG,
    )


def _train_all(plan: Plan, workers: int, progress: Progress) -> None:
    """Every network that is not in the work folder yet: each fold of each repeat, and the final model."""
    jobs: list[tuple[int, int] | None] = [(r, f) for r in range(plan.repeats) for f in range(plan.folds)]
    jobs = [job for job in [None, *jobs] if not _result_path(plan, job).is_file()]
    started, done = time.monotonic(), 0

    def report(index: int, sentence: str) -> None:
        nonlocal done
        done += 1
        progress(done / len(jobs), f"{sentence} ({time.monotonic() - started:.0f} s, {done} of {len(jobs)}).")

    map_parallel(partial(_train_one, plan), jobs, progress=progress, processes=workers, on_result=report)


def _train_one(plan: Plan, job: tuple[int, int] | None) -> str:
    """Train the network of one (repeat, fold), or for None the final model; returns what was done."""
    torch.set_num_threads(1)  # the workers share the processor
    cohort = plan.cohort
    network = plan.network()
    films = np.arange(len(cohort.films))
    if job is None:
        train(network, plan.activations, cohort.labels, cohort.shipping, plan.recipe, plan.seed)
        _save(_result_path(plan, job), safetensors.torch.save(network.whole.state_dict()))
        return "Tuned the branch of the final model"
    repeat, fold = job
    held_out = plan.splits(cohort)[repeat] == fold
    seed = plan.seed + 1 + repeat * plan.folds + fold
    train(network, plan.activations, cohort.labels, films[~held_out], plan.recipe, seed)
    logits, _ = predict(network, plan.activations[0])
    _save(_result_path(plan, job), safetensors.numpy.save({"logits": logits[held_out]}))
    return f"Repeat {repeat + 1}, fold {fold + 1}: AUC {auc(cohort.labels[held_out], logits[held_out]):.3f}"


def _collect(plan: Plan, cohort: Films, splits: NDArray[np.int64], general: Floats) -> OutOfFold:
    """Out-of-fold logits of the whole network: those of the tuned branch plus those of the general one."""
    logits = baselines.out_of_fold_logits(general, cohort.labels, splits, STRENGTH)
    for repeat, split in enumerate(splits):
        for fold in range(plan.folds):
            kept = safetensors.numpy.load_file(_result_path(plan, (repeat, fold)))
            logits[repeat, split == fold] += kept["logits"]
    return OutOfFold(cohort.labels, cohort.patients, splits, logits)


def _assemble(plan: Plan, cohort: Films, general: Floats) -> tuple[TwoBranches, Floats]:
    """The final model and what its linear layer is given for each film (films, features)."""
    tuned = plan.network()
    tuned.whole.load_state_dict(safetensors.torch.load_file(_result_path(plan, None)))
    classifier = tuned.whole.get_submodule("classifier")
    network = backbones.create(BACKBONE, 2, plan.data / WEIGHTS)
    assert isinstance(network, TwoBranches)
    assert isinstance(classifier, nn.Linear)
    for target, source in zip(network.tuned.parameters(), tuned.learning.parameters(), strict=True):
        target.data.copy_(source.data)
    seen = cohort.shipping
    weights, bias = baselines.logistic_regression(general[seen], cohort.labels[seen], STRENGTH)
    halves = torch.tensor(np.stack([weights, -weights]) / 2, dtype=torch.float32)
    with torch.no_grad():
        network.classifier.weight.copy_(torch.cat([halves, classifier.weight], dim=1))
        network.classifier.bias.copy_(classifier.bias + torch.tensor([bias, -bias]) / 2)
    return network, np.concatenate([general, predict(tuned, plan.activations[0])[1]], axis=1)


def _baselines(plan: Plan, cohort: Films, found: OutOfFold, general: Floats) -> card.Baselines:
    def baseline(features: Floats, strength: float = STRENGTH) -> OutOfFold:
        return replace(found, logits=baselines.out_of_fold_logits(features, found.labels, found.folds, strength))

    last_maps = predict(plan.network(), plan.activations[0])[1].astype(np.float64)
    return card.Baselines(
        frozen=baseline(last_maps),
        others={
            "the general branch alone (frozen, maps of several blocks)": baseline(general),
            "the film at 32 x 32 pixels + logistic regression": baseline(baselines.thumbnails(cohort)),
            "age, child, sex and view + logistic regression": baseline(baselines.facts(cohort), 1.0),
        },
    )


def _describe(
    plan: Plan, cohort: Films, evaluation: EvaluationResult, statistics: FeatureStatistics
) -> metadata.ClassifierMetadata:
    seen = cohort.shipping
    labels = cohort.labels[seen]
    return metadata.ClassifierMetadata(
        name=NAME,
        title="Pneumonia on NIH chest radiographs",
        version=VERSION,
        reader="chest-xray",
        task="nih-pneumonia",
        backbone=BACKBONE,
        labels=LABELS,
        multilabel=False,
        preprocessing=plan.preprocessing,
        training=metadata.Training(
            protocol="rigorous",
            patients=len(set(cohort.patients[seen])),
            images=len(labels),
            counts={"pneumonia": int(labels.sum()), "no-finding": int((labels == 0).sum())},
            sources=("NIH ChestX-ray14 (NIH Clinical Center)",),
            seed=plan.seed,
            settings=asdict(plan.recipe),
        ),
        intended_use=card.INTENDED_USE,
        license=card.LICENSE,
        demonstration=False,
        calibration=evaluation.calibration,
        operating_points=evaluation.points,
        default_operating_point=evaluation.default_point,
        conformal=evaluation.conformal,
        feature_statistics=metadata.FeatureStatisticsFile(
            "features", statistics.warn_above, statistics.stop_above, statistics.n
        ),
        explanation=metadata.Explanation("cam"),
        metrics=evaluation.metrics,
        warnings=card.WARNINGS,
        citation=card.CITATION,
        authors=card.AUTHORS,
        ages=card.AGES,
    )


def _write_table(path: Path, cohort: Films, found: OutOfFold, evaluation: EvaluationResult) -> None:
    """One row for each film and repeat. ``probability`` is calibrated by the other folds, in the first repeat only."""
    header = ("file", "patient_id", "label", "nih_matched", "repeat", "fold", "logit", "probability")
    rows = []
    for repeat, (folds, logits) in enumerate(zip(found.folds, found.logits, strict=True)):
        for i, film in enumerate(cohort.films):
            probability = f"{evaluation.cross_fitted_probabilities[i]:.6f}" if repeat == 0 else ""
            who = (film.file, film.patient_id, film.positive, film.matched)
            rows.append((*who, repeat, int(folds[i]), f"{logits[i]:.6f}", probability))
    write_csv(path, header, rows)


def _license() -> str:
    """The repository's own license text, which is the weights' too."""
    return (Path(__file__).parents[2] / "LICENSE").read_text("utf-8")


def _result_path(plan: Plan, job: tuple[int, int] | None) -> Path:
    return plan.work / ("final.safetensors" if job is None else f"repeat-{job[0]}-fold-{job[1]}.safetensors")


def _save(path: Path, data: bytes) -> None:
    """Whole or not at all: a broken run starts again at what is missing."""
    partial = path.with_suffix(".part")
    partial.write_bytes(data)
    partial.replace(path)
