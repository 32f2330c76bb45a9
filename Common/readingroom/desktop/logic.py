"""Reading, from a panel, a script or a test: from nodes to a study, through the worker, and back into the scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from ..bundles.metadata import BundleMetadata
from ..errors import BundleError, InputError
from ..readers.description import MaskRole
from ..readers.registry import find_reader
from ..reading import Reading
from ..study import ClinicalFact
from . import choices, plots, settings
from .installed import bundles_for
from .layers import Layers
from .owned_nodes import OwnedNodes
from .reading_node import ReadingNode
from .session import ReadRequest, Session
from .study_from_nodes import Chosen, SegmentChoice, corrected_mask, opened, study_of_nodes


class ReadingLogic:
    """What a module can do, whoever asks.

    Parameters
    ----------
    owner : Slicer's name of the module, owner of what it adds to the scene: ``ChestXRay``
    reader : name of the reader that answers its question: ``chest-xray``
    client : does the work; None for a worker process of its own, which starts when it is first needed

    Example
    -------
    >>> reading = slicer.util.getModuleLogic("ChestXRay").read(slicer.util.getNode("chest"))  # doctest: +SKIP
    >>> reading.findings[0].probability  # doctest: +SKIP
    0.87
    """

    def __init__(self, owner: str, reader: str, client: Any = None) -> None:
        from ..engine.client import WorkerClient

        settings.apply()
        self.reader = find_reader(reader)
        self.session = Session(client or WorkerClient())
        self.nodes = OwnedNodes(owner)
        self.layers = Layers(self.nodes)
        self.kept = ReadingNode(self.nodes)
        self.being_read: Mapping[str, Any] = {}  # volume nodes by role, of the last read that was begun
        self.before: Reading | None = None  # what was read of the same images before their masks were corrected
        self._taken: Reading | None = None

    def read(
        self,
        images: Any,
        masks: Mapping[str, tuple[Any, str]] | None = None,
        clinical: Mapping[str, Any] | None = None,
        bundle: str = "",
        device: str = "auto",
        force: bool = False,
        wait: bool = True,
        options: Sequence[str] = (),
    ) -> Reading | None:
        """Read volume nodes and show what came of it in the scene.

        Parameters
        ----------
        images : volume nodes by role, ``{"ct": node, "prior-ct": other}``; or the one node of the first role
        masks : segmentation node and segment ID by role
        clinical : facts by the name of their field; they go before those of the header
        bundle : name or folder; empty for the first installed bundle of this module's reader
        force : read on after a ``stop`` check
        wait : False returns None at once; call ``session.poll()`` and `take` until ``session.state`` is no longer
            ``working``
        options : names of the reader's options that are asked for

        Raises
        ------
        ReadingRoomError : whatever stands in the way, in a sentence
        """
        by_role = images if isinstance(images, Mapping) else {self.reader.images[0].name: images}
        segments = {role: SegmentChoice(*choice) for role, choice in (masks or {}).items()}
        facts = {name: f"{value}" for name, value in (clinical or {}).items()}
        self.start_read(Chosen(by_role, segments, facts), bundle or self._first_bundle(), device, force, options)
        if not wait:
            return None
        self.session.wait()
        self.take()
        reading = self.kept.reading
        if reading is not None:
            self.layers.display(self.being_read, choices.first_finding(reading))
        return reading

    def start_read(self, chosen: Chosen, bundle: str, device: str, force: bool, options: Sequence[str] = ()) -> None:
        """Begin to read; ``session.poll`` follows it, and `take` shows what came of it.

        Raises
        ------
        ReadingRoomError : the nodes make no study that this reader takes, or other work is going on
        """
        study = study_of_nodes(self.reader, chosen, self.session.new_folder("study"))
        self.session.start_read(ReadRequest(self.reader.name, study, bundle, device, force, tuple(options)))
        self.being_read = dict(chosen.images)

    def start_grow(self, role: MaskRole, volume: Any, point: tuple[float, float, float]) -> None:
        """Begin to grow a mask on a volume node from a point, mm to the patient's left, back and head.

        Raises
        ------
        ReadingRoomError : the node is no image of that mask, or other work is going on
        """
        image = opened(volume, self.reader.image_role(role.image), self.session.new_folder("image")).image
        self.session.start_grow(self.reader.name, role.name, image, point)

    def take(self) -> bool:
        """Put an answer of the session that is new into the scene; True when there was one.

        When the answer of one read comes again, tested, it takes the place of the first, and what a person said of that
        meanwhile is said of it too.

        Raises
        ------
        InputError : an image was removed or changed its size while it was read, or a file of the reading is damaged
        """
        reading = self.session.reading
        if reading is None or reading is self._taken:
            return False
        self._taken = reading
        for volume in self.being_read.values():
            if volume.GetScene() is None:
                gone = _("'{name}' was removed while it was read, so there is nothing to show.")
                raise InputError(gone.format(name=volume.GetName()))
        earlier = self.kept.reading
        if earlier is not None and choices.is_same_read(earlier, reading):
            reading = choices.with_judgment_of(earlier, reading)
        else:
            same_images = self.kept.is_of(self.being_read)
            corrected = earlier is not None and same_images and choices.differ_in_masks(earlier, reading)
            self.before = earlier if corrected else None
        folder = Path(str(self.session.folder))
        self.kept.keep(reading, folder, self.being_read)
        self.layers.show(reading, folder, self.being_read)
        plots.show_curves(self.nodes, reading, next(iter(self.being_read.values())))
        return True

    def follow_mask(self, role: str, choice: SegmentChoice) -> bool:
        """Show the reading with a corrected mask where its reader needs no network for it; whether it did.

        What was read stays as `before`.
        """
        reading = self.kept.reading
        known = {mask.name: mask for mask in self.reader.masks if mask.name in self.reader.masks_followed}
        if reading is None or self.session.is_testing or role not in known:
            return False
        metadata, volume = _metadata_of(reading), self.kept.volume(known[role].image)
        if metadata is None or volume is None:
            return False
        image, is_checked = known[role].image, role in self.reader.masks_checked
        corrected = corrected_mask(known[role], choice, volume, whole=is_checked)
        if self.reader.image_role(image).dimensions == 2:
            corrected = replace(corrected, regions=self.layers.regions(reading), maps=self.layers.evidence(reading))
        elif is_checked:
            corrected = replace(corrected, maps=self.layers.evidence(reading))
        changed = self.reader.with_mask(reading, corrected, metadata)
        self.layers.correct(image, self.reader.regions_in(reading, corrected), corrected.mask)
        if self.before is None or self.before.provenance.started != reading.provenance.started:
            self.before = reading
        self._show_changed(changed)
        return True

    def follow_facts(self, facts: Mapping[str, ClinicalFact]) -> None:
        """Show the reading with these facts of the clinical form, where its reader needs no network for it."""
        reading = self.kept.reading
        if reading is None:
            return
        form = {field.name for field in self.reader.clinical}
        others = {name: fact for name, fact in reading.study.clinical.items() if name not in form}
        study = replace(reading.study, clinical={**others, **facts})
        metadata = _metadata_of(reading)
        if metadata is None or study.clinical == reading.study.clinical:
            return
        changed = self.reader.with_clinical(reading, study, metadata)
        if changed is not reading:
            self._show_changed(changed)

    def _show_changed(self, reading: Reading) -> None:
        self.kept.update(reading)
        plots.show_curves(self.nodes, reading, self.kept.volume(reading.study.images[0].role))

    def cancel(self) -> None:
        """Stop the work at once; the last reading stays, and an answer that is being tested is one."""
        folder = self.session.folder if self.session.is_testing else None
        self.session.cancel()
        if folder is not None:
            self.kept.take_pictures(folder)

    def start_report(
        self,
        out: Path,
        formats: list[str],
        page_size: str = "A4",
        anonymous: bool = False,
        prevalence: float | None = None,
    ) -> None:
        """Begin to write the reports of the reading that the scene keeps into a folder of their own in ``out``.

        Parameters
        ----------
        prevalence : between 0 and 1: the report says what positive and negative answers are worth there

        Raises
        ------
        InputError : there is no reading, or its pictures are damaged
        OutputError : the pictures cannot be handed over
        """
        reading = self.kept.reading
        if reading is None:
            raise InputError(_("There is no reading to report: read a study first."))
        folder = self.session.new_folder("report")
        self.kept.write_pictures(folder)
        self.session.start_report(reading, folder, out, formats, page_size, anonymous, prevalence)

    def stop(self) -> None:
        """End the worker process; the next read starts another."""
        self.session.stop()

    def _first_bundle(self) -> str:
        bundles = bundles_for(self.reader.name)
        if not bundles:
            raise BundleError(_("No bundle for this question is installed: install one in the module Reading Room."))
        return bundles[0].name


def _metadata_of(reading: Reading) -> BundleMetadata | None:
    """Of the bundle that answered; None where it is no longer installed."""
    wanted = (reading.bundle.name, reading.bundle.version)
    return next((one for one in bundles_for(reading.reader) if (one.name, one.version) == wanted), None)
