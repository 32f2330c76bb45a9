"""The child's film of the package's examples, as a DICOM file with a small picture beside it.

python -m experiments.pneumonia_children.example --data DATA --out Common/readingroom/examples
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from readingroom.phantoms.dicom_files import write_dicom

from .make import EXAMPLE_FILE, EXAMPLE_PATIENT

NAME = "chest-radiograph-child"


def write_example(data: Path, out: Path) -> Path:
    """The film as it is in the collection (224 x 224 pixels, its proportions lost), with no more in its header than the
    collection says: nobody's age, sex or view is made up."""
    with Image.open(data / "cxr_kermany" / EXAMPLE_FILE) as picture:
        gray = picture.convert("L")
    gray.resize((128, 128), Image.Resampling.LANCZOS).save(out / f"{NAME}.png", optimize=True)
    return write_dicom(
        out / f"{NAME}.dcm",
        np.asarray(gray),
        bits=8,
        PatientID=EXAMPLE_PATIENT,
        PatientName="Kermany^Example",
        Modality="DX",
        BodyPartExamined="CHEST",
        PresentationLUTShape="IDENTITY",
        SeriesDescription="Kermany person1170 bacteria 3117",
        LossyImageCompression="01",
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m experiments.pneumonia_children.example")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    print(write_example(options.data, options.out))


if __name__ == "__main__":
    main()
