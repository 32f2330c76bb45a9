"""A small cohort that lies on disk as the real one does."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def a_cohort_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 noisy pictures of 24 patients; pneumonia is a bright patch. Patients 1 to 12 are normal, 7 to 18 ill."""
    data = tmp_path_factory.mktemp("data")
    generator = np.random.default_rng(0)
    for folder in ("cxr", "cxr_nih_extra"):
        rows = []
        for patient in range(1, 25):
            ill = patient > 12
            pixels = generator.normal(90, 20, (96, 96))
            if ill:
                pixels[20:60, 20:60] += 80
            label = "pneumonia" if ill else "normal"
            number = patient if not ill else patient - 6
            name = f"{label}/{folder}_{patient:03d}.png"
            (data / folder / label).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(data / folder / name)
            rows.append(
                {
                    "file": name,
                    "label": label,
                    "source": "nih",
                    "patient_id": f"NIH-{number:05d}",
                    "view": "AP" if patient % 2 else "PA",
                    "age": str(10 + 3 * patient),
                    "sex": "F" if patient % 3 else "M",
                    "nih_matched": str(int(number <= 12)),
                }
            )
        rows.append({**rows[0], "source": "cohen", "file": "normal/other.png", "patient_id": "COH-1"})
        with (data / folder / "labels.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return data
