"""Gray levels of studies, prepared as a reader prepares them, and kept on disk: no epoch decodes a file again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ...bundles.preprocessing import Preprocessing
from ...errors import InputError, ReadingRoomError
from ...files import atomic_write, make_folder
from ...formatting import counted
from ...guarded_processes import EndedError, guarded
from ...imaging.bias_field import corrected
from ...imaging.mammography_exam import shown_view
from ...imaging.mask_file import load_mask
from ...imaging.open import open_image
from ...imaging.preprocessing import gray_levels, resized
from ...imaging.radiograph_loading import load_radiograph
from ...parallel import map_parallel
from ...progress import Progress
from ...records import to_json
from ...time_limit import time_limit
from ..cohorts.cohort import Cohort, Row
from ..cohorts.hashes import content_hash
from ..cohorts.volumes import first_volume
from ..synthesis.sample_file import read_sample

Pixels = NDArray[np.float32]

# Of what `prepared` makes of a file, by the kind of picture: with another number, what was kept is made again.
_VERSIONS = {"mammogram": 4, "picture": 3, "slices": 4, "volume": 4}
_NAMED = 5  # unusable studies that the error names
_AFTERWARDS = ("channels", "normalize", "mean", "std")  # what `imaging.preprocessing.normalized` does with gray levels


def prepared(row: Row, preprocessing: Preprocessing) -> Pixels:
    """Gray levels of a study's first image, 0 to 1: ``[j, i]`` of a picture, ``[k, j, i]`` of slices and volumes.

    The row's own mask of the organ goes before one that is found (see `imaging.preprocessing.gray_levels`). What a
    generator made are gray levels already; they are only brought to the size of the input.

    Raises
    ------
    InputError : with a sentence that names the row, for whatever cannot be made into this input
    """
    try:
        with time_limit():
            return _prepared(row, preprocessing)
    except ReadingRoomError as error:
        raise type(error)(f"{named(row)}: {error}") from error


def _prepared(row: Row, preprocessing: Preprocessing) -> Pixels:
    if row.generator is not None and preprocessing.kind == "picture":
        return resized(read_sample(row.image), (preprocessing.size[0], preprocessing.size[1]))
    if preprocessing.kind == "picture":
        role, path = next(iter(row.images.items()))
        image = open_image(path, role).image
        if image.fact("SyntheticData").upper() == "YES":
            raise InputError(f"{path.name} is synthetic by its header, and the table does not name what made it.")
        film = load_radiograph(image)
        organ = _organ(row, film.image, preprocessing.organ) if preprocessing.organ in row.masks else None
        if organ is not None:
            organ = organ.reshape(film.gray.shape)
        return gray_levels(film.gray, preprocessing, organ, shown_view(image))
    opened = first_volume(row)
    volume = (corrected(opened) if preprocessing.correct_bias_field else opened).image
    return gray_levels(volume, preprocessing, _organ(row, volume, preprocessing.organ))


def _organ(row: Row, volume: SimpleITK.Image, name: str) -> NDArray[np.bool_] | None:
    if name not in row.masks:
        return None
    organ = load_mask(row.masks[name], volume).voxels
    if not organ.any():
        raise InputError(f"The mask '{name}' is empty on this image.")
    return organ


def guarded_prepared(row: Row, preprocessing: Preprocessing) -> Pixels:
    """`prepared`, in a process of its own.

    Raises
    ------
    InputError : as `prepared`, or the process hung or died
    """
    try:
        return guarded(prepared, row, preprocessing)
    except EndedError as error:
        raise _ended(row, str(error)) from error


def _ended(row: Row, sentence: str) -> InputError:
    return InputError(f"{named(row)}: {sentence}")


class UnusableStudiesError(InputError):
    """Studies that cannot be made into a network's input, a sentence each by row number; the others are kept."""

    def __init__(self, problems: Mapping[int, InputError | str]):
        said = [str(error) for error in problems.values()]
        more = f" And {len(said) - _NAMED} more." if len(said) > _NAMED else ""
        super().__init__(f"{counted(len(said), 'study', 'studies')} cannot be used. {' '.join(said[:_NAMED])}{more}")
        self.problems = {row: str(error) for row, error in problems.items()}


def refuse_unusable(problems: Mapping[int, InputError]) -> None:
    """See that there is none.

    Raises
    ------
    UnusableStudiesError : there is one
    """
    if problems:
        raise UnusableStudiesError(problems)


def named(row: Row) -> str:
    """A study as sentences about it begin."""
    return f"Study '{row.study_id}' of patient '{row.patient_id}'"


def version(preprocessing: Preprocessing) -> int:
    """Of what `prepared` makes of a file with this preprocessing."""
    return _VERSIONS["mammogram" if preprocessing.organ == "breast" else preprocessing.kind]


def gray_level_settings(preprocessing: Preprocessing) -> dict[str, Any]:
    """What of a preprocessing the gray levels depend on, as JSON values."""
    return {name: value for name, value in to_json(preprocessing).items() if name not in _AFTERWARDS}


class PictureStore:
    """Gray levels of studies by the content of their files and the input's settings, one ``.npy`` file each.

    A file whose content changes is another file; the same image in two cohorts is kept once.

    Parameters
    ----------
    folder : made when missing; may be shared by trainings and processes
    preprocessing : of the protocol
    """

    def __init__(self, folder: Path, preprocessing: Preprocessing):
        self.folder = make_folder(folder)
        self.preprocessing = preprocessing
        self._settings = json.dumps(
            [version(preprocessing), gray_level_settings(preprocessing)], sort_keys=True
        ).encode()

    def fill(self, cohort: Cohort, rows: NDArray[np.intp], progress: Progress, workers: int = 1) -> list[Path]:
        """Prepare the rows that are not there yet; the files in the order of ``rows``.

        Raises
        ------
        UnusableStudiesError : some cannot be prepared; all others were
        """
        wanted = [cohort.rows[int(number)] for number in rows]
        done = 0

        def report(index: int, found: Path | InputError) -> None:
            nonlocal done
            done += 1
            progress(done / len(wanted), f"Preparing the images, {done} of {len(wanted)}.")

        progress(0.0, f"Preparing the images, {len(wanted)} of them.")
        found = map_parallel(
            self._attempt, wanted, None, progress, processes=workers, on_result=report, if_ended=_ended
        )
        refuse_unusable({int(row): said for row, said in zip(rows, found, strict=True) if isinstance(said, InputError)})
        return [path for path in found if isinstance(path, Path)]

    def _attempt(self, row: Row) -> Path | InputError:
        """One study that cannot be used is an answer too, so that the others go on."""
        try:
            return self.path(row)
        except InputError as error:
            return error

    def path(self, row: Row) -> Path:
        """The file with the row's gray levels, prepared now if it is not there yet.

        Raises
        ------
        InputError : with a sentence that names the row
        """
        path = self.folder / f"{self._key(row)}.npy"
        if not path.is_file():
            pixels = prepared(row, self.preprocessing)
            with atomic_write(path) as temporary, temporary.open("wb") as file:
                np.save(file, pixels)
        return path

    def _key(self, row: Row) -> str:
        return hashlib.sha256(self._settings + content_hash(row).encode()).hexdigest()


def read(path: Path) -> Pixels:
    """The gray levels that a store keeps in this file."""
    return np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)
