"""What the person at the panel changes in a reading: operating points and verdicts."""

from __future__ import annotations

from dataclasses import replace

from ..reading import Decision, MapShows, Reading, Verdict


def with_operating_points(reading: Reading, point_name: str) -> Reading:
    """The reading with every finding that has a point of that name judged at it."""
    for finding in reading.findings:
        if any(point.name == point_name for point in finding.operating_points):
            reading = with_operating_point(reading, finding.name, point_name)
    return reading


def with_operating_point(reading: Reading, finding_name: str, point_name: str) -> Reading:
    """The reading with one finding judged at another of its operating points.

    Raises
    ------
    KeyError : the reading has no such finding, or the finding no such point
    """
    finding = reading.finding(finding_name)
    point = next((p for p in finding.operating_points if p.name == point_name), None)
    if point is None:
        raise KeyError(f"'{finding_name}' has no operating point named '{point_name}'.")
    judged = replace(finding, chosen_point=point_name, positive=finding.probability >= point.threshold)
    return replace(reading, findings=tuple(judged if f.name == finding_name else f for f in reading.findings))


def verdict_of(reading: Reading, finding_name: str) -> Verdict:
    """The verdict given on a finding, or an empty one."""
    return next((v for v in reading.verdicts if v.finding == finding_name), Verdict(finding_name))


def with_decision(reading: Reading, finding_name: str, decision: Decision) -> Reading:
    """The reading with another decision on one finding; its comment stays."""
    return reading.with_verdict(replace(verdict_of(reading, finding_name), decision=decision))


def with_comment(reading: Reading, finding_name: str, comment: str) -> Reading:
    """The reading with another comment on one finding; its decision stays."""
    return reading.with_verdict(replace(verdict_of(reading, finding_name), comment=comment))


def is_same_read(one: Reading, other: Reading) -> bool:
    """Whether both come from one read: its answer first, and the same answer after it was tested."""
    begun = [(r.reader, r.bundle.sha256, r.provenance.started, r.study) for r in (one, other)]
    return begun[0] == begun[1]


def differ_in_masks(one: Reading, other: Reading) -> bool:
    """Whether one bundle read both, and at least one of them with masks that were given."""
    return one.bundle.sha256 == other.bundle.sha256 and bool(one.study.masks or other.study.masks)


def with_judgment_of(earlier: Reading, reading: Reading) -> Reading:
    """The reading with the verdicts, comments and operating points that a person gave an earlier form of it."""
    for finding in earlier.findings:
        if finding.chosen_point:
            reading = with_operating_point(reading, finding.name, finding.chosen_point)
    return replace(reading, verdicts=earlier.verdicts, comment=earlier.comment)


def first_finding(reading: Reading) -> str:
    """The name of the finding to look at first: the most probable one that has a heat map, else the most probable.

    Empty where a reading has no findings.
    """
    with_map = {heat_map.finding for heat_map in reading.heat_maps}
    ranked = max(reading.findings, key=lambda finding: (finding.name in with_map, finding.probability), default=None)
    return ranked.name if ranked is not None else ""


def other_maps(reading: Reading) -> tuple[MapShows, ...]:
    """What the maps of the reading show that can take the place of those of evidence."""
    return tuple(dict.fromkeys(heat_map.shows for heat_map in reading.heat_maps if heat_map.shows != "evidence"))


def shown_map(reading: Reading, shows: MapShows, feature: str) -> tuple[MapShows, str]:
    """What a person chose to see of the maps, and of which feature, as far as the reading has it; else the evidence."""
    if shows not in other_maps(reading):
        return "evidence", ""
    if shows != "feature":
        return shows, ""
    features = [heat_map.feature for heat_map in reading.heat_maps if heat_map.feature]
    return shows, feature if feature in features else features[0]


def key_slice(reading: Reading, finding: str) -> tuple[str, int] | None:
    """Image and slice index of the key picture of a finding; None where it has none in a volume."""
    for picture in reading.key_pictures:
        if picture.finding == finding and picture.slice is not None:
            return picture.image, picture.slice
    return None
