"""The section of the page of results: made of the numbers alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readingroom.formatting import counted, estimate_text
from readingroom.reading import Estimate

from .features import PATCH
from .films import LEAST_RADIUS, PIXEL, STEP
from .learn import APART, EACH, MODELS
from .measure import BRIGHT, ELSEWHERE, OPERATING, RANDOM, RATES, SPOT, Difference, Kind, Result

PLOT = "images/lesion-patches.png"
_DRAWN = (MODELS[0].name, SPOT, ELSEWHERE, RANDOM)


@dataclass(frozen=True)
class Found:
    """All numbers; the first of the results is that of the model that was named beforehand."""

    counts: Mapping[str, int]
    results: tuple[Result, ...]
    differences: tuple[Difference, ...]
    kinds: tuple[Kind, ...]


def section(found: Found) -> str:
    """The tables as Markdown."""
    counts, first = found.counts, found.results[0]
    lines = [
        "Written by `python -m experiments.lesion_patches`. A logistic regression on the inner maps of a frozen "
        f"MobileNetV2 (ImageNet), averaged over patches of {PATCH * PIXEL:.1f} mm, learns to tell places on lesions, "
        f"benign or malignant, from normal tissue (at most {EACH} places on a lesion, {EACH} on the rest of a film). "
        "It is trained five times, each time on four fifths of the patients, its strength chosen on patients left out "
        f"among those, and then asked every {STEP * PIXEL:.1f} mm of the tissue of the other patients' films, the "
        "pectoral muscle left out. "
        f"{counts['films']} MLO films of {counts['patients']} women are measured, {counts['with']} of them with "
        f"{counts['lesions']} lesions, {counts['malignant']} malignant; {counted(counts['unplaced'], 'more film')} "
        "with calcifications that have no place in the list train and test nothing. All intervals are over patients.",
        "",
        f"A mark lies on a lesion within its drawn radius, or within {LEAST_RADIUS:g} mm of its center where it is "
        f"smaller; marks are {APART:g} mm apart. False marks are counted on all films; a lesion off the tissue that "
        "was found counts as missed. The model of the first row was named before anything was measured; the rows below "
        "it say what it is made of, and none was chosen for its result. In one row the lesions of the list were moved "
        "to random places before all else, so that there is nothing to learn: what the same steps find there is "
        "chance. What needs no network stands below. Much of the AUC of patches is telling dense tissue from "
        f"fat: brightness alone has {estimate_text(_named(found, BRIGHT).patch_auc)}.",
        "",
        "| map | AUC of patches | the film's highest place is on a lesion | "
        + " | ".join(f"lesions found, {_marks(rate)} a film" for rate in RATES)
        + f" | malignant ones, {_marks(RATES[1])} | AUC of films by their highest place |",
        "| --- " * (5 + len(RATES)) + "|",
        *(_row(each) for each in found.results),
        "",
        f"![Lesions found against false marks on a film]({PLOT})",
        "",
        f"At thresholds that the other folds chose for {_marks(OPERATING)} a film, the first model finds "
        f"{estimate_text(first.at_threshold)} of the lesions with {first.false_marks:.2f} false marks a film; the "
        "table below goes by what the list calls them. Its highest place tells films with a malignant lesion from "
        "films without any lesion with an "
        f"AUC of {estimate_text(first.malignant_film_auc)}.",
        "",
        "| lesions | number | mean radius | found |",
        "| --- | --- | --- | --- |",
        *(
            f"| {each.name} | {each.lesions} | {each.radius:.0f} mm | {estimate_text(each.found)} |"
            for each in found.kinds
        ),
        "",
        f"| the first model against | highest place on a lesion, difference | lesions found with {_marks(RATES[1])}, "
        "difference |",
        "| --- | --- | --- |",
        *(
            f"| {each.other} | {estimate_text(each.first_hit, signed=True)} "
            f"| {estimate_text(each.localized, signed=True)} |"
            for each in found.differences
        ),
        "",
        _verdict(found),
    ]
    return "\n".join(lines) + "\n"


def plot(found: Found, path: Path) -> None:
    """Free-response curves; the interval of the first model is shaded."""
    from readingroom.learning.reporting.figures.style import COLORS, canvas, drawn, legend_below, line

    @drawn
    def figure() -> Any:
        picture = canvas(5.0, 5.0)
        axes = picture.subplots()
        by_name = {each.name: each.curve for each in found.results}
        first = by_name[_DRAWN[0]]
        axes.fill_between(first.false_marks, first.low, first.high, color=COLORS[0], alpha=0.15, linewidth=0)
        for number, name in enumerate(_DRAWN):
            axes.plot(by_name[name].false_marks, by_name[name].localized, **line(number), label=name)
        axes.set(xlabel="False marks on a film", ylabel="Lesions found", xlim=(0, 5), ylim=(0, 1))
        legend_below(axes)
        return picture

    figure().savefig(path, dpi=110)


def _named(found: Found, name: str) -> Result:
    return next(each for each in found.results if each.name == name)


def _row(each: Result) -> str:
    cells = [each.patch_auc, each.first_hit, *each.localized, each.malignant, each.film_auc]
    return f"| {each.name} | " + " | ".join("" if cell is None else estimate_text(cell) for cell in cells) + " |"


def _verdict(found: Found) -> str:
    """What follows, from the intervals of the differences."""
    better = [each.other for each in found.differences if _above(each.localized)]
    unclear = [each.other for each in found.differences if not _above(each.localized)]
    film = found.results[0].film_auc.interval
    said = []
    if better:
        said.append(f"With {_marks(RATES[1])} a film the patches find clearly more lesions than {_list(better)}")
    if unclear:
        said.append(f"{'but not' if better else 'The patches find not clearly more lesions'} than {_list(unclear)}")
    whole = "tells" if film is not None and film.low > 0.5 else "does not tell"
    return (
        ", ".join(said) + f". The highest place of the map {whole} films with a lesion from those without. It "
        f"marks what looks like the lesions of this list, benign ones as well, on scanned films at {PIXEL:.2f} mm a "
        "pixel, a third of them with a lesion: it says nothing of screening, where one false mark a film would be far "
        "too many. "
        "The license of the films allows research and says nothing of passing on, so that no weights made of them are "
        "part of this repository and the bundle for demonstration is made of phantoms."
    )


def _marks(rate: float) -> str:
    return "1 false mark" if rate == 1 else f"{rate:g} false marks"


def _above(found: Estimate) -> bool:
    return found.interval is not None and found.interval.low > 0


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
