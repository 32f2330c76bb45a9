"""Every number against PyRadiomics 3.0.1: stored values, its own baselines, and the IBSI digital phantom."""

from __future__ import annotations

import ast
import csv
import json
from pathlib import Path
from typing import Any

import pytest
import SimpleITK

from readingroom.radiomics.measure import measure
from readingroom.radiomics.settings import OPTIONS, Settings, from_parameters

STORED = json.loads(Path(__file__).with_name("pyradiomics_values.json").read_text(encoding="utf-8"))["measurements"]
BASELINES = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm", "shape")


@pytest.mark.parametrize("stored", STORED, ids=[f"{each['case']}: {each['name']}" for each in STORED])
def test_stored_values_of_pyradiomics_come_out(stored, differing, measured_case):
    found = measured_case(stored["case"], from_parameters(stored["parameters"])).values
    assert list(found) == list(stored["values"])
    assert not differing(found, stored["values"])


def test_the_default_is_107_features(an_image, a_mask):
    assert len(measure(an_image, a_mask).values) == 107


@pytest.mark.parametrize("kind", ["uint8", "int16", "int32", "float32", "float64"])
def test_whole_numbers_give_the_same_features_in_every_type(an_image, a_mask, differing, kind):
    shifted = an_image + 130
    pixels = {
        "uint8": SimpleITK.sitkUInt8,
        "int16": SimpleITK.sitkInt16,
        "int32": SimpleITK.sitkInt32,
        "float32": SimpleITK.sitkFloat32,
        "float64": SimpleITK.sitkFloat64,
    }[kind]
    expected = measure(SimpleITK.Clamp(shifted, SimpleITK.sitkInt16, 0, 255), a_mask).values
    found = measure(SimpleITK.Cast(SimpleITK.Clamp(shifted, SimpleITK.sitkInt16, 0, 255), pixels), a_mask).values
    assert not differing(found, expected, relative=1e-12)


def test_the_ibsi_digital_phantom_gives_what_pyradiomics_gives(shared, differing):
    folder = shared / "oracles" / "radiomics"
    oracle = json.loads((folder / "ibsi_digital_phantom.json").read_text())
    found = measure(*_pair(folder, "ibsi_digital_phantom", ".nii.gz"), Settings(bin_width=1)).values
    assert not differing(found, {f"original_{name}": value for name, value in oracle["pyradiomics_features"].items()})


def test_both_lungs_give_what_pyradiomics_gives(shared, differing):
    """Against stored values, as PyRadiomics needs more than a minute; ``bench/radiomics.py`` runs both."""
    folder = shared / "data" / "lung_ct" / "LUNG1-001"
    image, labels = (SimpleITK.ReadImage(str(folder / f"{name}.nii.gz")) for name in ("ct", "labels"))
    stored = json.loads(Path(__file__).with_name("pyradiomics_lungs.json").read_text(encoding="utf-8"))
    found = measure(image, (labels == 1) | (labels == 2)).values
    assert len(found) == 107
    assert not differing(found, stored["values"])


@pytest.mark.parametrize("feature_class", BASELINES)
def test_pyradiomics_own_baselines_come_out(shared, differing, feature_class):
    """All columns of the baseline files whose images are here: resampling, fixed bin count, slices, thresholds ..."""
    folder = shared / "data" / "pyradiomics_baseline"
    oracle = json.loads((shared / "oracles" / "radiomics" / "pyradiomics_baseline.json").read_text())
    columns = _baselines(folder / f"baseline_{feature_class}.csv")
    assert {"brain1", "breast1"} <= set(columns)
    for column, (parameters, expected) in columns.items():
        case = column.split("_")[0]
        if (
            feature_class == "shape" and column == "brain1"
        ):  # of an older mesh; PyRadiomics 3.0.1 gives the recomputed values
            expected = {name: oracle[case].get(name, {"recomputed": v})["recomputed"] for name, v in expected.items()}
        image, mask = _pair(folder, case, ".nrrd", mask="label")
        found = measure(image, mask, from_parameters(parameters)).values
        assert not differing(found, expected), column


def _pair(folder: Path, name: str, suffix: str, mask: str = "mask") -> tuple[SimpleITK.Image, SimpleITK.Image]:
    image, labels = (SimpleITK.ReadImage(str(folder / f"{name}_{kind}{suffix}")) for kind in ("image", mask))
    return image, labels


def _baselines(path: Path) -> dict[str, tuple[dict[str, Any], dict[str, float]]]:
    """Parameters and values of each column."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = {row[0]: row[1:] for row in csv.reader(file)}
    names = next(iter(rows.values()))
    columns = {}
    for place, column in enumerate(names):
        # The flat region has another image; the mesh of the resampled brain is the older one.
        if not column.startswith(("brain1", "breast1")) or "flatRegion" in column or column == "brain1_resampling":
            continue
        settings = ast.literal_eval(rows["diagnostics_Configuration_Settings"][place])
        known = {key: value for key, value in settings.items() if key in OPTIONS.values() and value is not None}
        values = {name: row[place] for name, row in rows.items() if name.startswith("original_") and row[place]}
        feature_class = next(iter(values)).split("_")[1]
        parameters = {"setting": known, "featureClass": {feature_class: [name.split("_")[2] for name in values]}}
        columns[column] = (parameters, {name: float(value) for name, value in values.items()})
    return columns
