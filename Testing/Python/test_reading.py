"""The Reading: contradictions are refused, JSON and its schema say the same as the records."""

from __future__ import annotations

import dataclasses
import json
import typing
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import readingroom
from readingroom import reading as nouns
from readingroom.codes import LUNG, VOLUME
from readingroom.reading import (
    Box,
    BundleFacts,
    Check,
    Comparison,
    Curve,
    Estimate,
    Faithfulness,
    FeatureExplanation,
    FeatureValue,
    Finding,
    Followed,
    HeatMap,
    Interval,
    KeyPicture,
    Line,
    Measurement,
    ModelAnswer,
    OperatingPoint,
    PredictionSet,
    Provenance,
    Reading,
    Region,
    SpeakingFeature,
    Verdict,
)
from readingroom.study import ClinicalFact, PatientFacts, Study, StudyImage, StudyMask

_share = st.floats(0, 1)
_numbers = st.floats(allow_nan=False, allow_infinity=False)
_open_share = st.floats(0.001, 0.999)
_intervals = st.tuples(_numbers, _numbers, _open_share).map(lambda t: Interval(min(t[:2]), max(t[:2]), t[2]))
_estimates = st.builds(Estimate, _numbers, st.none() | _intervals, st.none() | st.integers(0, 10**6))

_rates = st.tuples(*[st.none() | st.builds(Estimate, _share, st.none() | _intervals)] * 2)


def _curve(draw) -> Curve:
    shares = tuple(draw(st.lists(_share, min_size=2, max_size=2)))
    band = draw(st.sampled_from([((), ()), ((0.0, 0.0), (1.0, 1.0))]))
    return Curve(
        "survival", draw(st.text()), draw(st.sampled_from(["survival", "profile"])), (0.0, 12.0), "Time", "mo",
        "Survival", Line("bundle", shares, *band), baselines=(Line("Cox", shares),),
    )  # fmt: skip


def _explanation(draw, finding: str) -> FeatureExplanation:
    held_out = draw(st.none() | st.floats(-1, 1))
    speaking = SpeakingFeature(
        "deep-12", draw(st.text()), draw(_numbers), draw(_numbers), draw(_share), draw(_numbers), draw(_numbers),
        draw(_share), (Followed("original_glcm_Contrast", draw(st.floats(-1, 1)), draw(_share), held_out),),
    )  # fmt: skip
    value = FeatureValue(
        "original_glcm_Contrast", draw(st.text()), draw(st.none() | _numbers), "", draw(st.none() | _numbers),
        draw(st.none() | _share),
    )  # fmt: skip
    return FeatureExplanation(
        finding, "frontal", "lungs", draw(st.sampled_from(["pearson", "spearman"])), 0.5, 40, 128, 104, (speaking,),
        (value,), (ModelAnswer("network", "The network", draw(_share)),), tuple(draw(st.lists(st.text(), max_size=2))),
    )  # fmt: skip


@st.composite
def _readings(draw) -> Reading:
    names = draw(st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=3, unique=True))
    points = (OperatingPoint("pneumonia", "balanced", draw(_share), *draw(_rates)),)
    findings = tuple(
        Finding(name, draw(st.text()), draw(_share), draw(st.none() | _intervals), True, points, "balanced")
        for name in names
    )
    curve = tuple(draw(st.lists(_share, max_size=4)))
    heat_map = HeatMap(
        names[0], "frontal", "cam", Path("heatmap-frontal-pneumonia.nrrd"), (0.5, 0.75), Box((0, 3), (2, 9)),
        draw(st.none() | st.just(Faithfulness(curve, curve, curve, 0.1, 3))),
    )  # fmt: skip
    shown = HeatMap(names[0], "frontal", "cam", Path("f.nrrd"), shows="feature", feature="deep-12")
    statuses = draw(st.lists(st.sampled_from(["pass", "warn", "stop"]), max_size=3))
    return Reading(
        reader="chest-xray",
        task="nih-pneumonia",
        study=Study(
            (StudyImage("frontal", Path("x.dcm")),),
            (StudyMask("lungs", "frontal", Path("m.nrrd")),),
            PatientFacts(draw(st.text())),
            {"age": ClinicalFact(draw(st.floats(0, 130)), "a")},
        ),
        findings=findings,
        checks=tuple(Check("size", s, draw(st.text()), draw(st.none() | _numbers)) for s in statuses),
        bundle=BundleFacts("cxr", "CXR", "1.0.0", "0" * 64, False, metrics={"auc": draw(_estimates)}),
        provenance=Provenance({"torch": "2.13"}, "cpu", "2026-02-01T10:00:00Z", 1.5, {"coverage": 0.9, "on": ["a"]}),
        prediction_sets=(PredictionSet((names[0],), draw(_open_share), draw(st.integers(1, 999))),),
        measurements=(
            Measurement("volume", draw(st.text()), draw(_numbers), "mL", draw(st.none() | _intervals), VOLUME),
        ),
        regions=(
            Region("lungs", draw(st.text()), "frontal", Path("s.nrrd"), LUNG, draw(st.none() | st.floats(0, 1e4))),
        ),
        curves=(_curve(draw),),
        comparisons=(Comparison("volume", "", "mL", 2.0, 1.0, "frontal", "frontal", draw(st.none() | _intervals)),),
        heat_maps=(heat_map, shown),
        explained=_explanation(draw, names[0]),
        key_pictures=(KeyPicture(Path("p.png"), draw(st.text()), "frontal", draw(st.none() | st.integers(0, 99))),),
        pending=tuple(draw(st.lists(st.text(), max_size=2))),
        verdicts=tuple(Verdict(name, "accept", draw(st.text())) for name in names),
        comment=draw(st.text()),
        forced="stop" in statuses,
    )


@pytest.fixture
def a_reading() -> Reading:
    """One finding, with a map and everything that could name the patient."""
    image = StudyImage("frontal", Path("archive/DOE_JANE/1.dcm"), facts={"SOPInstanceUID": "1.2.3.4"})
    return Reading(
        reader="chest-xray",
        task="nih-pneumonia",
        study=Study(
            (image,),
            (StudyMask("lungs", "frontal", Path("DOE_JANE.nrrd")),),
            PatientFacts("Doe^Jane", "4711"),
        ),
        findings=(Finding("pneumonia", "Pneumonia", 0.8),),
        checks=(Check("size", "pass", "The image is large enough."),),
        bundle=BundleFacts("cxr", "CXR", "1.0.0", "0" * 64, False),
        provenance=Provenance({}, "cpu", "2026-02-01T10:00:00Z", 1.5),
        heat_maps=(HeatMap("pneumonia", "frontal", "cam", Path("heatmap-frontal-pneumonia.nrrd")),),
    )


@pytest.fixture(scope="module")
def schema() -> dict:
    """The schema of reading.json."""
    path = Path(readingroom.__file__).parent / "schemas" / "reading.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


@settings(max_examples=40, deadline=None)
@given(reading=_readings())
def test_any_reading_comes_back_from_json_text_and_fits_the_schema(schema, reading):
    data = json.loads(json.dumps(reading.to_json(), allow_nan=False))
    assert Reading.from_json(data) == reading
    jsonschema.Draft202012Validator(schema).validate(data)


def _records(kind: type, found: dict[str, type]) -> dict[str, type]:
    """Every record that a reading is made of, by name."""
    if dataclasses.is_dataclass(kind) and kind.__name__ not in found:
        found[kind.__name__] = kind
        for inner in typing.get_type_hints(kind).values():
            _records(inner, found)
    for inner in typing.get_args(kind):
        _records(inner, found)
    return found


def _described(schema: dict, name: str) -> dict:
    return schema if name == "Reading" else schema["$defs"][name]


def test_schema_and_records_list_the_same_fields(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    found = _records(Reading, {})
    assert set(found) - {"Reading"} == set(schema["$defs"])
    for name, kind in found.items():
        described = _described(schema, name)
        fields = {f.name for f in dataclasses.fields(kind) if f.metadata.get("json", True)}
        expected = fields | ({"format"} if name == "Reading" else set())
        assert set(described["properties"]) == expected, name
        assert set(described["required"]) == expected, name
        assert described["additionalProperties"] is False, name


def test_schema_allows_null_exactly_where_the_records_do(schema):
    for name, kind in _records(Reading, {}).items():
        hints = typing.get_type_hints(kind)
        for field, described in _described(schema, name)["properties"].items():
            text = json.dumps({key: value for key, value in described.items() if key != "description"})
            assert ('"null"' in text) == (type(None) in typing.get_args(hints.get(field))), f"{name}.{field}"


def test_schema_describes_every_field(schema):
    for name in (*schema["$defs"], "Reading"):
        assert _described(schema, name)["description"]
        for field, described in _described(schema, name)["properties"].items():
            assert described.get("description", "").endswith("."), f"{name}.{field}"


def test_a_heat_map_is_found_by_image_and_finding(a_reading):
    assert a_reading.heat_map("frontal", "pneumonia") is a_reading.heat_maps[0]
    assert a_reading.heat_map("lateral", "pneumonia") is None


def test_schema_and_records_know_the_same_words(schema):
    for kind, record, field in ((nouns.Status, "Check", "status"), (nouns.Decision, "Verdict", "decision")):
        assert schema["$defs"][record]["properties"][field]["enum"] == list(typing.get_args(kind))


@pytest.mark.parametrize(
    "change",
    [
        {"format": 1},
        {"mood": "good"},
        {"findings": [{"name": "pneumonia"}]},
        {"checks": [{"name": "a", "status": "maybe", "sentence": "", "value": None, "limit": None}]},
        {"comment": None},
        {"heat_maps": {}},
    ],
)
def test_schema_refuses_what_the_records_refuse(schema, a_reading, change):
    data = {**a_reading.to_json(), **change}
    assert not jsonschema.Draft202012Validator(schema).is_valid(data)
    with pytest.raises(ValueError, match=r"Reading|reading"):
        Reading.from_json(data)


@pytest.mark.parametrize("data", [None, [], {}, {"format": "1"}, "reading"])
def test_what_is_no_reading_is_refused(data):
    with pytest.raises(ValueError, match="not a reading of format 2"):
        Reading.from_json(data)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"findings": (Finding("pneumonia", "", 0.5),) * 2}, "Two findings are named pneumonia"),
        ({"findings": ()}, "A heat map speaks of pneumonia, which is no finding"),
        ({"verdicts": (Verdict("covid"),)}, "A verdict speaks of covid"),
        ({"prediction_sets": (PredictionSet(("present",), 0.9, 10, "covid"),)}, "A prediction set speaks of covid"),
        ({"checks": (Check("a", "stop", ""),)}, "needs forced"),
        ({"heat_maps": (HeatMap("pneumonia", "frontal", "cam", Path("x.nrrd")),) * 2}, "Two heat maps are named"),
        ({"regions": (Region("a", "A", "ct", Path("s.nrrd")),)}, "A region lies on ct"),
        ({"measurements": (Measurement("v", "V", 1.0, "mL", image="ct"),)}, "A measurement lies on ct"),
        ({"measurements": (Measurement("v", "V", 1.0, "mL", region="lung"),)}, "is of the region lung"),
        ({"comparisons": (Comparison("v", "V", "mL", 1, 2, "frontal", "prior"),)}, "A comparison lies on prior"),
        ({"key_pictures": (KeyPicture(Path("p.png"), "", "frontal", finding="covid"),)}, "speaks of covid"),
    ],
)
def test_readings_that_contradict_themselves_are_refused(a_reading, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(a_reading, **change)


def test_a_heat_map_on_an_image_that_is_not_there_is_refused(a_reading):
    with pytest.raises(ValueError, match="lies on lateral, which is no image"):
        replace(a_reading, heat_maps=(HeatMap("pneumonia", "lateral", "cam", Path("x.nrrd")),))


def test_a_stop_check_can_be_overruled(a_reading):
    assert replace(a_reading, checks=(Check("a", "stop", ""),), forced=True).forced


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Interval(0.6, 0.5), "runs backwards"),
        (lambda: Interval(float("nan"), 0.5), "runs backwards"),
        (lambda: Interval(0.4, 0.5, 95), "confidence level of 95"),
        (lambda: Estimate(0.5, n=-1), "-1 cases"),
        (lambda: OperatingPoint("pneumonia", "balanced", 50), "has a threshold of 50"),
        (lambda: Finding("a", "", 1.01), "probability of 'a' is 1.01"),
        (lambda: Finding("a", "", float("nan")), "probability of 'a' is nan"),
        (lambda: Finding("a", "", 0.5, chosen_point="best"), "'best', which is none of its points"),
        (lambda: PredictionSet(("a",), 90, 10), "coverage of 90"),
        (lambda: PredictionSet(("a",), 0.9, 0), "on 0 cases"),
        (lambda: Box((0, 0), (1, 0)), "is empty"),
        (lambda: Box((0, 0), (1,)), "is empty"),
        (lambda: Faithfulness((0.1, 0.2), (0.5,), (0.5, 0.4), 0.0), "differ in length"),
        (lambda: HeatMap("a", "frontal", "cam", Path("/etc/passwd")), "does not lie in the folder"),
        (lambda: Region("a", "A", "ct", Path("../x.nrrd")), "does not lie in the folder"),
        (lambda: Region("a", "A", "ct", Path("x.nrrd"), volume_ml=-1.0), "volume of -1.0 mL"),
        (lambda: KeyPicture(Path("/x.png"), "", "ct"), "does not lie in the folder"),
        (lambda: Measurement("a", "A", 1.0, " "), "has no unit"),
        (lambda: Line("a", (1.0, 2.0), (0.5,), (1.5,)), "does not have its length"),
        (lambda: Line("a", (1.0,), (2.0,), (1.5,)), "runs backwards"),
        (lambda: Curve("a", "A", "profile", (1.0, 1.0), "", "", "", Line("", (1.0, 1.0))), "do not rise"),
        (lambda: Curve("a", "A", "profile", (1.0, 2.0), "", "", "", Line("", (1.0,))), "does not have its length"),
        (lambda: Curve("a", "A", "survival", (1.0,), "", "", "", Line("", (1.2,))), "leaves the range"),
        (lambda: HeatMap("a", "frontal", "cam", Path("maps/../../x.nrrd")), "does not lie in the folder"),
    ],
)
def test_implausible_parts_are_refused(build, sentence):
    with pytest.raises(ValueError, match=sentence):
        build()


def test_the_operating_point_is_the_chosen_one():
    points = (OperatingPoint("pneumonia", "balanced", 0.5), OperatingPoint("pneumonia", "sensitive", 0.2))
    assert Finding("a", "A", 0.3, operating_points=points, chosen_point="sensitive").operating_point is points[1]
    assert Finding("a", "A", 0.3, operating_points=points).operating_point is None


def test_findings_are_found_by_name(a_reading):
    assert a_reading.finding("pneumonia").probability == 0.8
    with pytest.raises(KeyError, match="no finding named 'covid'"):
        a_reading.finding("covid")


def test_a_verdict_takes_the_place_of_the_earlier_one(a_reading):
    first = a_reading.with_verdict(Verdict("pneumonia", "reject", "no"))
    second = first.with_verdict(Verdict("pneumonia", "accept", "yes"))
    assert second.verdicts == (Verdict("pneumonia", "accept", "yes"),)
    assert a_reading.verdicts == ()


def test_a_file_name_that_is_no_unicode_survives_in_reading_json(a_reading):
    image = replace(a_reading.study.images[0], path=Path("chest-\udcff-胸.dcm"))
    reading = replace(a_reading, study=replace(a_reading.study, images=(image,)))
    assert "胸".encode() in reading.to_bytes()
    assert Reading.from_json(json.loads(reading.to_bytes())) == reading


def _speaking(name: str = "deep-12") -> FeatureExplanation:
    feature = SpeakingFeature(name, "Coarse texture", 1.0, 2.0, 0.9, 0.2, 0.4, 0.8, ())
    return FeatureExplanation("pneumonia", "frontal", "lungs", "pearson", 0.5, 40, 128, 104, (feature,))


def test_the_map_of_a_feature_that_does_not_speak_is_refused(a_reading):
    shown = HeatMap("pneumonia", "frontal", "cam", Path("f.nrrd"), shows="feature", feature="deep-12")
    both = (*a_reading.heat_maps, shown)
    assert replace(a_reading, heat_maps=both, explained=_speaking()).files[-1] == Path("f.nrrd")
    with pytest.raises(ValueError, match="deep-12, which does not speak here"):
        replace(a_reading, heat_maps=both, explained=_speaking("deep-13"))
    with pytest.raises(ValueError, match="deep-12, which does not speak here"):
        replace(a_reading, heat_maps=both)


def test_a_map_names_a_feature_exactly_where_it_shows_one():
    with pytest.raises(ValueError, match="exactly where it names one"):
        HeatMap("pneumonia", "frontal", "cam", Path("f.nrrd"), shows="feature")
    with pytest.raises(ValueError, match="exactly where it names one"):
        HeatMap("pneumonia", "frontal", "cam", Path("f.nrrd"), feature="deep-12")


def test_an_explanation_of_another_finding_or_image_is_refused(a_reading):
    with pytest.raises(ValueError, match="feature explanation speaks of effusion"):
        replace(a_reading, explained=replace(_speaking(), finding="effusion"))
    with pytest.raises(ValueError, match="feature explanation lies on ct"):
        replace(a_reading, explained=replace(_speaking(), image="ct"))
