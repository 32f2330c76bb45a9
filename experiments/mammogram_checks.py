"""How often the checks of a mammography exam are right on real films, as ``docs/mammogram-checks.md``.

python -m experiments.mammogram_checks --data FOLDER [--page docs/mammogram-checks.md]
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from readingroom.csv_table import read_csv
from readingroom.imaging.breast import find_breast
from readingroom.imaging.mammography_exam import SIDES, shown_view
from readingroom.imaging.open import open_image
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.reading import Check
from readingroom.trust.mammogram_checks import View, exam_checks

Gray = NDArray[np.float32]
Exam = Mapping[str, tuple[Path, Gray]]  # by role
Spoiled = dict[str, Gray]

MIRRORED = "birads_exam"  # its right views are
_FILMS, _EXAMS = "mini-MIAS (screen film, MLO)", "four-view exams (two of screen film, two digital)"
_STRANGERS = {
    "chest radiographs": ("cxr", "*/*.jpg", "*/*.png"),
    "axial CT slices": ("covid_ct", "*/*.jpg", "*/*.png"),
}
_AT_MOST = 100  # of each kind of stranger


def exams(data: Path) -> Iterator[tuple[str, str, Exam]]:
    """Which set an exam is of, its name, and its views."""
    for folder, title, exam in (("mammo", _FILMS, "patient_id"), ("mammo_fourview", _EXAMS, "exam")):
        found: dict[str, dict[str, tuple[Path, Gray]]] = {}
        for row in read_csv(data / folder / "labels.csv").records(needed=("file", exam, "laterality", "view")):
            role = f"{SIDES[row['laterality']]}-{row['view'].lower()}"
            found.setdefault(row[exam], {})[role] = (data / folder / row["file"], _gray(data / folder / row["file"]))
        yield from ((title, name, views) for name, views in found.items())


def checked(views: Mapping[str, tuple[Path, Gray]]) -> tuple[Check, ...]:
    """What the checks say of these pixels."""
    shown = []
    for role, (path, gray) in views.items():
        image = open_image(path, role).image
        shown.append(View(role, image, gray, find_breast(gray, shown_view(image))))
    return exam_checks(shown)


def _gray(path: Path) -> Gray:
    return load_radiograph(open_image(path, "picture").image).gray


def _mirrored(role: str, gray: Gray) -> Spoiled:
    return {role: np.ascontiguousarray(gray[:, ::-1])}


def _exchanged(role: str, gray: Gray) -> Spoiled:
    side, view = role.split("-")
    return {f"{side}-{'cc' if view == 'mlo' else 'mlo'}": gray}


def _twice(role: str, gray: Gray) -> Spoiled:
    other = "right" if role.startswith("left") else "left"
    return {role: gray, role.replace(role.partition("-")[0], other): np.ascontiguousarray(gray[:, ::-1])}


def _dark(role: str, gray: Gray) -> Spoiled:
    return {role: np.float32(0.1) * gray}


def _inverted(role: str, gray: Gray) -> Spoiled:
    return {role: 1 - gray}


def _cut_off(role: str, gray: Gray) -> Spoiled:
    """Without the outermost fifth of the breast."""
    breast = find_breast(gray)
    columns = np.flatnonzero(breast.mask.any(axis=0))
    width = len(columns) // 5
    part = gray[:, : columns[-1] - width] if role.startswith("left") else gray[:, columns[0] + width :]
    return {role: np.ascontiguousarray(part)}


def _written_on(role: str, gray: Gray) -> Spoiled:
    """A name, a number, a date and a hospital in the lower outer corner, 1/40 of the film's height each."""
    size = max(8, len(gray) // 40)
    picture = Image.fromarray((255 * gray).astype(np.uint8))
    text = "DOE^JANE\nID 0047110815\n1961-04-12  F\nST ELSEWHERE HOSPITAL"
    font = ImageFont.load_default(size)
    left, _, right, _ = ImageDraw.Draw(picture).multiline_textbbox((0, 0), text, font)
    column = 0 if role.startswith("right") else max(0, picture.width - int(right - left) - 4)
    ImageDraw.Draw(picture).multiline_text((column, len(gray) - 6 * size), text, fill=255, font=font)
    written: Gray = np.asarray(picture, dtype=np.float32) / np.float32(255)
    return {role: written}


def _framed(role: str, gray: Gray) -> Spoiled:
    """A bright bar along the edge opposite to the chest wall, a fortieth of the width."""
    framed, width = gray.copy(), max(4, gray.shape[1] // 40)
    framed[:, slice(None, width) if role.startswith("right") else slice(-width, None)] = 0.8
    return {role: framed}


# How a view is spoiled, and the check that is to say so.
SPOILED: dict[str, tuple[str, Callable[[str, Gray], Spoiled]]] = {
    "left and right exchanged (mirrored)": ("chest wall", _mirrored),
    "CC and MLO exchanged": ("outline", _exchanged),
    "the other side is the same picture, mirrored": ("duplicate", _twice),
    "a name and a hospital burnt in": ("text", _written_on),
    "the outer fifth of the breast cut off": ("skin", _cut_off),
    "a bright bar along the outer edge": ("paddle", _framed),
    "a tenth of its brightness": ("exposure", _dark),
    "black and white exchanged": ("", _inverted),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--page", type=Path, default=Path("docs/mammogram-checks.md"))
    options = parser.parse_args()
    options.page.write_text(page(list(exams(options.data)), options.data), encoding="utf-8")


def page(found: Sequence[tuple[str, str, Exam]], data: Path) -> str:
    """The page in Markdown."""
    lines = [
        "# How often the checks of a mammography exam are right",
        "",
        "Written by `python -m experiments.mammogram_checks`; nothing here was typed in. The checks were asked about "
        "every public film at hand, by the side and view that its table states. Limits were set on phantoms and then, "
        "with these films in view, on them: nothing here is a test on films that taught nothing. *Mirrored* is an exam "
        "whose right views were mirrored by those who published it.",
        "",
        "## Films as they are",
        "",
        *_as_they_are(found),
        "",
        "## Films that were spoiled",
        "",
        "Each view was spoiled alone. *Told* is a view of which the check speaks, or that any check stops. Warnings "
        "that the same view has anyway count as well.",
        "",
        *_spoiled(found),
        "",
        "## Pictures that are no mammograms",
        "",
        *_strangers(data),
    ]
    return "\n".join(lines) + "\n"


def _as_they_are(found: Sequence[tuple[str, str, Exam]]) -> Iterator[str]:
    said: dict[str, Counter[str]] = {}
    for title, name, views in found:
        kind = "mirrored right views" if name == MIRRORED else title
        count = said.setdefault(kind, Counter())
        count.update(exams=1, views=len(views))
        wrong = [check for check in checked(views) if check.status != "pass" and check.name != "views"]
        count.update(stopped=any(check.status == "stop" for check in wrong))
        count.update(f"{check.name} ({check.status})" for check in wrong)
    yield "| exams | number | views | stopped | what was said, in exams |"
    yield "| --- | --- | --- | --- | --- |"
    for kind, count in said.items():
        words = {name: number for name, number in count.items() if name not in ("exams", "views", "stopped")}
        text = ", ".join(f"{name} {number}" for name, number in sorted(words.items(), key=lambda item: -item[1]))
        yield f"| {kind} | {count['exams']} | {count['views']} | {count['stopped']} | {text} |"


def _spoiled(found: Sequence[tuple[str, str, Exam]]) -> Iterator[str]:
    yield "| spoiled view | number | told | by the check |"
    yield "| --- | --- | --- | --- |"
    usable = [(role, *view) for _, name, views in found if name != MIRRORED for role, view in views.items()]
    for title, (asked, spoil) in SPOILED.items():
        told = 0
        for role, path, gray in usable:
            checks = checked({new: (path, pixels) for new, pixels in spoil(role, gray).items()})
            told += any(check.status == "stop" or (check.name == asked and check.status != "pass") for check in checks)
        share = f"{told} ({100 * told / len(usable):.0f} %)"
        yield f"| {title} | {len(usable)} | {share} | {asked or '–'} |"


def _strangers(data: Path) -> Iterator[str]:
    yield "| pictures, given as a left CC and as a left MLO view | number | stopped |"
    yield "| --- | --- | --- |"
    for title, (folder, *patterns) in _STRANGERS.items():
        paths = sorted(path for pattern in patterns for path in (data / folder).glob(pattern))
        paths = paths[:: max(1, len(paths) // _AT_MOST)][:_AT_MOST]
        stopped = 0
        for path in paths:
            gray = _gray(path)
            given = (checked({role: (path, gray)}) for role in ("left-cc", "left-mlo"))
            stopped += all(any(check.status == "stop" for check in checks) for checks in given)
        yield f"| {title} | {len(paths)} | {stopped} ({100 * stopped / max(len(paths), 1):.0f} %) |"


if __name__ == "__main__":
    main()
