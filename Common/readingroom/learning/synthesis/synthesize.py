"""Synthetic pictures of the finding that a cohort asks for: one generator for each network that a protocol trains.

Each generator learns from the training rows of one split alone, so that what it makes may train there. The splits are
those that `readingroom train` makes of the same table, protocol and seed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ...bundles.validation import plain_name
from ...device import Wanted
from ...errors import InputError
from ...files import make_folder, write_text
from ...folders import atomic_directory
from ...formatting import counted
from ...imaging.preprocessing import resized
from ...progress import Progress
from ...records import to_json
from ..cohorts.cohort import Cohort, Row, write_cohort
from ..cohorts.generator_record import GeneratorRecord, row_digest
from ..cohorts.hashes import fingerprints
from ..cohorts.label_set import LabelSet
from ..cohorts.splits import Rows, Split
from ..protocols.training_protocol import TrainingProtocol
from ..training.cross_validation import CrossValidation, plan_cross_validation
from ..training.picture_store import PictureStore, UnusableStudiesError, gray_level_settings, named, read
from ..training.question import question_of
from ..training.views import Views, views_of
from .learning_loop import Pictures, made, trained
from .page import synthesis_page
from .presets import TITLES, Kind, preset_named, size_of
from .quality import FeatureExtractor, Quality, Sample, quality_of
from .sample_file import write_sample
from .sheet import write_sheet
from .synthetic_table import RECORD, TABLE

PAGE, SHEET = "synthetic.html", "samples.png"
_QUALITY = "quality.json"
_TRAINED = 0.9  # of the progress of one generator


@dataclass(frozen=True)
class Made:
    """What one generator made: its folder, what it learned from, what that is worth, and the rows of the table."""

    folder: Path
    record: GeneratorRecord
    quality: Quality
    rows: tuple[Row, ...]


def synthesize(
    cohort: Cohort,
    protocol: TrainingProtocol,
    out: Path,
    kind: Kind = "diffusion",
    preset: str = "small",
    count: int | None = None,
    device: Wanted = "auto",
    progress: Progress | None = None,
    left_out: Callable[[str], None] = lambda sentence: None,
) -> tuple[Made, ...]:
    """Train the generators, and write what they make into ``out`` with its table, its sheets and its page.

    A run that was stopped goes on where it was. A study that cannot be read is left out and told, as in training.

    Parameters
    ----------
    cohort : real studies with two exclusive labels, one of which is the finding
    count : pictures of each generator; as many as it learned from when left out

    Raises
    ------
    InputError : the cohort or the protocol cannot be used, or there are too few pictures of the finding
    CancelledError : the user canceled; what is finished is kept
    SetupError, EngineError, OutputError : the device, its memory, or ``out`` cannot be used
    """
    progress, numbers = progress or Progress(), preset_named(preset)
    _refuse(cohort, protocol, count)
    make_folder(out)
    cohort, views, store, planned, hashes = _prepared(cohort, protocol, out, progress.part(0.0, 0.1), left_out)
    question = question_of(cohort, protocol)
    assert isinstance(question, LabelSet)
    finding = question.values[question.classes.index(question.positive)]
    size = size_of(numbers, protocol.input.size)
    extractor = FeatureExtractor(device)
    sample, row_of = _sample(cohort, views, store, finding, size, extractor, progress.part(0.1, 0.2))
    role = next(iter(cohort.rows[row_of[0]].images))
    found: list[Made] = []
    splits = _splits(planned)
    for place, (name, split) in enumerate(splits):
        part = progress.part(0.2, 1.0).part(place / len(splits), (place + 1) / len(splits))
        learned = sample.take(np.isin(row_of, split.train))
        held_out = sample.take(np.isin(row_of, np.concatenate([split.validation, split.test])))
        seed = protocol.seed + place
        work = out / "work" / f"{plain_name(name)}-{kind}"
        generator = trained(kind, numbers, learned.pictures, seed, work, device, part.part(0.0, _TRAINED))
        part(_TRAINED, f"Making pictures and comparing them with real ones, {name}.")
        pictures = made(generator, count or len(learned.pictures), seed)
        quality = quality_of(pictures, extractor, learned, held_out, seed)
        rows = np.unique(row_of[np.isin(row_of, split.train)])
        description = partial(
            GeneratorRecord,
            generator=kind,
            preset=preset,
            finding=finding,
            split=name,
            learned_from=tuple(sorted(row_digest(cohort.rows[row], hashes[row]) for row in rows)),
            size=size,
            input=gray_level_settings(protocol.input),
            seed=seed,
        )
        found.append(_written(out / plain_name(name), role, pictures, learned.pictures, description, quality))
    page = synthesis_page([(each.folder.name, each.record, each.quality, each.folder / SHEET) for each in found])
    write_cohort(out / TABLE, [row for each in found for row in each.rows], {PAGE: page})
    return tuple(found)


def _refuse(cohort: Cohort, protocol: TrainingProtocol, count: int | None) -> None:
    if count is not None and count < 1:
        raise InputError(f"{count} pictures of each generator cannot be made; give 1 or more.")
    if protocol.input.kind != "picture":
        raise InputError(f"The protocol {protocol.name} reads {protocol.input.kind}; generators make pictures.")
    if cohort.synthetic.any():
        raise InputError("The table holds synthetic studies; a generator learns from real ones alone.")
    question = question_of(cohort, protocol)
    if not isinstance(question, LabelSet) or not question.positive:
        raise InputError("Pictures are made of the finding of two exclusive labels, such as cancer and none.")


def _prepared(
    cohort: Cohort, protocol: TrainingProtocol, out: Path, progress: Progress, left_out: Callable[[str], None]
) -> tuple[Cohort, Views, PictureStore, CrossValidation, tuple[str, ...]]:
    """The usable studies, their pictures, and the splits of them: the same as in training."""
    prints = fingerprints([row.image for row in cohort.rows], progress=progress.part(0.0, 0.3))
    problems = {row: f"{named(cohort.rows[row])}: {sentence}" for row, sentence in prints.problems.items()}
    store = PictureStore(out / "pictures", protocol.input)
    while True:
        for sentence in problems.values():
            left_out(sentence)
        cohort, prints = cohort.without(problems), prints.without(problems)
        views = views_of(cohort, protocol, question_of(cohort, protocol))
        try:
            store.fill(views.cohort, np.arange(len(views.cohort)), progress.part(0.3, 1.0), os.cpu_count() or 1)
            break
        except UnusableStudiesError as error:  # all others are kept on disk, and not prepared again
            problems = views.rows(error.problems)
    planned = plan_cross_validation(cohort, protocol, prints.pixel_hashes)
    return cohort, views, store, planned, prints.pixel_hashes


def _splits(planned: CrossValidation) -> list[tuple[str, Split]]:
    """Every split that a network is trained on, by name."""
    several = len(planned.repeats) > 1
    found = [
        (f"repeat {number}, {split.name}" if several else split.name, split)
        for number, repeat in enumerate(planned.repeats, 1)
        for split in repeat
    ]
    return found if planned.single_network else [*found, (planned.final.name, planned.final)]


def _sample(
    cohort: Cohort,
    views: Views,
    store: PictureStore,
    finding: str,
    size: tuple[int, int],
    extractor: FeatureExtractor,
    progress: Progress,
) -> tuple[Sample, Rows]:
    """All pictures with the finding, and the row of the cohort of each."""
    taken = [number for number, row in enumerate(views.cohort.rows) if row.label == finding]
    pictures = np.stack([resized(read(store.path(views.cohort.rows[number])), size) for number in taken])
    row_of = views.row_of[taken]
    return Sample(pictures, extractor(pictures, progress), cohort.patients[row_of]), row_of


def _written(
    target: Path,
    role: str,
    pictures: Pictures,
    learned: Pictures,
    description: Callable[..., GeneratorRecord],
    quality: Quality,
) -> Made:
    """The folder of one generator, whole or not at all.

    Parameters
    ----------
    description : makes its record of the pixel hashes of what it ``made``
    """
    planned = description(made=("planned",))
    studies = counted(len(planned.learned_from), "study", "studies")
    made_by = (
        f"Made by a {TITLES[planned.generator]} (preset {planned.preset}, seed {planned.seed}) that learned from "
        f"{studies} with '{planned.finding}', the training part of '{planned.split}'. No patient was imaged."
    )
    mark = hashlib.sha256("\n".join((made_by, *planned.learned_from)).encode()).hexdigest()[:8]
    ids = [f"SYNTHETIC-{mark}-{number:04}" for number in range(1, len(pictures) + 1)]
    with atomic_directory(target) as folder:
        paths = []
        for number, (gray, patient) in enumerate(zip(pictures, ids, strict=True), 1):
            paths.append(folder / f"{number:04}.dcm")
            write_sample(paths[-1], gray, patient, number, made_by, planned.finding)
        record = description(made=fingerprints(paths).pixel_hashes)
        title = f"{TITLES[record.generator]}, {record.split}, {record.finding}"
        write_sheet(folder / SHEET, pictures, learned, title[:1].upper() + title[1:])
        write_text(folder / _QUALITY, json.dumps(to_json(quality), indent=1) + "\n")
        write_text(folder / RECORD, json.dumps(to_json(record), indent=1) + "\n")
    rows = tuple(
        Row(
            patient,
            "synthetic",
            {role: target / path.name},
            record.finding,
            origin="synthetic",
            generator=target / RECORD,
        )
        for patient, path in zip(ids, paths, strict=True)
    )
    return Made(target, record, quality, rows)
