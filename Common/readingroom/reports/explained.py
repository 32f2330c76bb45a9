"""What a report says of explained features: which speak, what they follow, how far the patient lies from the cohort."""

from __future__ import annotations

from ..formatting import UNKNOWN, cohort_text, decimal, explained_text, number_text, percent
from ..reading import FeatureExplanation, Followed, Reading
from .document import Bar, Bars, Block, Paragraph, SignedBar, SignedBars, Table

_MOST_SPEAKING, _MOST_VALUES = 12, 12


def explained_blocks(reading: Reading) -> list[Block]:
    """The blocks of the section; none where nothing is explained."""
    explained = reading.explained
    if explained is None:
        return []
    speaking = explained.speaking[:_MOST_SPEAKING]
    blocks: list[Block] = [
        Paragraph(explained_text(explained)),
        Bars(tuple(Bar(one.title, one.probability, None, None, None, "") for one in explained.answers)),
    ]
    if speaking:
        bars = (SignedBar(one.title, one.contribution, cohort_text(one.z, one.share_below)) for one in speaking)
        blocks.append(SignedBars(tuple(bars), "speaks against", "speaks for"))
        header = ("Feature", "Follows", "In training", "Held out", "This patient")
        rows = [row for one in speaking for row in _followed(one.name, one.follows, explained)]
        kept = [place for place, title in enumerate(header) if title != "Held out" or explained.has_held_out]
        blocks.append(Table(tuple(header[i] for i in kept), tuple(tuple(row[i] for i in kept) for row in rows)))
    if values := _farthest(explained):
        blocks.append(Table(("Farthest handcrafted features", "Value", "Against the cohort"), values))
    return [*blocks, *(Paragraph(note) for note in explained.notes)]


def _followed(name: str, follows: tuple[Followed, ...], explained: FeatureExplanation) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for number, one in enumerate(follows):
        known = explained.value(one.feature)
        rows.append(
            (
                name if number == 0 else "",
                known.title if known is not None else one.feature,
                f"{decimal(one.correlation, signed=True)}, again in {percent(one.stability)}",
                UNKNOWN if one.held_out is None else decimal(one.held_out, signed=True),
                UNKNOWN if known is None else cohort_text(known.z, known.share_below),
            )
        )
    return rows


def _farthest(explained: FeatureExplanation) -> tuple[tuple[str, ...], ...]:
    """The handcrafted features that lie farthest from the mean of the cohort."""
    ranked = sorted((one for one in explained.handcrafted if one.z is not None), key=lambda one: -abs(one.z or 0.0))
    return tuple(
        (one.title, f"{number_text(one.value or 0.0)} {one.unit}".strip(), cohort_text(one.z, one.share_below))
        for one in ranked[:_MOST_VALUES]
    )
