"""What a hospital hands out for a study: a folder of DICOM films and a spreadsheet from its information system.

    python -m readingroom.phantoms.hospital_export FOLDER [--films 120] [--seed 0]

To practice with, and for tests: the films are phantoms, half of the patients have an opacity, and the patients and
their names are invented. As with real exports not all is in order: a film is damaged, another one is not in the
spreadsheet, a line of the spreadsheet has no film, and one file is no film at all.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..errors import ReadingRoomError
from ..files import make_folder, write_text
from .chest_radiograph import Opacity, chest_radiograph
from .dicom_files import stored, write_dicom

FILMS, SPREADSHEET = "films", "ris-export.csv"
COLUMNS = ("Accession No.", "Patient", "Exam date", "Diagnosis", "Reported by")
_SITES = (("North Hospital", "Acme", "DR 1"), ("South Clinic", "Bolt", "X-9"))
_FILMS_OF_TWO_PATIENTS = 3  # one of them has two


def write_hospital_export(folder: Path, films: int = 120, rows: int = 448, seed: int = 0) -> None:
    """Write `FILMS`, a folder for each patient, and `SPREADSHEET` into ``folder``.

    Parameters
    ----------
    rows : of each film; it has 6/7 as many columns

    Raises
    ------
    ValueError : fewer than 6 films
    OutputError : the folder cannot be written
    """
    if films < 6:
        raise ValueError(f"{films} films are too few for two institutions and two classes.")
    random = np.random.default_rng(seed)
    patients = [_patient(number, random) for number in range(-(-2 * films // _FILMS_OF_TWO_PATIENTS))]
    for patient, ill in zip(random.permutation(len(patients)), np.arange(len(patients)) % 2, strict=True):
        patients[patient]["ill"] = bool(ill)
    lines = []
    for film in range(films):
        pair, place = divmod(film, _FILMS_OF_TWO_PATIENTS)
        patient = patients[2 * pair + (place == 2)]
        where = make_folder(folder / FILMS / str(patient["PatientID"]))
        accession = f"A{20000 + film}"
        gray = _film(rows, patient["ill"], random)
        write_dicom(where / f"IM{film:04d}.dcm", stored(gray), **_elements(patient, accession, random))
        diagnosis = "opacity" if patient["ill"] else "normal"
        lines.append((accession, patient["PatientName"].replace("^", ", "), "2025-03-01", diagnosis, "Dr. Gray"))
    lines[4] = ("A99999", "Phantom, Nobody", "2025-03-02", "normal", "Dr. Gray")
    damaged = folder / FILMS / str(patients[0]["PatientID"]) / "IM9999.dcm"
    damaged.write_bytes(b"\0" * 128 + b"DICM" + b"\1" * 40)
    write_text(folder / FILMS / "export.log", "Exported.\n")
    _write_spreadsheet(folder / SPREADSHEET, lines)


def _patient(number: int, random: np.random.Generator) -> dict[str, Any]:
    institution, manufacturer, model = _SITES[int(random.integers(len(_SITES)))]
    return {
        "PatientID": f"{40000 + 7 * number:07d}",
        "PatientName": f"Phantom{number}^Sam",
        "PatientAge": f"{int(random.integers(20, 88)):03d}Y",
        "PatientSex": "FM"[int(random.integers(2))],
        "InstitutionName": institution,
        "Manufacturer": manufacturer,
        "ManufacturerModelName": model,
    }


def _elements(patient: dict[str, Any], accession: str, random: np.random.Generator) -> dict[str, Any]:
    return {
        **{keyword: value for keyword, value in patient.items() if keyword != "ill"},
        "AccessionNumber": accession,
        "StudyDate": "20250301",
        "ViewPosition": ("PA", "AP")[int(random.integers(2))],
        "ImagerPixelSpacing": [0.9, 0.9],
        "WindowCenter": 2048,
        "WindowWidth": 4096,
    }


def _film(rows: int, ill: bool, random: np.random.Generator) -> NDArray[np.float32]:
    """A phantom as one of many exposures shows it, moved a little, with the noise of a detector."""
    opacity = Opacity(
        x=float(random.choice([0.3, 0.7]) + random.uniform(-0.05, 0.05)),
        y=float(random.uniform(0.35, 0.6)),
        radius=float(random.uniform(0.06, 0.1)),
        strength=float(random.uniform(0.3, 0.7)),
    )
    gray = chest_radiograph(rows, rows * 6 // 7, opacity if ill else None, seed=int(random.integers(2**31)))
    moved = ndimage.shift(gray, random.integers(-rows // 30, rows // 30 + 1, 2), order=1, mode="nearest")
    exposed = moved ** random.uniform(0.75, 1.3) * random.uniform(0.85, 1.0)
    return np.clip(exposed + random.normal(0, 0.02, gray.shape), 0, 1).astype(np.float32)


def _write_spreadsheet(path: Path, lines: Sequence[tuple[str, ...]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(lines)
    write_text(path, text.getvalue())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m readingroom.phantoms.hospital_export")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--films", type=int, default=120, metavar="N", help="three of each two patients (default 120)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another one gives other films (default 0)")
    options = parser.parse_args(arguments)
    try:
        write_hospital_export(options.folder, options.films, seed=options.seed)
    except (ReadingRoomError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{options.folder / FILMS}: {options.films} phantom films, with {options.folder / SPREADSHEET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
