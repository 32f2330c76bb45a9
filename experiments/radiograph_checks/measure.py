"""How often the checks of the pixels stop films and other pictures, as ``docs/checks.md``.

    python -m experiments.radiograph_checks.measure --data FOLDER --cache FILE [--page docs/checks.md]

What is measured on the pictures is kept in ``--cache``, so that limits can be judged anew in seconds. With
``--numbers`` the counts are written as JSON instead: ``before.json`` beside this file holds those of the checks that
knew adults alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom import records
from readingroom.study import StudyImage
from readingroom.trust.picture_features import PictureFeatures, picture_features
from readingroom.trust.radiograph_checks import CHEST_STOP, feature_checks

from .pictures import CORONAL, FILMS, FRONTAL_SUM, Picture, films, large_enough, others

BEFORE = Path(__file__).with_name("before.json")
_EVERY = 4  # films that are shown wrongly as well
_IMAGE = StudyImage(role="frontal", path=Path("picture"))
Counts = dict[str, dict[str, dict[str, int]]]  # by half and kind: of pictures, stopped, and by the check that stopped


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--page", type=Path, default=Path("docs/checks.md"))
    parser.add_argument("--numbers", type=Path)
    options = parser.parse_args()
    if not options.cache.exists():
        lines = [json.dumps(line) for line in _measured(options.data)]
        options.cache.write_text("\n".join(lines), encoding="utf-8")
    found = judged(json.loads(line) for line in options.cache.read_text("utf-8").splitlines())
    if options.numbers:
        options.numbers.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        return
    options.page.write_text(page(found, json.loads(BEFORE.read_text("utf-8"))), encoding="utf-8")


def judged(measured: Iterator[Mapping[str, Any]]) -> Counts:
    """What the checks say of every picture, by the half of its patient and by its kind."""
    counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for line in measured:
        features = records.from_json(PictureFeatures, line["features"])
        stops = [check.name for check in feature_checks(features, _IMAGE) if check.status == "stop"]
        counts[line["half"]][line["kind"]].update(["pictures", *(["stopped", stops[0]] if stops else [])])
    return {half: {kind: dict(count) for kind, count in kinds.items()} for half, kinds in counts.items()}


def _measured(data: Path) -> Iterator[Mapping[str, Any]]:
    for half, kind, gray in _shown(data):
        yield {"half": half, "kind": kind, "features": dataclasses.asdict(picture_features(gray))}


def _shown(data: Path) -> Iterator[tuple[str, str, NDArray[np.floating]]]:
    for number, film in enumerate(films(data)):
        yield _half(film), film.kind, film.gray
        if number % _EVERY == 0:
            yield _half(film), "films, inverted", 1 - film.gray
            yield _half(film), "films, upside down", film.gray[::-1, ::-1]
            yield _half(film), "films, on their side", np.rot90(film.gray)
    for other in others(data):
        if large_enough(other):
            yield _half(other), other.kind, other.gray
    random = np.random.default_rng(0)
    for _ in range(50):
        yield "other", "noise", random.random((300, 300))
        yield "other", "one shade and a little noise", 0.5 + 0.004 * random.random((300, 300))


def _half(picture: Picture) -> str:
    return "teaching" if picture.teaches else "other"


def page(now: Counts, before: Counts) -> str:
    """The page in Markdown."""
    lines = [
        "# How often the checks of a radiograph are wrong",
        "",
        "Written by `python -m experiments.radiograph_checks.measure`; nothing here was typed in. The checks of the "
        "pixels were asked about public pictures. Patients were divided into two halves by a hash of their number: the "
        "network that tells a frontal chest from other pictures and the limit of its check "
        f"({CHEST_STOP:g}) were set on one half, and the first table counts the other half alone. Both halves were in "
        "view when it was settled how far a good fit of the template outweighs that network. The template of an "
        "adult chest was made of 700 films of the NIH Clinical Center in both halves, and the limits of the other "
        "checks on 904 films of adults in both halves. *Before* is what these checks did when they knew adults alone.",
        "",
        "Films are to pass, all others are to be stopped. Pictures that resemble a frontal radiograph, such as coronal "
        "slices, are listed for completeness. There were no radiographs of limbs among these pictures (a phantom of a "
        "hand is among the tests), and no real side views: those here are computed from the CT of four patients, and "
        "those of one of them pass. Do not rely on the pixels to tell a side view; its header mostly does.",
        "",
        "Pages of their own have the checks of [a mammography exam](mammogram-checks.md), [an abdominal "
        "MR](mr-checks.md) and [the liver's mask](liver-mask.md).",
        "",
        "## The half that taught nothing",
        "",
        *_table(now["other"], before["other"]),
        "",
        "## The half that the network was made from",
        "",
        *_table(now["teaching"], before["teaching"]),
    ]
    return "\n".join(lines) + "\n"


def _table(now: Mapping[str, Mapping[str, int]], before: Mapping[str, Mapping[str, int]]) -> list[str]:
    header = "| pictures | number | to be | stopped before | stopped | by which check |"
    lines = [header, "| --- | --- | --- | --- | --- | --- |"]
    all_films: Counter[str] = Counter()
    then: Counter[str] = Counter()
    for kind in FILMS:
        all_films.update(now[kind])
        then.update(before[kind])
    lines.append(_row("all films", all_films, then, "passed"))
    lines += [_row(kind, now[kind], before[kind], "passed") for kind in FILMS]
    likened = [kind for kind in now if kind in (CORONAL, FRONTAL_SUM)]
    rest = sorted(kind for kind in now if kind not in (*FILMS, *likened))
    lines += [_row(kind, now[kind], before[kind], "stopped") for kind in rest]
    return lines + [_row(kind, now[kind], before[kind], "–") for kind in likened]


def _row(kind: str, now: Mapping[str, int], before: Mapping[str, int], wanted: str) -> str:
    checks = {name: count for name, count in now.items() if name not in ("pictures", "stopped")}
    by = ", ".join(f"{name} {count}" for name, count in sorted(checks.items(), key=lambda item: -item[1]))
    return f"| {kind} | {now['pictures']} | {wanted} | {_share(before)} | {_share(now)} | {by} |"


def _share(count: Mapping[str, int]) -> str:
    stopped = count.get("stopped", 0)
    return f"{stopped} ({100 * stopped / count['pictures']:.2f} %)"


if __name__ == "__main__":
    main()
