"""Earlier images of the patient whose image is chosen: which one the scene holds, and what is to be said of it."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from ..formatting import dicom_date
from ..imaging.open import OpenedImage
from ..readers.base import Reader
from ..readers.description import ImageRole
from .inputs import Inputs
from .scene import volumes_in_scene
from .study_from_nodes import header_of


class Priors:
    """Compares the volumes of the scene by what their DICOM headers say; those without a header are left alone."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._headers: dict[tuple[str, str], OpenedImage | None] = {}  # by volume and its files: asked at each redraw

    def earlier(self, present: Any, role: ImageRole) -> Any:
        """The latest image of the same patient that is earlier than ``present``; None where there is none."""
        return self._nearest(present, role, later=False)

    def sentence(self, inputs: Inputs, role: ImageRole) -> str:
        """What is to be known of what is chosen as prior, or that something could be; empty where there is nothing."""
        present, prior = inputs.image(role.prior_of), inputs.image(role.name)
        if present is None or self.header(present, role) is None:
            return ""
        if prior is not None:
            return self._of_choice(present, prior, role, inputs.is_found(role.name))
        if (other := self.earlier(present, role)) is not None:
            text = _("The scene holds an earlier image of this patient, '{name}' of {date}, to compare with.")
        elif (other := self._nearest(present, role, later=True)) is not None:
            text = _("The scene holds a later image of this patient, '{name}' of {date}, to which this one is a prior.")
        else:
            return ""
        return text.format(name=other.GetName(), date=self._date(other, role))

    def _of_choice(self, present: Any, prior: Any, role: ImageRole, is_found: bool) -> str:
        now, then = self.header(present, role), self.header(prior, role)
        if now is None or then is None:
            return ""
        if _are_two_patients(now, then):
            return _("This image is of another patient: it cannot be compared.")
        if now.image.date and then.image.date > now.image.date:
            return _("This image is later than the one to read: exchange the two.")
        if is_found:
            text = _("Found in the scene: the same patient's image of {date}. Choose 'None' to read without it.")
            return text.format(date=self._date(prior, role))
        return ""

    def _nearest(self, present: Any, role: ImageRole, later: bool) -> Any:
        now = self.header(present, role)
        if now is None or not now.image.date:
            return None
        found = []
        for volume in volumes_in_scene():
            then = None if volume is present else self.header(volume, role)
            if then is None or not then.image.date or then.image.modality not in role.modality:
                continue
            if self._reader.is_exam and self._reader.role_of(then.image) != role.prior_of:
                continue
            if not now.patient.patient_id or not then.patient.patient_id or _are_two_patients(now, then):
                continue
            if then.image.date > now.image.date if later else then.image.date < now.image.date:
                found.append((then.image.date, volume))
        dates = [date for date, _volume in found]
        return found[dates.index(min(dates) if later else max(dates))][1] if found else None

    def _date(self, volume: Any, role: ImageRole) -> str:
        header = self.header(volume, role)
        return dicom_date(header.image.date) if header is not None else ""

    def header(self, volume: Any, role: ImageRole) -> OpenedImage | None:
        """What the header of a volume node says; None where it has none."""
        key = (volume.GetID(), volume.GetAttribute("DICOM.instanceUIDs") or "")
        if key not in self._headers:
            self._headers[key] = header_of(volume, role) if key[1] else None
        return self._headers[key]


def _are_two_patients(one: OpenedImage, other: OpenedImage) -> bool:
    """By number, and by the day of birth, since numbers of two hospitals may coincide."""
    pairs = ((getattr(one.patient, name), getattr(other.patient, name)) for name in ("patient_id", "birth_date"))
    return any(first and second and first != second for first, second in pairs)
