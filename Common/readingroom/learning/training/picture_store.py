"""Prepared pictures on disk, so that no epoch and no fold decodes a file again."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...files import atomic_write, make_folder
from ...parallel import map_parallel
from ...progress import Progress
from ...records import to_json
from ..cohorts.cohort import Cohort, Row
from ..cohorts.hashes import content_hash
from ..protocols.training_protocol import Input
from .images import VERSION, prepared

Pixels = NDArray[np.float32]


class PictureStore:
    """Gray levels of studies by the content of their files and the input's settings, one ``.npy`` file each.

    A file whose content changes is another file; the same image in two cohorts is kept once.

    Parameters
    ----------
    folder : made when missing; may be shared by trainings and processes
    wanted : the input of the protocol
    """

    def __init__(self, folder: Path, wanted: Input):
        self.folder = make_folder(folder)
        self.wanted = wanted
        pixels = {key: value for key, value in to_json(wanted).items() if key not in ("channels", "normalize")}
        self._settings = json.dumps([VERSION, pixels], sort_keys=True).encode()

    def fill(self, cohort: Cohort, rows: NDArray[np.intp], progress: Progress, workers: int = 1) -> list[Path]:
        """Prepare the rows that are not there yet; the files in the order of ``rows``.

        Raises
        ------
        InputError : with a sentence that names the row, for the first that cannot be prepared
        """
        wanted = [cohort.rows[int(number)] for number in rows]
        done = 0

        def report(index: int, path: Path) -> None:
            nonlocal done
            done += 1
            progress(done / len(wanted), f"Preparing the images, {done} of {len(wanted)}.")

        with ThreadPoolExecutor(workers) as pool:
            return map_parallel(self.path, wanted, pool, progress, on_result=report)

    def path(self, row: Row) -> Path:
        """The file with the row's gray levels, prepared now if it is not there yet.

        Raises
        ------
        InputError : with a sentence that names the row
        """
        path = self.folder / f"{self._key(row)}.npy"
        if not path.is_file():
            pixels = prepared(row, self.wanted)
            with atomic_write(path) as temporary, temporary.open("wb") as file:
                np.save(file, pixels)
        return path

    def _key(self, row: Row) -> str:
        return hashlib.sha256(self._settings + content_hash(row).encode()).hexdigest()


def read(path: Path) -> Pixels:
    """The gray levels that a store keeps in this file."""
    return np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)
