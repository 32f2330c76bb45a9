"""What the checks of an abdominal MR say of real volumes, as ``docs/mr-checks.md``.

python -m experiments.mr_checks --data FOLDER [--page docs/mr-checks.md]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from readingroom.imaging.bias_field import bias_field
from readingroom.imaging.mr_facts import mr_series
from readingroom.imaging.open import open_image
from readingroom.imaging.volume import Volume, open_volume
from readingroom.readers.answer import Case
from readingroom.reading import Check
from readingroom.study import Study, StudyImage
from readingroom.trust.mr_checks import bias_check, mr_checks

Voxels = NDArray[np.float32]

ABDOMENS = {
    "abdomen, axial T2 (Toshiba, DICOM)": "abdomen_mr/CMB-CRC_SCAN_001/t2_image_dicom",
    "slab of an abdomen (NIfTI, no header)": "totalseg_examples/example_mr_sm.nii.gz",
}
OTHERS = {
    "ADC map of the same abdomen (DICOM)": "abdomen_mr/CMB-CRC_SCAN_001/adc_image_dicom",
    "thigh 1, T1 (DICOM)": "dicom_io/mr_sts_002/image",
    "thigh 1, T1 (NIfTI)": "sts_pet_ct_mr/STS_002/MR_T1_image.nii.gz",
    "thigh 2, T1 (NIfTI)": "sts_pet_ct_mr/STS_003/MR_T1_image.nii.gz",
    "trunk, CT (NIfTI)": "totalseg_examples/example_ct.nii.gz",
    "slab of a trunk, CT (NIfTI)": "totalseg_examples/example_ct_sm.nii.gz",
    "CT (Siemens, DICOM)": "totalseg_examples/example_ct_dicom",
    "chest 1, CT (NIfTI)": "lung_ct/LIDC-IDRI-0314/ct_2mm.nii.gz",
    "chest 2, CT (NIfTI)": "lung_ct/LUNG1-001/ct.nii.gz",
    "thigh 1, CT (NIfTI)": "sts_pet_ct_mr/STS_002/CT_image.nii.gz",
    "thigh 1, PET (NIfTI)": "sts_pet_ct_mr/STS_002/PET_image.nii.gz",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--page", type=Path, default=Path("docs/mr-checks.md"))
    options = parser.parse_args()
    options.page.write_text(page(options.data), encoding="utf-8")


def page(data: Path) -> str:
    """The page in Markdown."""
    lines = [
        "# What the checks of an abdominal MR say of real volumes",
        "",
        "Written by `python -m experiments.mr_checks`; nothing here was typed in. Limits were set on phantoms and with "
        "these volumes in view: nothing here is a test on volumes that taught nothing, and two abdomens are few.",
        "",
        "## Volumes as they are",
        "",
        "| volume | the header says | stopped by | warned by | N4 finds |",
        "| --- | --- | --- | --- | --- |",
        *(_row(title, *opened(data / path)) for title, path in {**ABDOMENS, **OTHERS}.items()),
        "",
        "*N4 finds*: how many times brighter one end of the body is made by the coils, on MR of abdomens.",
        "",
        "## Abdomens that were spoiled",
        "",
        "| spoiled | abdomens | told by the check that is to tell it |",
        "| --- | --- | --- |",
        *_spoiled(data),
    ]
    return "\n".join(lines) + "\n"


def opened(path: Path) -> tuple[StudyImage, Volume]:
    """An image with what its header says, and its voxels."""
    image = open_image(path, "mr", 3, ("MR",)).image
    return image, open_volume(image)


def checked(image: StudyImage, volume: Volume) -> tuple[Check, ...]:
    """What the checks say of them, the bias field included."""
    found = mr_checks(Case(Study((image,)), {"mr": volume}, {}, ()), "mr")
    field = bias_field(volume.image)
    return (*found, bias_check(field)) if field is not None else found


def _row(title: str, image: StudyImage, volume: Volume) -> str:
    checks = checked(image, volume)
    says = mr_series(image).words if image.modality == "MR" else image.modality
    by = {
        status: ", ".join(check.name for check in checks if check.status == status) or "–"
        for status in ("stop", "warn")
    }
    spread = next((check.value for check in checks if check.name == "bias field"), None)
    field = f"{spread:.1f} times" if title in ABDOMENS and spread is not None else "–"
    return f"| {title} | {says or 'nothing'} | {by['stop']} | {by['warn']} | {field} |"


def _noisy(voxels: Voxels) -> Voxels:
    noise = np.random.default_rng(0).normal(0, np.percentile(voxels, 75) / 2, voxels.shape)
    return np.abs(voxels + noise).astype(np.float32)


def _brighter_in_front(voxels: Voxels) -> Voxels:
    return voxels * np.exp(-0.7 * np.linspace(-1, 1, voxels.shape[1]))[None, :, None].astype(np.float32)


def _every_other_darker(voxels: Voxels) -> Voxels:
    return voxels * np.where(np.arange(len(voxels)) % 2, 1, 0.6)[:, None, None].astype(np.float32)


# How an abdomen is spoiled, and the check that is to say so.
SPOILED: dict[str, tuple[str, Callable[[Voxels], Voxels]]] = {
    "noise of half the bright tissue": ("noise", _noisy),
    "four times brighter in front than behind": ("bias field", _brighter_in_front),
    "every other slice darker by two fifths": ("even slices", _every_other_darker),
    "all above the median cut off": ("cut values", lambda voxels: np.minimum(voxels, np.percentile(voxels, 60))),
    "only the lowest three or four slices": ("coverage", lambda voxels: voxels[: 4 if len(voxels) < 30 else 3]),
    "60 gray levels": ("gray levels", lambda voxels: np.floor(voxels / (voxels.max() / 60))),
    "subtracted from itself, shifted": ("negative values", lambda voxels: voxels - np.roll(voxels, 5, axis=2)),
    "a mask": ("values", lambda voxels: (voxels > np.percentile(voxels, 70)).astype(np.float32)),
    "all zero": ("values", np.zeros_like),
}


def _spoiled(data: Path) -> Iterator[str]:
    abdomens = [opened(data / path) for path in ABDOMENS.values()]
    for title, (asked, spoil) in SPOILED.items():
        told = 0
        for image, volume in abdomens:
            pixels = SimpleITK.GetImageFromArray(np.ascontiguousarray(spoil(volume.voxels), np.float32))
            pixels.SetSpacing(volume.image.GetSpacing())
            checks = checked(image, Volume(pixels))
            told += any(check.name == asked and check.status != "pass" for check in checks)
        yield f"| {title} | {len(abdomens)} | {told} ({asked}) |"


if __name__ == "__main__":
    main()
