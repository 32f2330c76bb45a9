"""Tables and parameter files, damaged: cohorts, labels, predictions, features, settings, protocols."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from readingroom.csv_table import write_csv
from readingroom.learning import protocols
from readingroom.learning.cohorts.cohort import read_cohort
from readingroom.learning.cohorts.from_dicom.labels import read_labels
from readingroom.learning.evaluation import predictions
from readingroom.learning.protocols.training_protocol import read_protocol
from readingroom.radiomics.settings import read_settings
from readingroom.radiomics.signature.feature_file import read_features, read_stability
from readingroom.radiomics.signature.table import read_table

from .driver import Case, Driver
from .mutations import mutated, mutated_json, mutated_text

COHORT = """\
patient_id;study_id;image;label;sex;age;site;split;study_date
P1;S1;a.dcm;pneumonia;F;61,5;north;train;2020-01-02
P2;S2;b.dcm;no-finding;M;45;north;test;2020-01-03
P3;S3;c/ä.png;pneumonia;;77;south;;
"""
LABELS = "accession_number,label,reader\nA1,normal,1\nA2,opacity,1\nA3,normal,2\n"
FEATURES = """\
feature,value
diagnostics_Configuration_Settings,"{'binWidth': 25}"
original_shape_MeshVolume,812.5
original_glcm_Contrast,nan
"""
STABILITY = "feature,icc,icc_low,icc_high,stable\noriginal_glcm_Contrast,0.9,0.8,0.95,True\n"
SIGNATURE = "patient_id,outcome,original_shape_MeshVolume,age\n" + "".join(
    f"P{n},{n % 2},{100 + 7 * n},{50 + n}\n" for n in range(12)
)
SETTINGS_YAML = """\
imageType:
  Original: {}
  LoG:
    sigma: [1.0, 3]
featureClass:
  firstorder:
  glcm:
    - 'Contrast'
setting:
  binWidth: 25
  resampledPixelSpacing: [1, 1, 1]
"""
SETTINGS = {
    "setting": {"binWidth": 25, "distances": [1, 2]},
    "imageType": {"Wavelet": {}},
    "featureClass": {"glcm": []},
}
PROTOCOL = (Path(protocols.__file__).parent / "chest-xray-published.json").read_text(encoding="utf-8")


def _predictions() -> str:
    table = predictions.Predictions(
        classes=("pneumonia", "no-finding"),
        multilabel=False,
        study_ids=np.array(["S1", "S2", "S3", "S4"]),
        patients=np.array(["P1", "P2", "P3", "P3"]),
        sites=np.array(["north", "north", "south", ""]),
        folds=np.array([[0, 1, 0, 1]]),
        truth=np.array([0, 1, 0, 1]),
        logits=np.linspace(-2, 2, 8).reshape(1, 4, 2),
    )
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder) / "predictions.csv"
        table.write(path)
        return path.read_text(encoding="utf-8")


_KINDS: dict[str, tuple[str, str, Callable[[Path], Any]]] = {
    "cohort": (".csv", COHORT, read_cohort),
    "labels": (".csv", LABELS, read_labels),
    "predictions": (".csv", _predictions(), predictions.read),
    "features": (".csv", FEATURES, read_features),
    "stability": (".csv", STABILITY, read_stability),
    "signature": (".csv", SIGNATURE, lambda path: read_table(path, "outcome")),
    "settings-yaml": (".yaml", SETTINGS_YAML, read_settings),
    "settings-json": (".json", json.dumps(SETTINGS), read_settings),
    "protocol": (".json", PROTOCOL, read_protocol),
}


def _case(source: random.Random, folder: Path) -> Case:
    name = source.choice(sorted(_KINDS))
    suffix, text, read = _KINDS[name]
    way = source.random()
    if suffix == ".json" and way < 0.6:
        content = json.dumps(mutated_json(json.loads(text), source)).encode("utf-8", errors="surrogatepass")
    elif way < 0.8:
        encoding = source.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"))
        content = mutated_text(text, source).encode(
            encoding, errors="replace" if encoding == "cp1252" else "surrogatepass"
        )
    else:
        content = mutated(text.encode(), source)
    path = folder / f"table{suffix}"
    path.write_bytes(content)

    def work() -> None:
        found = read(path)
        if name == "cohort":  # what was read can be written
            write_csv(folder / "problems.csv", ("problem",), [(str(each),) for each in found.problems])

    return Case(name, work)


TABLES = Driver("tables", "Tables and parameter files", _case)
