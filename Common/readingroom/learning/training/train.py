"""From a cohort and a protocol to a bundle: trained, evaluated on patients it had not seen, with its card.

What is finished lies in the work folder: a run that was stopped goes on there. Every number that the bundle states,
and everything that is fitted on answers (calibration, operating points, conformal sets, limits of the distance), comes
from rows that the answering network had not seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from ...bundles import write
from ...bundles.bundle import Bundle, load
from ...bundles.metadata import require_name
from ...bundles.paths import SUMS
from ...device import Wanted
from ...errors import BundleError, InputError, OutputError
from ...formatting import counted
from ...progress import Progress
from ...trust.distance import fit_statistics
from ..audit.mask_issues import mask_issues
from ..cohorts.cohort import Cohort
from ..cohorts.fingerprint import content_key
from ..cohorts.hashes import fingerprints
from ..cohorts.time_to_event import TimeToEvent
from ..cohorts.tumor_volume import tumor_volumes
from ..evaluation.evaluation import RESAMPLES
from ..evaluation.levels import level_of
from ..evaluation.outcomes import AnyPredictions, evaluate, evaluate_bundle
from ..evaluation.predictions import EXTERNAL
from ..protocols.training_protocol import TrainingProtocol
from ..synthesis.synthetic_table import refuse_unfounded
from . import card, training_digest
from .baseline_comparison import compare_with_baselines, compared
from .cross_validation import CrossValidation, on_real_studies, plan_cross_validation
from .description import FEATURES, described, network_definition, refuse_unreadable
from .explained_run import explain_run
from .fine_tuned import prepare_fine_tuned
from .first_bundle import first_bundle, refuse_known, refuse_other_labels, told_of
from .fold_trainer import FoldResult, FoldTrainer, train_all, train_folds
from .frozen import learned_rows, prepare_frozen
from .loop.processes import is_main, wait_for_others
from .picture_store import UnusableStudiesError, named
from .question import Question, question_of
from .survival_bundle import clinical_of, incidence_of, volume_of
from .training_run import BundleDescription, TrainingRun
from .training_tables import TrainingPaths, out_of_fold, predictions_of, write_history

Mode = Literal["frozen", "fine-tune"]


def train_bundle(
    cohort: Cohort,
    protocol: TrainingProtocol,
    out: Path,
    name: str,
    network: str | None = None,
    weights: Path | None = None,
    mode: Mode | None = None,
    device: Wanted = "auto",
    workers: int = 2,
    progress: Progress | None = None,
    description: BundleDescription | None = None,
    audit: Sequence[str] = (),
    resamples: int = RESAMPLES,
    devices: int = 1,
    nodes: int = 1,
    replace: bool = False,
    left_out: Callable[[str], None] = lambda sentence: None,
) -> Bundle:
    """Train, evaluate, and write the bundle ``out / name`` with its tables beside it.

    A study that cannot be read, or on which nothing is found to look at, is left out, counted on the card and told.

    Parameters
    ----------
    network : one of the protocol's; the first when left out
    weights : a file to begin with, or the folder of a bundle to go on with (in the mode ``fine-tune``), instead of
        fetching what the protocol names
    mode : ``frozen`` trains a head on kept features, in seconds for each fold on a processor; ``fine-tune`` trains the
        network. When left out the protocol decides: its ``trained`` is ``head`` or more than that
    workers : threads and processes that read images
    audit : sentences of the audit's severe issues, for the card; masks at which a read would stop are told there anyway
    resamples : of the patients, for each interval
    devices, nodes : processes on each computer (one for each graphics card), and computers, that share each batch when
        fine-tuning; see `loop.fit.fit`. All get the same bundle, which one of them writes
    replace : take the place of a bundle of this name that was made with another network
    left_out : told a sentence for each study that cannot be used

    Raises
    ------
    InputError : the cohort or the protocol cannot be used, or not one of its studies
    SetupError, BundleError, DownloadError : the device, the network or its weights cannot be had
    OutputError : ``out`` cannot be written, or has a bundle of this name that was made with another network
    CancelledError : the user canceled; what is finished is kept
    """
    progress, description = progress or Progress(), description or BundleDescription()
    network = network or protocol.networks[0]
    first = first_bundle(weights)
    mode = mode or ("fine-tune" if first is not None else mode_of(protocol))
    _refuse_name(name)
    refuse_unreadable(protocol, network)
    asked = question_of(cohort, protocol)  # refused before anything is read
    if first is not None:
        refuse_other_labels(first, asked)
    if mode == "frozen" and devices * nodes > 1:
        raise InputError("The mode 'frozen' runs on one device; several are for the mode 'fine-tune'.")
    if mode == "frozen" and first is not None:
        raise InputError("The mode 'frozen' trains a new head; a bundle is gone on with in the mode 'fine-tune'.")
    paths = TrainingPaths(out, name)
    if is_main():
        paths.begin()
        if not replace:
            _refuse_another_network(paths.bundle, network)
    found = fingerprints(
        [row.image for row in cohort.rows], processes=max(workers, 1), progress=progress.part(0.0, 0.05)
    )
    if first is not None:
        refuse_known(first, cohort, found)
    problems = {row: f"{named(cohort.rows[row])}: {sentence}" for row, sentence in found.problems.items()}
    initial_weights = _initial_weights(protocol, weights, first)
    if weights is None and protocol.weights != "none":
        progress(0.05, f"Getting the {initial_weights} for {network}; they are fetched where they are not kept yet.")

    before = len(cohort)
    while True:
        if problems and is_main():
            for sentence in problems.values():
                left_out(sentence)
        cohort, found = cohort.without(problems), found.without(problems)
        question = question_of(cohort, protocol)
        planned = plan_cross_validation(cohort, protocol, found.pixel_hashes, choose_epoch=mode == "fine-tune")
        refuse_unfounded(cohort, planned)
        real = on_real_studies(planned, cohort)
        _refuse_untestable(cohort.take(planned.test_rows), question)
        try:
            trainer: FoldTrainer
            if mode == "frozen":
                trainer = prepare_frozen(
                    cohort,
                    question,
                    protocol,
                    network,
                    weights,
                    paths.features,
                    learned_rows(real.final),
                    device,
                    workers,
                    progress.part(0.05, 0.5),
                )
            else:
                trainer = prepare_fine_tuned(
                    cohort,
                    question,
                    protocol,
                    network,
                    weights,
                    paths.pictures,
                    found.pixel_hashes,
                    device,
                    devices,
                    nodes,
                    progress.part(0.05, 0.5),
                )
            break
        except UnusableStudiesError as error:  # all others are kept on disk, and not prepared again
            problems = error.problems
    folder = paths.work / f"{network}-{mode}-{_digest(initial_weights, weights)}"
    with_all = 0.85 if real is planned else 0.7
    result = train_all(trainer, planned, protocol.seed, folder, progress.part(0.5, with_all))
    without = None
    if real is not planned:
        without = train_folds(trainer, real, protocol.seed, folder / "real-studies", progress.part(with_all, 0.85))
    if not is_main():
        wait_for_others()
        return load(paths.bundle)
    predictions = out_of_fold(cohort, question, protocol.head, planned, result.folds)

    progress(0.85, "Evaluating.")
    level = level_of(protocol.reader)
    evaluation = evaluate(predictions, level, resamples=resamples)
    distances = np.concatenate([part.distances for part in result.folds[0]])
    notes = [planned.summary, *_fitted_on(planned, question), *evaluation.notes]
    if first is not None:
        notes.append(told_of(first))
    if len(cohort) < before:
        notes.append(
            f"{before - len(cohort)} of {counted(before, 'study', 'studies')} could not be used; they were left out."
        )
    notes += [note for part in result.all for note in part.notes]
    if real is not planned:
        notes.append(
            f"{int(cohort.synthetic.sum())} studies were made by generators. In each split only those train whose "
            "generator learned from studies that train there; none is evaluated, and none chooses anything."
        )
    volumes = None
    if isinstance(question, TimeToEvent):
        volumes = tumor_volumes(cohort, progress.part(0.88, 0.92))
        notes += [
            *incidence_of(cohort, question)[1],
            *clinical_of(cohort, question, protocol.reader)[1],
            *volume_of(cohort, question, volumes)[1],
        ]
    elif question.multilabel:
        notes.append("No simpler models are compared with it: they are made for classes that exclude each other.")
    masks = [issue.sentence for issue in mask_issues(cohort, max(workers, 1), progress.part(0.85, 0.86))]
    explained, why_not = explain_run(
        cohort, question, protocol, planned, result, predictions, workers, resamples, progress.part(0.86, 0.92)
    )
    notes += [*why_not, *(explained.notes if explained is not None else ())]
    baselines = compare_with_baselines(
        predictions, cohort, found.prints, real, question, volumes, resamples, progress.part(0.92, 0.95)
    )
    if explained is not None:
        baselines += tuple(
            compared(title, explained.network, other, resamples) for title, other in explained.others.items()
        )
    run = TrainingRun(
        name=name,
        description=description,
        cohort=cohort,
        question=question,
        protocol=protocol,
        network=network,
        initial_weights=initial_weights,
        cross_validation=planned,
        evaluation=evaluation,
        final_model=result.final_model,
        statistics=fit_statistics(result.final_model.embeddings, distances),
        baselines=baselines,
        audit=tuple(dict.fromkeys([*audit, *masks])),
        notes=tuple(dict.fromkeys(notes)),
        on_real_studies=None
        if without is None
        else compared(
            "the same network, real studies alone",
            predictions,
            out_of_fold(cohort, question, protocol.head, real, without),
            resamples,
        ),
        tumor_volumes=volumes,
        explained=explained,
    )
    progress(0.95, "Writing the bundle.")
    metadata = described(run)
    held_out = _held_out(run, result.holdout)
    holdout = evaluate_bundle(held_out, metadata, level, resamples) if held_out is not None else None
    learned, hashes, looks = run.learned, found.pixel_hashes, found.looks
    digest = training_digest.make_digest(
        cohort.patients[learned],
        [hashes[row] for row in learned],
        [looks[row] for row in learned],
        None if first is None else training_digest.read_digest(first),
    )
    with paths.replaced() as written:
        predictions.write(written.predictions)
        write_history(planned, result, written.history)
        if held_out is not None:
            held_out.write(written.holdout)
        write.write(
            written.bundle,
            metadata,
            run.final_model.network.state_dict(),
            card=card.card(metadata, run, holdout),
            license_text=description.license_text,
            arrays={FEATURES: run.statistics.arrays(), training_digest.FILE: digest.arrays()},
            network=network_definition(run),
        )
    wait_for_others()
    return load(paths.bundle)


def _refuse_untestable(tested: Cohort, question: Question) -> None:
    """See that there will be something to evaluate, before hours of training.

    Raises
    ------
    InputError : of times no event lies in a test part
    """
    if isinstance(question, TimeToEvent) and not any(question.counts(tested).values()):
        raise InputError(
            f"No event was seen within {question.horizon:g} months among the "
            f"{counted(len(tested), 'study', 'studies')} of the test part: the network could not be evaluated."
        )


def _fitted_on(planned: CrossValidation, question: Question) -> tuple[str, ...]:
    if planned.single_network:
        return ()
    timed = isinstance(question, TimeToEvent)
    fitted = "The calibration was" if timed else "Calibration, thresholds and prediction sets were"
    return (
        f"{fitted} fitted on answers of the networks of the splits. The final model was trained in the same way on "
        f"more patients; whether {'it holds' if timed else 'they hold'} for it elsewhere, other patients tell.",
    )


def mode_of(protocol: TrainingProtocol) -> Mode:
    """The mode that a protocol asks for."""
    return "frozen" if protocol.trained == "head" else "fine-tune"


def _held_out(run: TrainingRun, said: FoldResult | None) -> AnyPredictions | None:
    """What the final model said about the held-out patients."""
    if said is None:
        return None
    rows = run.cross_validation.final.test
    external = np.full((1, len(rows)), EXTERNAL, dtype=np.int64)
    return predictions_of(run.cohort.take(rows), run.question, run.protocol.head, said.logits[None], external)


def _initial_weights(protocol: TrainingProtocol, weights: Path | None, first: Bundle | None) -> str:
    if first is not None:
        return f"the bundle {first.metadata.name}"
    if weights is not None:
        return weights.name
    return "random values" if protocol.weights == "none" else f"weights of {protocol.weights}"


def _digest(initial_weights: str, weights: Path | None) -> str:
    """Other weights to begin with are another training, whatever the name of their file."""
    file = weights / SUMS if weights is not None and weights.is_dir() else weights
    return hashlib.sha256((content_key(file) if file else initial_weights).encode()).hexdigest()[:8]


def _refuse_another_network(folder: Path, network: str) -> None:
    """Hours of somebody's training are not replaced by another one that happens to have its name."""
    if not folder.exists():
        return
    try:
        metadata = load(folder).metadata
    except BundleError:  # a damaged one is worth nothing
        return
    made_with = getattr(metadata, "backbone", "another kind of model")
    if made_with != network:
        raise OutputError(
            f"{folder} is a bundle that was made with '{made_with}', not with '{network}': choose another --name, or "
            "say --replace."
        )


def _refuse_name(name: str) -> None:
    try:
        require_name(name)
    except ValueError as error:
        raise InputError(str(error)) from error
