"""Digests of the studies that trained a bundle, so that nobody evaluates it on them by mistake.

A bundle travels, so it must not give its patients away. It keeps no identifiers, only digests under a salt of its own.
A picture's digest is of use to nobody who does not have the picture. Patient identifiers are short and could be tried
out one after the other, so their digests are cut to 24 bits: enough to recognize a patient, while among a hundred
million possible identifiers thousands of strangers share the digests of a few hundred patients.

A copy that was saved as JPEG, resized, cropped or inverted has other pixels, and is known again by what it looks like
(`readingroom.learning.cohorts.perceptual_hash`). Such hashes cannot be salted, for what is alike must stay alike: they
tell where a film is bright and dark in 16 x 16 fields, so its outlines, and whoever has a film can ask whether it is
among them. They name nobody. Where the films of different patients are too alike to be told apart (phantoms), none are
kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...bundles.bundle import Bundle, array_path
from ...errors import BundleError
from ..cohorts.perceptual_hash import BYTES, FEW, VIEWS, Hashes, copies

FILE = "training-digest"  # models/training-digest.safetensors in the bundle
_SALT_BYTES = 16
_PICTURE_BYTES = 16
_PATIENT_BYTES = 3
_MANY = 2000  # pictures, from which on few views of each are kept: a bundle is to stay small
_MOST_ALIKE = 0.001  # pairs of different patients that may look like copies; of radiographs not one in 19 million


@dataclass(frozen=True, eq=False)
class TrainingDigest:
    """Digests of patients and pictures.

    Parameters
    ----------
    salt : (16,) bytes
    patients : (patients, 3) bytes, sorted
    pictures : (pictures, 16) bytes, sorted
    looks : (pictures, views, bytes) perceptual hashes, sorted, with fewer views where there are many pictures;
        (0, views, bytes) where copies cannot be told
    """

    salt: NDArray[np.uint8]
    patients: NDArray[np.uint8]
    pictures: NDArray[np.uint8]
    looks: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, VIEWS, BYTES), np.uint8))

    def patients_among(self, patients: Iterable[str]) -> NDArray[np.bool_]:
        """(patients,) whether each trained the bundle; of strangers one in 16.8 million / patients seems to."""
        known = _rows(self.patients)
        salt = self.salt.tobytes()
        return np.array([_patient(salt, name) in known for name in patients], dtype=bool)

    def pictures_among(self, pixel_hashes: Iterable[str]) -> NDArray[np.bool_]:
        """(pictures,) whether each trained the bundle, by `fingerprint.Fingerprint.pixel_hash`; empty text is none."""
        known = _rows(self.pictures)
        salt = self.salt.tobytes()
        return np.array([bool(name) and _picture(salt, name) in known for name in pixel_hashes], dtype=bool)

    @property
    def knows_copies(self) -> bool:
        """Whether a copy with other pixels would be recognized."""
        return len(self.looks) > 0

    def copies_among(self, looks: Sequence[Hashes]) -> NDArray[np.bool_]:
        """(pictures,) whether each is, or is a copy of, a picture that trained the bundle, by what it looks like."""
        return np.asarray(copies(looks, list(self.looks)).any(axis=1), dtype=bool)

    def arrays(self) -> dict[str, NDArray[np.uint8]]:
        """For ``bundles.write.write(..., arrays={training_digest.FILE: found.arrays()})``."""
        return {"salt": self.salt, "patients": self.patients, "pictures": self.pictures, "looks": self.looks}


def make_digest(
    patients: Sequence[str] | NDArray[np.str_],
    pixel_hashes: Iterable[str],
    looks: Sequence[Hashes] = (),
    first: TrainingDigest | None = None,
) -> TrainingDigest:
    """Digests of everything that trained a bundle: its training and its validation rows.

    Parameters
    ----------
    patients : identifiers as the cohort's table writes them, of each row
    pixel_hashes : of the images; those that could not be read have none and are left out
    looks : perceptual hashes of each row's image
    first : of the bundle that the training went on with; what trained that trained this one too
    """
    names, pictures = sorted(set(patients)), sorted(set(pixel_hashes) - {""})
    # The same cohort gives the same bundle, byte for byte; another cohort has another salt.
    salt = hashlib.sha256("\n".join(["salt", *names, *pictures]).encode()).digest()[:_SALT_BYTES]
    if first is not None:
        salt = first.salt.tobytes()
    nothing = np.empty((0, 1), np.uint8)
    before = first or TrainingDigest(nothing, nothing, nothing)
    own = _looks(np.asarray(patients, dtype=np.str_), looks)
    if len(before.looks):
        views = min(own.shape[1], before.looks.shape[1])
        own = np.unique(np.concatenate([own[:, :views], before.looks[:, :views]]), axis=0)
    return TrainingDigest(
        salt=np.frombuffer(salt, dtype=np.uint8),
        patients=_table({_patient(salt, name) for name in names} | _rows(before.patients), _PATIENT_BYTES),
        pictures=_table({_picture(salt, name) for name in pictures} | _rows(before.pictures), _PICTURE_BYTES),
        looks=own[:, :FEW] if len(own) > _MANY else own,
    )


def _rows(table: NDArray[np.uint8]) -> set[bytes]:
    return {row.tobytes() for row in table}


def _looks(patients: NDArray[np.str_], looks: Sequence[Hashes]) -> NDArray[np.uint8]:
    """(pictures, views, bytes) each once, in an order that says nothing; none where strangers look like copies."""
    nothing = np.empty((0, VIEWS, BYTES), np.uint8)
    there = [number for number, hashes in enumerate(looks) if len(hashes) == VIEWS]
    if not there:
        return nothing
    pictures, whose = [looks[number] for number in there], patients[there]
    strangers: NDArray[np.bool_] = np.not_equal.outer(whose, whose)
    if copies(pictures, pictures)[strangers].sum() > _MOST_ALIKE * max(strangers.sum(), 1):
        return nothing
    each = sorted({hashes.tobytes() for hashes in pictures})
    return np.frombuffer(b"".join(each), np.uint8).reshape(-1, VIEWS, BYTES)


def read_digest(bundle: Bundle) -> TrainingDigest | None:
    """The digest of the studies that trained the bundle; None where it has none.

    Raises
    ------
    BundleError : it is damaged
    """
    if array_path(FILE) not in bundle.files:
        return None
    arrays: Mapping[str, NDArray] = bundle.arrays(FILE)
    shapes: dict[str, tuple[int, ...]] = {
        "salt": (_SALT_BYTES,),
        "patients": (_PATIENT_BYTES,),
        "pictures": (_PICTURE_BYTES,),
        "looks": (BYTES,),
    }
    if any(name not in arrays or arrays[name].dtype != np.uint8 for name in shapes):
        raise BundleError(f"The digest of the training studies of '{bundle.metadata.name}' is damaged.")
    if any(arrays[name].shape[-len(shape) :] != shape for name, shape in shapes.items()):
        raise BundleError(f"The digest of the training studies of '{bundle.metadata.name}' is damaged.")
    if arrays["looks"].ndim != 3 or arrays["looks"].shape[1] not in (FEW, VIEWS):
        raise BundleError(f"The digest of the training studies of '{bundle.metadata.name}' is damaged.")
    return TrainingDigest(**{name: arrays[name] for name in shapes})


def _patient(salt: bytes, name: str) -> bytes:
    return hashlib.sha256(salt + b"patient\0" + name.strip().encode()).digest()[:_PATIENT_BYTES]


def _picture(salt: bytes, pixel_hash: str) -> bytes:
    return hashlib.sha256(salt + b"picture\0" + pixel_hash.encode()).digest()[:_PICTURE_BYTES]


def _table(digests: set[bytes], width: int) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(sorted(digests)), dtype=np.uint8).reshape(-1, width)
