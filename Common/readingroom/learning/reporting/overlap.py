"""Whether studies of a cohort trained the bundle that is to be evaluated on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...bundles.bundle import Bundle
from ...errors import InputError
from ...progress import Progress
from ..cohorts.cohort import Cohort
from ..cohorts.hashes import fingerprints
from ..evaluation.predictions import Predictions
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
    """

    known: bool
    rows: NDArray[np.bool_]
    patients: int
    pictures: int

    @classmethod
    def of(cls, bundle: Bundle, cohort: Cohort, progress: Progress) -> Overlap:
        """Look the studies of a cohort up in the digest of the bundle."""
        digest = training_digest.read_digest(bundle)
        if digest is None:
            return cls(False, np.zeros(len(cohort), dtype=bool), 0, 0)
        prints = fingerprints([row.image for row in cohort.rows], progress=progress)
        patients = digest.patients_among(cohort.patients)
        pictures = digest.pictures_among(prints.pixel_hashes)
        return cls(True, patients | pictures, len(np.unique(cohort.patients[patients])), int(pictures.sum()))

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
        return rest, Overlap(self.known, np.zeros(len(rest), dtype=bool), 0, 0)

    def caveats(self, bundle: Bundle, predictions: Predictions) -> tuple[Caveat, ...]:
        """What has to be said above the numbers."""
        name, sources = bundle.metadata.name, bundle.metadata.training.sources
        if self.rows.any():
            same_names = (
                "" if self.pictures else " No picture is known: if only the identifiers are alike, change them."
            )
            return (
                Caveat(
                    "stop",
                    f"{int(self.rows.sum())} of the studies trained '{name}' ({self.patients} patients and "
                    f"{self.pictures} pictures are known to it): the numbers are too good and are worth nothing as a "
                    f"test. Leave these studies out.{same_names}",
                ),
            )
        if self.known:
            sentence = f"No patient and no picture of the table trained '{name}', as far as its digest tells."
            return (Caveat("info", sentence),)
        named = [site for site in np.unique(predictions.sites) if site and _is_named(str(site), sources)]
        if named:
            return (
                Caveat(
                    "stop",
                    f"The table has studies of {', '.join(named)}, and '{name}' was trained on {'; '.join(sources)}. "
                    "The bundle does not say which patients these were, so nobody can tell whether they are the same; "
                    "if they are, the numbers are too good and worth nothing as a test.",
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
