"""Make ``chest_template.json`` from folders of radiographs.

    python -m experiments.fit_chest_template FOLDER [FOLDER ...] --source nih

Each folder has a ``labels.csv`` with the columns ``file`` and ``source``; rows of another source are left out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from readingroom.csv_table import read_csv
from readingroom.metrics.binary import Floats
from readingroom.trust.body import reduced, stretched
from readingroom.trust.chest_template import FILE, fit_template


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--source", default="nih")
    parser.add_argument("--out", type=Path, default=FILE)
    arguments = parser.parse_args()
    pictures = [picture for folder in arguments.folders for picture in _pictures(folder, arguments.source)]
    template = fit_template(pictures)
    data = {
        "source": f"mean of {len(pictures)} frontal chest radiographs, source '{arguments.source}'",
        "template": np.round(template * 1000).astype(int).tolist(),
    }
    rows = ",\n    ".join(json.dumps(row) for row in data["template"])
    text = f'{{\n  "source": {json.dumps(data["source"])},\n  "template": [\n    {rows}\n  ]\n}}\n'
    arguments.out.write_text(text)


def _pictures(folder: Path, source: str) -> Iterator[Floats]:
    for row in read_csv(folder / "labels.csv").records(needed=("file", "source")):
        if row["source"] == source:
            gray = np.asarray(Image.open(folder / row["file"]).convert("L"), dtype=np.float64) / 255
            yield stretched(reduced(gray))


if __name__ == "__main__":
    main()
