"""What a person chooses to have read: images, masks, clinical facts, bundle; and how the views are arranged for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import ReadingRoomError
from ..readers.description import ImageRole
from ..readers.opening import entered
from . import settings, slice_views
from .inputs import Inputs
from .installed import bundles_for
from .owned_nodes import is_owned
from .priors import Priors
from .scene import volumes_in_scene

if TYPE_CHECKING:
    from .panel import ReadingPanel


class Selection:
    """Carries a person's choices into the parameters of ``panel``."""

    def __init__(self, panel: ReadingPanel) -> None:
        self._panel = panel
        self._priors = Priors(panel.reader)

    def choose_image(self, role: str, volume: Any) -> None:
        """Select an image and show it in the slice views."""
        panel = self._panel
        if panel.inputs is None:
            return
        panel.write(lambda inputs: self._choose(inputs, role, volume))
        if volume is not None and not panel.layout.hangs:
            slice_views.show_image(volume)
        self._shown_anew()

    def _shown_anew(self) -> None:
        """Other images are chosen: show them, and what was read of them."""
        panel = self._panel
        panel.views.message.hide()
        panel.layout.show(panel.inputs.images if panel.inputs is not None else {})
        panel.display.arrange()
        self._image_changed()
        panel.display.layers()
        panel.refresh()

    def image_came(self, role: str, volume: Any) -> None:
        """Slicer offers an image by itself: take it where none is chosen."""
        inputs = self._panel.inputs
        if inputs is not None and volume is not None and inputs.image(role) is None and not is_owned(volume):
            self._panel.write(lambda inputs: inputs.choose_image(role, volume))
            self._image_changed()
        self._panel.refresh_late()

    def take_first_image(self) -> None:
        """Where the first image is not chosen yet, choose the one of the highest rank, else the first there is."""
        inputs, volumes = self._panel.inputs, volumes_in_scene()
        if self._panel.reader.is_exam:
            self._take_exam()
            return
        role = self._panel.reader.images[0]
        if inputs is not None and volumes and inputs.image(role.name) is None:
            best = self._best(volumes, role)
            self._panel.write(lambda inputs: inputs.choose_image(role.name, best))
            self._image_changed()

    def _best(self, volumes: Sequence[Any], role: ImageRole) -> Any:
        panel = self._panel
        headers = [(volume, self._priors.header(volume, role)) for volume in volumes]
        bundles = {bundle.name: bundle for bundle in bundles_for(panel.reader.name)} if len(volumes) > 1 else {}
        rank = partial(panel.reader.rank_of, metadata=bundles.get(panel.parameters.bundle))
        ranks = [(rank(header.image), volume) for volume, header in headers if header is not None]
        highest = max((rank for rank, _volume in ranks), default=None)
        if all(rank == highest for rank, _volume in ranks):
            return volumes[0]
        return next(volume for rank, volume in ranks if rank == highest)

    def _take_exam(self) -> None:
        """Where no image is chosen, choose the latest exam there is; and views of it that come later."""
        panel, exams = self._panel, self._exams()
        if panel.inputs is None or panel.session.state == "working" or panel.reading is not None:
            return
        own = self._own_exam(exams)
        if own is None and any(panel.inputs.image(role.name) is not None for role in self._present):
            return  # a person chose by role
        if not exams:
            return
        for role, volume in exams[own or max(exams, key=lambda exam: exam[1])].items():
            if panel.inputs.image(role) is None:
                panel.write(partial(Inputs.choose_image, role=role, volume=volume))
                panel.layout.show(panel.inputs.images)

    @property
    def _present(self) -> list[ImageRole]:
        return [role for role in self._panel.reader.images if not role.prior_of]

    def _exams(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The exams of the scene by patient ID and date, in its order: volumes by role, of several the best one."""
        reader = self._panel.reader
        found: dict[tuple[str, str], dict[str, tuple[Any, Any]]] = {}
        for volume in volumes_in_scene():
            header = self._priors.header(volume, reader.images[0])
            role = reader.role_of(header.image) if header is not None else ""
            if header is not None and role:
                exam = found.setdefault((header.patient.patient_id, header.image.date), {})
                rank = reader.rank_of(header.image)
                if role not in exam or rank > exam[role][0]:
                    exam[role] = (rank, volume)
        return {key: {role: volume for role, (_rank, volume) in exam.items()} for key, exam in found.items()}

    def _own_exam(self, exams: Mapping[tuple[str, str], Mapping[str, Any]]) -> tuple[str, str] | None:
        """The one that a chosen image is of."""
        inputs = self._panel.inputs
        chosen = [inputs.image(role.name) for role in self._present] if inputs is not None else []
        return next((key for key, exam in exams.items() if any(one in chosen for one in exam.values())), None)

    def find_priors(self) -> None:
        """Choose an earlier image of the patient where the scene holds one, unless a person reads without it.

        A reading that stands there stays: it is of the images that were read.
        """
        panel = self._panel
        if panel.inputs is None or panel.session.state == "working" or panel.reading is not None:
            return
        for role in panel.reader.images:
            present = panel.inputs.image(role.prior_of) if role.prior_of else None
            if present is None or panel.inputs.image(role.name) is not None or panel.inputs.is_read_without(role):
                continue
            earlier = self._priors.earlier(present, role)
            if earlier is not None:
                panel.write(partial(Inputs.find_image, role=role.name, volume=earlier))
                panel.layout.show(panel.inputs.images)

    @property
    def of_priors(self) -> dict[str, str]:
        """What is to be said of each prior, by role."""
        inputs = self._panel.inputs
        roles = [role for role in self._panel.reader.images if role.prior_of]
        return {role.name: self._priors.sentence(inputs, role) if inputs is not None else "" for role in roles}

    def _choose(self, inputs: Inputs, role: str, volume: Any) -> None:
        """What a person chooses; a prior that was found for another image goes with that image."""
        for other in self._panel.reader.images:
            if other.name == role and other.prior_of:
                inputs.decide_prior(other, volume)
                return
            if other.prior_of == role and inputs.is_found(other.name):
                inputs.choose_image(other.name, None)
        inputs.choose_image(role, volume)

    def choose_mask(self, role: str, segmentation: Any, segment_id: str) -> None:
        """Select a segment as a mask."""
        self._panel.write(lambda inputs: inputs.choose_mask(role, segmentation, segment_id))
        self._panel.refresh()

    def grow_mask(self, role: str) -> None:
        """Let a person click a point that a mask is grown from."""
        self._panel.growing.begin(role)

    def enter_fact(self, name: str, text: str) -> bool:
        """Enter a clinical fact, empty text takes it back; False when it does not fit its field, and is said."""
        self._panel.views.message.hide()
        try:
            self._panel.write(lambda inputs: inputs.enter(name, text))
        except ReadingRoomError as error:
            self._panel.show_error(error)
            return False
        inputs = self._panel.inputs
        if self._panel.reading is not None and inputs is not None:
            self._panel.logic.follow_facts({**inputs.header, **entered(self._panel.reader, inputs.entered)})
        self._panel.refresh()
        return True

    def finish_facts(self) -> bool:
        """Take in what stands in the clinical form; False when something there does not fit, and is said.

        A button that takes no focus leaves a typed fact unfinished.
        """
        return all(self.enter_fact(name, text) for name, text in self._panel.views.clinical.typed().items())

    def next_study(self) -> None:
        """Go on with the image, or the exam, after this one; after the last comes the first."""
        panel, volumes = self._panel, volumes_in_scene()
        if panel.inputs is None or not volumes or panel.session.state == "working":
            return
        if panel.reader.is_exam:
            self._next_exam()
            return
        role = panel.reader.images[0].name
        chosen = panel.inputs.image(role)
        place = volumes.index(chosen) + 1 if chosen in volumes else 0
        self.choose_image(role, volumes[place % len(volumes)])

    @property
    def has_next(self) -> bool:
        """Whether there is another study to go on with."""
        return len(self._exams() if self._panel.reader.is_exam else volumes_in_scene()) > 1

    def _next_exam(self) -> None:
        panel, exams = self._panel, self._exams()
        if not exams:
            return
        keys, own = list(exams), self._own_exam(exams)
        views = exams[keys[(keys.index(own) + 1) % len(keys) if own in exams else 0]]

        def choose(inputs: Inputs) -> None:
            for role in panel.reader.images:  # a prior is found anew
                inputs.choose_image(role.name, views.get(role.name))

        panel.write(choose)
        self._shown_anew()

    def choose_bundle(self, name: str) -> None:
        """Read with this bundle."""
        self._panel.change("bundle", name)
        self._panel.list_bundles()
        self._panel.refresh()

    def choose_device(self, name: str) -> None:
        """Let the network run there."""
        self._panel.change("device", name)

    def choose_options(self, names: Sequence[str]) -> None:
        """Ask for these of the reader's options."""
        self._panel.change("options", list(names))

    def use_layout(self, used: bool) -> None:
        """Arrange the views for reading, or give the earlier layout back; remembered for the next time."""
        settings.set_reading_layout(used)
        if used and self._panel.inputs is not None:
            self._panel.layout.use(self._panel.inputs.images)
            self._panel.display.arrange()
        else:
            self._panel.layout.leave()

    def use_window(self, title: str) -> None:
        """Show the images in a window that the reader names; an empty title gives back the person's own."""
        if self._panel.inputs is not None:
            self._panel.window.choose(title, self._panel.inputs.images)

    def link(self, linked: bool) -> None:
        """Let the views of a volume and its prior scroll together, or not."""
        self._panel.layout.link(linked)

    def _image_changed(self) -> None:
        """Another image: masks that a reading found on the one before are none of it."""
        panel = self._panel
        if panel.inputs is not None:
            panel.write(lambda inputs: inputs.drop_regions_of_others())
