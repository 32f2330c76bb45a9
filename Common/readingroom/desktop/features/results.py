"""What was measured of the segments of one image, and how it is said in a table. Knows neither Qt nor a scene."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...csv_table import csv_text
from ...radiomics import units
from ...radiomics.feature_classes import TITLES
from ...radiomics.features import Features
from ...radiomics.signature.score import Score


@dataclass(frozen=True)
class Region:
    """One segment as the worker measured it: ``features`` and, with a signature, a ``score``; or a ``problem``."""

    features: Features
    score: Score | None = None
    problem: str = ""

    def noted(self, notes: Sequence[str]) -> Region:
        """The same region with more to be known of it, where it was measured."""
        if self.problem or not notes:
            return self
        return replace(self, features=replace(self.features, notes=(*self.features.notes, *notes)))

    def value(self, feature: str) -> float:
        """NaN where the feature is not defined or was not measured."""
        return self.features.values.get(feature, math.nan)

    def to_json(self) -> dict[str, Any]:
        """Plain values, as the worker's answer has them."""
        return {
            "values": {name: value if math.isfinite(value) else None for name, value in self.features.values.items()},
            "provenance": dict(self.features.provenance),
            "notes": list(self.features.notes),
            "problem": self.problem,
            "score": self.score.to_json() if self.score is not None else None,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Region:
        """What `to_json`, or the worker, gave.

        Raises
        ------
        KeyError, TypeError, ValueError : it is no such thing
        """
        values = {name: math.nan if value is None else float(value) for name, value in content["values"].items()}
        features = Features(values, dict(content["provenance"]), tuple(content["notes"]))
        score = Score.from_json(content["score"]) if content.get("score") is not None else None
        return cls(features, score, str(content["problem"]))


def failed(problem: str) -> Region:
    """A segment that has no features, and why."""
    return Region(Features({}, {}), problem=problem)


@dataclass(frozen=True)
class MeasuredSegment:
    """A segment ``now`` and, when it was edited since a person asked for its features, ``before`` that."""

    key: str
    name: str
    now: Region
    before: Region | None = None

    def measured_again(self, region: Region) -> MeasuredSegment:
        """The same segment after an edit. What it is compared with stays what a person asked for."""
        return replace(self, now=region, before=self.before or self.now)


@dataclass(frozen=True)
class Results:
    """The measured segments of one segmentation over one image.

    Parameters
    ----------
    image_unit : of the gray values: ``HU``, or empty
    engine : who measured; one of `radiomics.engines.ENGINES`, or ``slicer``
    """

    image: str
    image_unit: str
    engine: str
    segments: tuple[MeasuredSegment, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """The names of all features that any segment has, class by class."""
        names = dict.fromkeys(name for segment in self.segments for name in segment.now.features.values)
        groups: dict[str, list[str]] = {}
        for name in names:
            groups.setdefault(group_of(name), []).append(name)
        return tuple(name for group in groups.values() for name in group)

    @property
    def measured(self) -> tuple[MeasuredSegment, ...]:
        """The segments that have features."""
        return tuple(segment for segment in self.segments if not segment.now.problem)

    def segment(self, key: str) -> MeasuredSegment | None:
        """The segment of this ID."""
        return next((segment for segment in self.segments if segment.key == key), None)

    def unit(self, feature: str) -> str:
        """The unit of a feature; empty when it has none."""
        return units.unit(feature, self.image_unit)

    def with_edited(self, regions: Mapping[str, Region]) -> Results:
        """These results after some of the segments were edited and measured again."""
        again = (s.measured_again(regions[s.key]) if s.key in regions else s for s in self.segments)
        return replace(self, segments=tuple(again))

    def csv(self) -> str:
        """As `readingroom radiomics` writes it: ``feature,value`` for one segment, for several a column each.

        With a score, columns for the percentiles in its cohort and for ``stability`` follow.
        """
        segments = self.measured
        scored = [(segment, segment.now.score) for segment in segments if segment.now.score is not None]
        unstable = {feature for _segment, score in scored for feature in score.unstable}
        alone = len(segments) == 1
        titles = ["value"] if alone else [segment.name for segment in segments]
        titles += ["percentile" if alone else f"{segment.name} percentile" for segment, _score in scored]
        rows = [["feature", *titles, *(["stability"] if unstable else [])]]
        known = dict.fromkeys(name for segment in segments for name in segment.now.features.provenance)
        rest = [""] * (len(rows[0]) - 1 - len(segments))
        rows += [[name, *(s.now.features.provenance.get(name, "") for s in segments), *rest] for name in known]
        for name in self.features:
            row = [name, *(repr(segment.now.value(name)) for segment in segments)]
            row += [str(score.percentiles.get(name, "")) for _segment, score in scored]
            rows.append([*row, *(["unstable" if name in unstable else ""] if unstable else [])])
        return csv_text(rows[0], rows[1:])

    def to_json(self) -> str:
        """The text that a scene keeps."""
        segments = [
            {
                "key": segment.key,
                "name": segment.name,
                "now": segment.now.to_json(),
                "before": segment.before.to_json() if segment.before is not None else None,
            }
            for segment in self.segments
        ]
        content = {"image": self.image, "image_unit": self.image_unit, "engine": self.engine, "segments": segments}
        return json.dumps(content)

    @classmethod
    def from_json(cls, text: str) -> Results:
        """What `to_json` gave.

        Raises
        ------
        ValueError : it is no such text, or another version of ReadingRoom wrote it
        """
        try:
            content = json.loads(text)
            segments = tuple(
                MeasuredSegment(
                    one["key"],
                    one["name"],
                    Region.from_json(one["now"]),
                    Region.from_json(one["before"]) if one["before"] is not None else None,
                )
                for one in content["segments"]
            )
            return cls(content["image"], content["image_unit"], content["engine"], segments)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("These are no results of a measurement.") from error


def group_of(feature: str) -> str:
    """The class of a feature as a heading: ``Co-occurrence of gray levels``, with the filter if there was one."""
    title, image_type = class_title(feature), units.image_type_of(feature)
    return title if image_type in ("", "original") else f"{title} ({image_type})"


def class_title(feature: str) -> str:
    """The class of a feature as a heading, whatever image it is of."""
    feature_class = units.feature_class_of(feature)
    title = TITLES.get(feature_class, feature_class)
    return title[:1].upper() + title[1:]
