"""How often a chest CT whose axes are exchanged is told from one that lies as it should, as ``docs/ct-orientation.md``.

python -m experiments.ct_orientation --data FOLDER [--page docs/ct-orientation.md]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import SimpleITK

from readingroom.imaging.lungs import find_lungs
from readingroom.imaging.volume import load_volume
from readingroom.trust.ct_orientation import orientation_checks

# Name, and what of the lungs is there.
CHESTS = {
    "lung_ct/LUNG1-001/ct.nii.gz": ("LUNG1-001", "whole, cropped to the lungs"),
    "lung_ct/LIDC-IDRI-0314/ct_2mm.nii.gz": ("LIDC-IDRI-0314", "whole; a lobe collapsed, fluid on the right"),
    "ct_lungdx/Lung_Dx-A0002": ("Lung_Dx-A0002", "nearly whole, slices of 8 mm"),
    "dicom_io/ct_lung1_001/image": ("LUNG1-001, 29 slices", "the middle third"),
    "totalseg_examples/pulmonary_report/models/ct_cropped.nii.gz": ("TotalSegmentator", "around the heart"),
}
WAYS = {"as it is": (), "upside down": (0,), "back to front": (1,), "mirrored": (2,)}
_WORDS = {"warn": "warned", "pass": "passed", "": "not judged"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--page", type=Path, default=Path("docs/ct-orientation.md"))
    options = parser.parse_args()
    options.page.write_text(page({name: judged(options.data / name) for name in CHESTS}), encoding="utf-8")


def judged(path: Path) -> dict[str, dict[str, str]]:
    """What each check of the axes says (``warn``, ``pass``, or nothing) of a CT laid in each way."""
    image = load_volume(path).image
    found = {}
    for way, axes in WAYS.items():
        turned = SimpleITK.GetImageFromArray(np.ascontiguousarray(np.flip(SimpleITK.GetArrayFromImage(image), axes)))
        turned.CopyInformation(image)
        lungs, voxels = find_lungs(turned), SimpleITK.GetArrayFromImage(turned)
        checks = orientation_checks(lungs, voxels, tuple(reversed(turned.GetSpacing())))
        found[way] = {check.name: check.status if check.value is not None else "" for check in checks}
    return found


def page(found: dict[str, dict[str, dict[str, str]]]) -> str:
    asked = {"upside down": "way up", "back to front": "front and back", "mirrored": "left and right"}
    lines = [
        "# When a chest CT lies wrongly",
        "",
        "Written by `python -m experiments.ct_orientation`. Files with an axis exchanged are rare and mostly came "
        "through a converter. Every public CT with lungs that we have was laid in each way, its lungs found anew, and "
        "the checks were asked. *Passed* means that the check saw the sign that it looks for, *not judged* that it "
        "says so: the geometry of the file is followed then.",
        "",
        "| CT | lungs | as it is | upside down | back to front | mirrored |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    told = dict.fromkeys(asked, 0)
    for name, ways in found.items():
        title, lungs = CHESTS[name]
        wrong = sorted(check for check, status in ways["as it is"].items() if status == "warn")
        cells = [f"warned of {', '.join(wrong)}" if wrong else "no warning"]
        for way, check in asked.items():
            status = ways[way].get(check, "")
            told[way] += status == "warn"
            cells.append(_WORDS[status])
        lines.append(f"| {title} | {lungs} | {' | '.join(cells)} |")
    counts = ", ".join(f"{way} {count} of {len(found)}" for way, count in told.items())
    lines += [
        "",
        f"Told: {counts}. An end of the lungs that is not on the image leaves *upside down* open. Left and right are "
        "told by heart and descending aorta together, or by liver beneath one lung and fat beneath the other; a base "
        "that is cut off, fluid, a collapsed lobe or a heart in the middle leave them open. **Do not rely on the "
        "pixels to tell a mirrored CT.**",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
