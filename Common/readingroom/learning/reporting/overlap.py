"""Whether studies of a cohort trained the bundle that is to be evaluated on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...bundles.bundle import Bundle
from ...errors import InputError
from ...formatting import counted, listed
from ...progress import Progress
from ..cohorts.cohort import Cohort
from ..cohorts.hashes import fingerprints
from ..evaluation.outcomes import AnyPredictions
from ..training import training_digest
from .evaluated import Caveat


@dataclass(frozen=True, eq=False)
class Overlap:
    """Studies of a cohort that trained the bundle.

    Parameters
    ----------
    known : whether the bundle can tell at all
    rows : (rows,) which ones; by their patient or by their pixels
    patients, pictures : how many patients and how many pictures are known to the bundle
    copies : how many more pictures look like one that it knows, and have other pixels
    knows_copies : whether it could tell such a copy
    """

    known: bool
    rows: NDArray[np.bool_]
    patients: int = 0
    pictures: int = 0
    copies: int = 0
    knows_copies: bool = False

    @classmethod
    def of(cls, bundle: Bundle, cohort: Cohort, progress: Progress) -> Overlap:
        """Look the studies of a cohort up in the digest of the bundle."""
        digest = training_digest.read_digest(bundle)
        if digest is None:
            return cls(False, np.zeros(len(cohort), dtype=bool))
        prints = fingerprints([row.image for row in cohort.rows], progress=progress)
        patients = digest.patients_among(cohort.patients)
        pictures = digest.pictures_among(prints.pixel_hashes)
        copies = digest.copies_among(prints.looks) & ~pictures
        return cls(
            True,
            patients | pictures | copies,
            len(np.unique(cohort.patients[patients])),
            int(pictures.sum()),
            int(copies.sum()),
            digest.knows_copies,
        )

    def sentences(self, cohort: Cohort) -> tuple[str, ...]:
        """One for each study that trained the bundle."""
        rows = [cohort.rows[int(number)] for number in np.flatnonzero(self.rows)]
        return tuple(f"Study {row.study_id} of patient {row.patient_id}: It trained the bundle." for row in rows)

    def without(self, cohort: Cohort) -> tuple[Cohort, Overlap]:
        """The studies that did not train the bundle.

        Raises
        ------
        InputError : there are none
        """
        if self.rows.all():
            raise InputError("All studies of the table trained the bundle; there is nothing left to evaluate it on.")
        rest = cohort.take(~self.rows)
        return rest, Overlap(self.known, np.zeros(len(rest), dtype=bool), knows_copies=self.knows_copies)

    def caveats(self, bundle: Bundle, predictions: AnyPredictions) -> tuple[Caveat, ...]:
        """What has to be said above the numbers."""
        name, sources = bundle.metadata.name, bundle.metadata.training.sources
        named = [str(site) for site in np.unique(predictions.sites) if site and _is_named(str(site), sources)]
        where = f"The table has studies of {', '.join(named)}, and '{name}' was trained on {'; '.join(sources)}."
        if self.rows.any():
            known = [counted(self.patients, "patient"), counted(self.pictures, "picture")]
            if self.copies:
                known.append(counted(self.copies, "copy of a picture", "copies of pictures"))
            same_names = (
                ""
                if self.pictures or self.copies
                else " No picture is known: if only the identifiers are alike, change them."
            )
            return (
                Caveat(
                    "stop",
                    f"{int(self.rows.sum())} of {counted(len(self.rows), 'study', 'studies')} trained '{name}' "
                    f"({listed(known)} known to it): the numbers are too good and are worth nothing as a test. Leave "
                    f"these studies out.{same_names}",
                ),
            )
        if self.known:
            unknown = "no patient, no picture and no copy" if self.knows_copies else "no patient and no picture"
            sentence = f"{unknown.capitalize()} in the table trained '{name}', as far as its digest tells."
            if not named:
                return (Caveat("info", sentence),)
            missed = "a copy that was changed much" if self.knows_copies else "a copy with other pixels"
            return (
                Caveat(
                    "warn",
                    f"{where} {sentence} Patients under other identifiers and {missed} would not be recognized: make "
                    "sure that these studies are others.",
                ),
            )
        if named:
            return (
                Caveat(
                    "stop",
                    f"{where} The bundle does not say which patients these were, so nobody can tell whether they are "
                    "the same; if they are, the numbers are too good and worth nothing as a test.",
                ),
            )
        return (
            Caveat(
                "warn",
                f"'{name}' does not say which patients trained it ({'; '.join(sources)}). If some of them are in the "
                "table, the numbers are too good.",
            ),
        )


def _is_named(site: str, sources: Sequence[str]) -> bool:
    words = " ".join(sources).casefold().replace("(", " ").replace(")", " ").split()
    return site.casefold() in words
