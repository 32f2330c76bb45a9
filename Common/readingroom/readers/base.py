"""How every study is read: load, check, predict, explain, and then test the answer.

A reader (one file beside this one) says what it needs and how its question is answered. Verifying the bundle, stopping
at a ``stop`` check, provenance and writing the results whole or not at all is done here, once. Reading, evaluation and
cohort runs call the same `Reader.load`, `Reader.load_model` and `Reader.predict`.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from .. import __version__
from .. import device as device_choice
from ..bundles.bundle import Bundle
from ..errors import InputError, RefusedError
from ..files import write_bytes
from ..formatting import check_text, counted
from ..progress import Progress
from ..reading import Check, Provenance, Reading, has_stop
from ..study import Study, StudyImage, StudyMask
from ..time_limit import time_limit
from .answer import Answer, Case, CorrectedMask, Prediction
from .description import ClinicalField, ImageRole, MaskRole, ReadOption, Task, require_roles
from .results import drawn, write_results

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from ..bundles.metadata import BundleMetadata
    from ..imaging.mask_file import Mask

_SOFTWARE = ("numpy", "SimpleITK", "pydicom", "torch", "timm", "monai")


@dataclass
class ReadContext:
    """One read under way: what the reader works with, and what it collects.

    Parameters
    ----------
    model : what `Reader.load_model` gave
    device : where the network runs; a fallback may change it
    force : True reads on after a ``stop`` check
    options : names of the reader's options that are asked for
    """

    bundle: Bundle
    device: torch.device
    progress: Progress
    force: bool = False
    options: tuple[str, ...] = ()
    model: Any = None
    checks: list[Check] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def check(self, *checks: Check) -> None:
        """Add checks to the reading.

        Raises
        ------
        RefusedError : one of them says ``stop`` and the user did not ask to read on
        """
        self.checks += checks
        stops = [check for check in checks if check.status == "stop"]
        if stops and not self.force:
            raise RefusedError(" ".join(map(check_text, stops)), tuple(self.checks))

    def note(self, sentence: str) -> None:
        """Say that a fallback took over; panel, shell and report show it."""
        self.notes.append(sentence)


class Reader(ABC):
    """Answers one question about a study. Stateless: loaded networks are kept by `readingroom.model_cache`.

    A subclass says who it is and what it needs in the class attributes; panel, shell, report and help follow from
    them. Its file ends in ``READER = TheReader()`` and imports torch inside its methods only.
    """

    name: ClassVar[str]  # "chest-xray"
    title: ClassVar[str]  # "Chest X-ray"
    question: ClassVar[str]  # one sentence for the top of the panel
    default_bundle: ClassVar[str] = ""
    images: ClassVar[tuple[ImageRole, ...]]
    masks: ClassVar[tuple[MaskRole, ...]] = ()
    clinical: ClassVar[tuple[ClinicalField, ...]] = ()
    tasks: ClassVar[tuple[Task, ...]] = ()
    options: ClassVar[tuple[ReadOption, ...]] = ()
    masks_followed: ClassVar[tuple[str, ...]] = ()  # whose correction `with_mask` tells without the network
    masks_checked: ClassVar[tuple[str, ...]] = ()  # roles that `mask_checks` looks at
    is_exam: ClassVar[bool] = False  # its images are views of one exam, and their headers tell them apart
    hanging: ClassVar[tuple[tuple[str, ...], ...]] = ()  # rows of image roles as they hang; empty: side by side
    prevalence: ClassVar[float] = 0.1  # that the panel begins with
    measured: ClassVar[str] = ""  # what it measures without a network, and how well: for the cards of its bundles
    tests_of_answer: ClassVar[tuple[str, ...]] = ()  # what `test` does, for people: "deletion curve"

    def find_images(self, paths: Sequence[Path]) -> tuple[Mapping[str, Path], tuple[str, ...]]:
        """Of an exam, the images by role among files and folders, and what is to be said of the others.

        Raises
        ------
        InputError : none of them is an image of such an exam; they are of two patients
        """
        raise InputError(f"{self.title} is told which image is which: give each by its role.")

    def role_of(self, image: StudyImage) -> str:
        """Of an exam, the role that an image has by its header, not that of a prior; empty where it says none."""
        return ""

    def rank_of(self, image: StudyImage, metadata: BundleMetadata | None = None) -> Any:
        """Of several images with one role, in an exam or as the series of a folder, the highest rank is read.

        Parameters
        ----------
        metadata : of the bundle that will read it, where that is known
        """
        return 0

    def load(self, study: Study, progress: Progress | None = None) -> Case:
        """Open the pixels of every image and mask.

        Raises
        ------
        InputError : an image or mask is missing or unknown to this reader, or cannot be read
        CancelledError : the user canceled
        """
        progress, count = progress or Progress(), len(study.images)
        require_roles(self.title, study, self.images, self.masks, self.clinical)
        # Files of pictures are decoded side by side; two volumes at once would take twice the memory.
        at_once = min(count, os.cpu_count() or 1) if self.is_exam else 1
        parts = [progress.part(number / count, (number + 1) / count) for number in range(count)]
        with ThreadPoolExecutor(at_once) as threads:
            loaded = list(threads.map(self.load_image, study.images, parts))
        images = {image.role: one for image, one in zip(study.images, loaded, strict=True)}
        masks = {mask.role: self._load_mask(mask, images[mask.image], progress.part(1.0, 1.0)) for mask in study.masks}
        notes = [note for image in study.images for note in image.notes]
        notes += self._notes_on_pixels(images)
        notes += [note for mask in masks.values() for note in mask.notes]
        return Case(study, images, {role: mask.voxels for role, mask in masks.items()}, tuple(dict.fromkeys(notes)))

    def load_image(self, image: StudyImage, progress: Progress) -> Any:
        """The pixels of one image: a `Radiograph` where the role is a picture, a `Volume` where it is a volume."""
        if self.image_role(image.role).dimensions == 2:
            from ..imaging.radiograph_loading import load_radiograph

            return load_radiograph(image)
        from ..imaging.volume import open_volume

        return open_volume(image, progress)

    def grow_mask(self, role: str, image: Any, point: Sequence[float], progress: Progress) -> NDArray[np.bool_]:
        """A first guess at a mask whose role is ``grown_from_a_point``, ``[k, j, i]`` on the grid of its image.

        Parameters
        ----------
        image : what `load_image` gave
        point : mm to the patient's left, back and head

        Raises
        ------
        InputError : nothing can be grown from there
        CancelledError : the user canceled
        """
        raise InputError(f"{self.title} grows no mask from a point.")

    def _notes_on_pixels(self, images: Mapping[str, Any]) -> Iterator[str]:
        """Each note once, and of which of several images it is true."""
        titles: dict[str, list[str]] = {}
        for role, image in images.items():
            for note in dict.fromkeys(image.notes):
                titles.setdefault(note, []).append(self.image_role(role).title)
        for note, true_of in titles.items():
            yield note if len(true_of) == len(images) else f"{', '.join(true_of)}: {note}"

    def _load_mask(self, mask: StudyMask, image: Any, progress: Progress) -> Mask:
        """The mask on the grid of its image.

        Raises
        ------
        InputError : it cannot be opened or grown, or holds nothing there
        """
        from ..imaging.mask_file import Mask, load_mask

        if mask.point is not None:
            note = f"The mask '{mask.role}' was grown from one point, and nobody has corrected it."
            return Mask(self.grow_mask(mask.role, image, mask.point, progress), (note,))
        may_be_empty = next(role.may_be_empty for role in self.masks if role.name == mask.role)
        loaded = load_mask(mask, image.image, may_be_empty=may_be_empty)
        if not (may_be_empty or loaded.voxels.any()):
            raise InputError(f"The mask '{mask.role}' is empty on its image.")
        return loaded

    def prepared(self, case: Case, context: ReadContext) -> Case:
        """The case as the options of the read change it, before it is checked and shown to the network.

        Raises
        ------
        CancelledError : the user canceled
        """
        return case

    @abstractmethod
    def checks(self, case: Case, forced: bool = False) -> tuple[Check, ...]:
        """Checks that need no network, in the order in which a person would ask them.

        Parameters
        ----------
        forced : the read goes on whatever they say, so that a header that stops is no reason to leave out the pixels
        """

    def bundle_checks(self, case: Case, metadata: BundleMetadata) -> tuple[Check, ...]:
        """Whether the images are what a bundle learned from, as far as that needs no network."""
        return ()

    def mask_checks(self, case: Case) -> tuple[Check, ...]:
        """Whether the masks that were given, of roles in ``masks_checked``, can be what they are said to be.

        Audits and trainings ask it of every study of a table; a read has it among its `checks`.
        """
        return ()

    @abstractmethod
    def load_model(self, bundle: Bundle, device: torch.device) -> Any:
        """The network of a bundle and what belongs to it, ready on the device; kept for the next read.

        Raises
        ------
        BundleError : the bundle answers another question, or its files do not fit each other
        """

    @abstractmethod
    def predict(
        self, model: Any, cases: Sequence[Case], context: ReadContext, explainable: bool = False
    ) -> list[Prediction]:
        """Ask the network about all cases at once.

        Parameters
        ----------
        explainable : keep in `Prediction.details` what `explain` needs
        """

    @abstractmethod
    def explain(self, case: Case, prediction: Prediction, context: ReadContext) -> Answer:
        """The calibrated answer with all that shows where it comes from, as fast as it can be had."""

    def test(self, case: Case, prediction: Prediction, answer: Answer, context: ReadContext) -> Answer:
        """The answer with its tests that take longer; it is on screen already. Checks are added to ``context``."""
        return answer

    def with_clinical(self, reading: Reading, study: Study, metadata: BundleMetadata) -> Reading:
        """The reading with other clinical facts, those of ``study``: what they change is told without the network.

        Of any reading this is whether the bundle is meant for the patient's age. Loads no network and no torch.
        """
        anew = {check.name: check for check in _age(study, metadata)}
        return replace(
            reading,
            study=replace(reading.study, clinical=study.clinical),
            checks=tuple(anew.get(check.name, check) for check in reading.checks),
        )

    def with_mask(self, reading: Reading, corrected: CorrectedMask, metadata: BundleMetadata) -> Reading:
        """The reading with a mask of a role in ``masks_followed`` as a person corrected it, told without the network.

        Loads no network and no torch.
        """
        return reading

    def regions_in(self, reading: Reading, corrected: CorrectedMask) -> Mapping[str, NDArray[np.bool_]]:
        """The other regions of a reading that a corrected mask changes, by name, on the voxels of that mask."""
        return {}

    def image_role(self, name: str) -> ImageRole:
        """The image role of that name.

        Raises
        ------
        KeyError : this reader takes no such image
        """
        for role in self.images:
            if role.name == name:
                return role
        raise KeyError(f"The reader '{self.name}' takes no image '{name}'.")


def read(
    reader: Reader,
    study: Study,
    bundle: Bundle,
    out: Path,
    device: device_choice.Wanted = "auto",
    progress: Progress | None = None,
    force: bool = False,
    options: Sequence[str] = (),
    on_answer: Callable[[Reading], None] | None = None,
    anonymized: Callable[[Reading], Reading] | None = None,
    add: Callable[[Reading, Path], object] | None = None,
) -> Reading:
    """Read a study and write ``reading.json``, heat maps, segments and pictures into ``out``.

    Parameters
    ----------
    force : read on after a ``stop`` check
    options : names of the reader's options that are asked for
    on_answer : given the reading before the answer is tested; its files are in ``out``, the key pictures follow
    anonymized : takes what names the patient out of what is written, published and returned
    add : writes what else belongs to the reading, see `results.write_results`

    Raises
    ------
    BundleError : the bundle was made for another reader
    SetupError : the device asked for is not there
    InputError : the study cannot be read, or the reader has no such option
    RefusedError : a ``stop`` check, without ``force``; nothing is written
    OutputError : the results cannot be written; nothing is left half-written
    """
    bundle.require(reader.name)
    if strangers := [name for name in options if name not in {option.name for option in reader.options}]:
        raise InputError(f"{reader.title} has no option '{strangers[0]}'.")
    progress = progress or Progress()
    started, clock = datetime.now(UTC), time.perf_counter()
    notes: list[str] = []
    chosen = device_choice.choose(device, notes.append)
    context = ReadContext(bundle, chosen, progress, force, tuple(options), notes=notes)

    def reading_of(answer: Answer, pending: tuple[str, ...] = ()) -> Reading:
        reading = Reading(
            reader=reader.name,
            task=bundle.metadata.task,
            study=study,
            findings=answer.findings,
            checks=tuple(context.checks),
            bundle=bundle.facts,
            provenance=Provenance(
                software=_software(),
                device=str(context.device),
                started=started.isoformat(timespec="seconds").replace("+00:00", "Z"),
                seconds=round(time.perf_counter() - clock, 3),
                settings={**answer.settings, **({"options": list(options)} if options else {})},
                notes=tuple(context.notes),
            ),
            prediction_sets=answer.prediction_sets,
            measurements=answer.measurements,
            regions=tuple(layer.region for layer in answer.regions),
            curves=answer.curves,
            comparisons=answer.comparisons,
            heat_maps=tuple(layer.heat_map for layer in answer.maps),
            key_pictures=tuple(layer.picture for layer in answer.pictures),
            forced=force and has_stop(context.checks),
            pending=pending,
            explained=answer.explained,
        )
        return reading if anonymized is None else anonymized(reading)

    progress(0.02, "Opening the images.")
    with time_limit():
        case = reader.load(study, progress.part(0.02, 0.08))
    context.notes += case.notes
    context.progress = progress.part(0.08, 0.1)
    case = reader.prepared(case, context)
    context.progress = progress
    progress(0.1, "Checking the images.")
    context.check(
        *_synthetic(study),
        *_age(study, bundle.metadata),
        *reader.checks(case, force),
        *reader.bundle_checks(case, bundle.metadata),
    )
    progress(0.15, "Loading the bundle.")
    context.model = reader.load_model(bundle, context.device)
    progress(0.25, "Asking the network.")
    (prediction,) = reader.predict(context.model, [case], context, explainable=True)
    context.progress = progress.part(0.35, 0.5)
    answer = reader.explain(case, prediction, context)
    early: Answer | None = None
    pictures: dict[str, bytes] = {}
    if reader.tests_of_answer:
        if on_answer is not None:
            early, untested = answer, reading_of(answer, reader.tests_of_answer)
            write_results(untested, case, answer, out, pictures)
            on_answer(untested)
            pictures = drawn(untested, answer)
            for name, data in pictures.items():
                write_bytes(out / name, data)
        context.progress = progress.part(0.5, 0.9)
        answer = reader.test(case, prediction, answer, context)
    progress(0.92, "Writing the results.")
    reading = reading_of(answer)
    if early is None or answer.pictures is not early.pictures:
        pictures = drawn(reading, answer)
    write_results(reading, case, answer, out, pictures, add)
    progress(1.0, "Done.")
    return reading


def _synthetic(study: Study) -> tuple[Check, ...]:
    """Nobody is read from what a generator made, whatever else its header says (DICOM PS3.3 C.12.1.1.10)."""
    made = [image.role for image in study.images if image.fact("SyntheticData").upper() == "YES"]
    if not made:
        return ()
    images = counted(len(made), "image is", "images are")
    return (
        Check("synthetic", "stop", f"{images} synthetic by the header ({', '.join(made)}): no patient was imaged."),
    )


def _age(study: Study, metadata: BundleMetadata) -> tuple[Check, ...]:
    """Whether the patient is of the ages that the bundle was trained on, where it says which."""
    from ..trust.checks import age_check

    return () if metadata.ages is None else (age_check(study.age_years, metadata.ages),)


@functools.cache
def _software() -> Mapping[str, str]:
    found = {"readingroom": __version__}
    for package in _SOFTWARE:
        with contextlib.suppress(metadata.PackageNotFoundError):  # applications may carry one without its description
            found[package] = metadata.version(package)
    return found
