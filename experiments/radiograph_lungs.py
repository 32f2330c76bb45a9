"""What the lungs of a radiograph are good for: how far the cardiothoracic ratio is from that measured by hand, and how
much of a map lies outside of the lungs.

    python -m experiments.radiograph_lungs --data DATA

``DATA`` is a folder with ``cxr`` and ``cxr_nih_more`` (the README of each says where they are from). The hand
measurements stand in this file: columns of right and left heart border, and of the inner chest wall at the right and
the left, in pixels of the film, read off a ruler that was drawn on it twice as large, before the borders were found by
the program. Where a border was hidden (consolidation, effusion, hiatal hernia) it was guessed, or the film left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from experiments.results.page import RADIOGRAPHS, with_section
from readingroom.bundles import store
from readingroom.files import write_text
from readingroom.formatting import decimal, percent
from readingroom.imaging.heart_borders import heart_columns
from readingroom.imaging.radiograph_lungs import chest_columns
from readingroom.progress import Progress
from readingroom.readers.base import ReadContext
from readingroom.readers.chest_xray import READER
from readingroom.readers.chest_xray_lungs import body_share, map_checks
from readingroom.readers.opening import open_study
from readingroom.readers.radiograph_lungs import find_lungs

# The search was set on these: of patients with pneumonia, portable films among them.
SET_ON = {
    "cxr/covid/covid_cohen_003.jpg": (162, 352, 20, 427),
    "cxr/covid/covid_cohen_016.jpg": (183, 368, 66, 416),
    "cxr/covid/covid_cohen_026.jpg": (224, 401, 74, 457),
    "cxr/covid/covid_cohen_031.jpg": (189, 402, 61, 461),
    "cxr/covid/covid_cohen_036.jpg": (182, 435, 20, 486),
    "cxr/covid/covid_cohen_065.jpg": (164, 407, 10, 488),
}
# These were looked at once, by this program.
HELD_OUT = {
    "cxr_nih_more/images/00000001_000.jpg": (188, 410, 45, 465),
    "cxr_nih_more/images/00000457_002.jpg": (170, 396, 63, 438),
    "cxr_nih_more/images/00001831_000.jpg": (208, 398, 74, 452),
    "cxr_nih_more/images/00000002_000.jpg": (177, 400, 51, 442),
    "cxr_nih_more/images/00000022_000.jpg": (197, 380, 26, 480),
    "cxr_nih_more/images/00000054_004.jpg": (184, 443, 53, 458),
    "cxr_nih_more/images/00000121_008.jpg": (203, 376, 51, 427),
    "cxr/normal/normal_nih_001.jpg": (188, 345, 68, 419),
    "cxr/normal/normal_nih_105.jpg": (203, 358, 97, 405),
    "cxr/pneumonia/pneumonia_nih_005.jpg": (213, 376, 72, 420),
    "cxr/pneumonia/pneumonia_nih_050.jpg": (214, 358, 57, 437),
    "cxr/pneumonia/pneumonia_nih_093.jpg": (205, 396, 92, 439),
}
_BUNDLE = "cxr-nih-pneumonia"


@dataclass(frozen=True)
class Film:
    """What was found on a film.

    Parameters
    ----------
    ratio : heart to chest; None where it was not found
    outside, even, hottest : share of the map outside of the lungs, of an even map, and of the hottest region, 0 to 1
    """

    ratio: float | None = None
    outside: float | None = None
    even: float = 0.0
    hottest: float = 0.0


def film(path: Path, with_map: bool = True) -> Film:
    """Lungs, ratio and map of a file."""
    bundle = store.find(_BUNDLE)
    context = ReadContext(bundle, torch.device("cpu"), Progress(), force=True)
    case = READER.load(open_study(READER, {"frontal": path}))
    gray = case.images["frontal"].gray
    lungs = find_lungs(gray, context)
    if lungs is None:
        return Film()
    heart, chest = heart_columns(gray, lungs), chest_columns(lungs)
    ratio = None if heart is None or chest is None else (heart[1] - heart[0]) / (chest[1] - chest[0])
    if not with_map:
        return Film(ratio)
    context.model = READER.load_model(bundle, context.device)
    (prediction,) = READER.predict(context.model, [case], context, explainable=True)
    heat = np.asarray(READER.explain(case, prediction, context).maps[0].heat).reshape(gray.shape)
    place, hottest = map_checks(heat, lungs, body_share(gray))
    assert place.value is not None
    assert place.limit is not None
    assert hottest.value is not None
    return Film(ratio, place.value / 100, place.limit / 100, hottest.value / 100)


def by_hand(right: float, left: float, chest_right: float, chest_left: float) -> float:
    """The cardiothoracic ratio of columns that were measured."""
    return (left - right) / (chest_left - chest_right)


def section(data: Path, every: int) -> str:
    """The section in Markdown."""
    return "\n".join([*_of_ratio(data), "", *_of_maps(data, every)])


def _of_ratio(data: Path) -> Iterator[str]:
    yield (
        "Written by `python -m experiments.radiograph_lungs`. **Cardiothoracic ratio** of adults' PA films, against "
        "the columns of both heart borders and of the inner chest wall that were read off a ruler, once, by one reader "
        "who is no radiologist (they stand in the program). The search for the borders was set on the films of the "
        "first row; those of the second were measured before the program saw them. That no width is given where a "
        "border shows too little was added when the first look at them had shown two films far off (by 0.28 and 0.06) "
        "for that reason; its limit is that of the worst film of the first row. Limits of agreement: mean difference "
        "and 1.96 standard deviations. A read gives those of all films."
    )
    yield ""
    yield (
        "| films | found | by hand | mean absolute error | mean difference | 95 % limits of agreement | largest error |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    groups = {"pneumonia, Cohen (set on)": SET_ON, "NIH (held out)": HELD_OUT, "all": SET_ON | HELD_OUT}
    for title, hand in groups.items():
        pairs = [(film(data / name, with_map=False).ratio, by_hand(*columns)) for name, columns in hand.items()]
        yield _ratio_row(title, [(ratio, own) for ratio, own in pairs if ratio is not None], [own for _, own in pairs])


def _ratio_row(title: str, pairs: Sequence[tuple[float, float]], hand: Sequence[float]) -> str:
    off = np.array([ratio - own for ratio, own in pairs])
    low, high = off.mean() - 1.96 * off.std(ddof=1), off.mean() + 1.96 * off.std(ddof=1)
    cells = [
        title,
        f"{len(pairs)} of {len(hand)}",
        f"{min(hand):.2f} to {max(hand):.2f}",
        decimal(np.abs(off).mean(), 3),
    ]
    cells += [decimal(off.mean(), 3, signed=True), f"{decimal(low, 3)} to {decimal(high, 3)}"]
    return f"| {' | '.join([*cells, decimal(np.abs(off).max(), 3)])} |"


def _of_maps(data: Path, every: int) -> Iterator[str]:
    folders = {"NIH, pneumonia": "cxr/pneumonia/pneumonia_nih_*.jpg", "NIH, normal": "cxr/normal/normal_nih_*.jpg",
               "COVID-19, Cohen": "cxr/covid/covid_cohen_*.jpg"}  # fmt: skip
    yield (
        f"**Where the maps of `{_BUNDLE}` lie.** A map warns when no more of it lies on the lungs than of a map that "
        "is even over the body, and when more than half of its hottest region (at least 75 % of the hottest point) "
        "lies outside of them; the lungs are those that were found. NIH films may have trained the bundle."
    )
    yield ""
    yield (
        "| films | lungs found | map outside of the lungs, median (5 % to 95 %) | an even map "
        "| no better than even | hottest region outside, median (5 % to 95 %) | more than half of it |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for title, pattern in folders.items():
        files = sorted(data.glob(pattern))[::every]
        films = [film(path) for path in files]
        shown = [one for one in films if one.outside is not None]
        outside, even, hottest = np.array([(one.outside, one.even, one.hottest) for one in shown], dtype=float).T
        cells = [title, f"{len(shown)} of {len(films)}", _spread(outside), percent(float(np.median(even)))]
        cells += [percent(float((outside >= even).mean())), _spread(hottest), percent(float((hottest > 0.5).mean()))]
        yield f"| {' | '.join(cells)} |"


def _spread(values: np.ndarray) -> str:
    low, middle, high = (percent(float(value)) for value in np.percentile(values, [5, 50, 95]))
    return f"{middle} ({low} to {high})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--every", type=int, default=2, help="of how many films one is taken for the maps")
    parser.add_argument("--page", type=Path, default=Path("docs/results.md"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    text = section(options.data, options.every)
    write_text(options.page, with_section(options.page.read_text(encoding="utf-8"), RADIOGRAPHS, text))


if __name__ == "__main__":
    main()
