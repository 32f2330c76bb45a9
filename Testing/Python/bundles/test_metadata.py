"""The records of a bundle's metadata: what is plausible round-trips, what is not is refused with a sentence."""

from __future__ import annotations

import dataclasses
import json

import pytest

from readingroom import reading
from readingroom.bundles.metadata import (
    BundleMetadata,
    Calibration,
    Conformal,
    FeatureStatistics,
    Label,
    OperatingPoint,
    PlattScaling,
    SignatureFacts,
    SignatureFeature,
    Training,
    require_name,
)
from readingroom.reading import Estimate


def test_metadata_round_trips_through_json_text(a_metadata):
    assert BundleMetadata.from_json(json.loads(json.dumps(a_metadata.to_json()))) == a_metadata


def test_metadata_without_the_optional_parts_round_trips(a_metadata):
    bare = BundleMetadata(
        **{
            field.name: getattr(a_metadata, field.name)
            for field in dataclasses.fields(BundleMetadata)
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        }
    )
    assert BundleMetadata.from_json(bare.to_json()) == bare
    assert bare.calibration is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "../up"}, "not a plain name"),
        ({"name": "Aux"}, "not a plain name"),
        ({"name": "aux"}, "Windows keeps this name"),
        ({"name": "a" * 65}, "not a plain name"),
        ({"version": "one"}, "not written like 1.0.0"),
        ({"reader": "Chest X-ray"}, "reader is named"),
        ({"task": ""}, "task is named"),
        ({"backbone": "resnet34; rm"}, "backbone"),
        ({"backbone": "/weights/resnet34"}, "backbone"),
        ({"title": " "}, "'title' is empty"),
        ({"intended_use": ""}, "'intended_use' is empty"),
        ({"license": ""}, "'license' is empty"),
        ({"labels": ()}, "no labels"),
        ({"labels": (Label("a", "A"), Label("a", "B"))}, "Two labels are named a"),
        ({"labels": (Label("a", "A"),)}, "speaks of pneumonia, which is no label"),
        ({"default_operating_point": "best"}, "'best' is none of the bundle's points"),
        ({"default_operating_point": ""}, "'' is none of the bundle's points"),
        ({"operating_points": ()}, "none of the bundle's points"),
        ({"operating_points": (OperatingPoint("pneumonia", "balanced", 0.5),) * 2}, "Two operating points"),
        ({"operating_points": (OperatingPoint("covid", "balanced", 0.5),)}, "An operating point speaks of covid"),
        ({"calibration": Calibration("platt", 9, (PlattScaling("covid", 1, 0),))}, "The calibration speaks of covid"),
        (
            {"conformal": Conformal("lac", 9, by_finding={"covid": {"0.9": 0.5}})},
            "conformal calibration speaks of covid",
        ),
        ({"multilabel": True}, "no quantiles for no-finding, pneumonia"),
        (
            {"conformal": Conformal("lac", 9, by_finding={"pneumonia": {"0.9": 0.5}})},
            "no quantiles for exclusive labels",
        ),
    ],
)
def test_implausible_bundles_are_refused(a_metadata, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        dataclasses.replace(a_metadata, **change)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Label("Pneumonia", "Pneumonia"), "not a plain name"),
        (lambda: Label("pneumonia", ""), "has no title"),
        (lambda: PlattScaling("a", 0.0, 0.0), "slope of 0.0, not above 0"),
        (lambda: PlattScaling("a", 1.0, 0.0, ((1.0, float("nan")),)), "not finite"),
        (lambda: PlattScaling("a", 1.0, 0.0, ((-1.0, 0.0),)), "falls with the logit"),
        (lambda: Calibration("platt", 10), "needs the numbers of that method"),
        (lambda: Calibration("temperature", 10), "needs the numbers of that method"),
        (lambda: Calibration("temperature", 10, (PlattScaling("a", 1, 0),)), "needs the numbers of that method"),
        (lambda: Calibration("platt", 10, (PlattScaling("a", 1, 0),), 1.5), "needs the numbers of that method"),
        (lambda: Calibration("temperature", 10, temperature=-1.0), "not above 0"),
        (lambda: Calibration("temperature", 0, temperature=1.0), "on 0 cases"),
        (lambda: Calibration("platt", 10, (PlattScaling("a", 1, 0),) * 2), "Two calibrations are named a"),
        (lambda: OperatingPoint("a", "b", 1.1), "threshold of 1.1"),
        (lambda: OperatingPoint("a", "b", float("nan")), "threshold of nan"),
        (lambda: OperatingPoint("a", " ", 0.5), "has no name"),
        (lambda: OperatingPoint("a", "b", 0.5, Estimate(90.0)), "sensitivity that is not between"),
        (lambda: Conformal("lac", 0, {"0.9": 0.5}), "on 0 cases"),
        (lambda: Conformal("lac", 10), "no quantiles"),
        (lambda: Conformal("lac", 10, {"90 %": 0.5}), "'90 %', which is no coverage"),
        (lambda: Conformal("lac", 10, {"1.5": 0.5}), "'1.5', which is no coverage"),
        (lambda: Conformal("lac", 10, {"0.9": 1.5}), "not between 0 and 1"),
        (lambda: Conformal("lac", 10, {"0.8": 0.6, "0.9": 0.5}), "fall with higher coverage"),
        (lambda: Conformal("lac", 10, {"0.8": 0.5}), "no entry for the default coverage 0.9"),
        (lambda: FeatureStatistics("../features", 1, 2, 10), "no plain name"),
        (lambda: FeatureStatistics("features", 3, 2, 10), "in this order"),
        (lambda: FeatureStatistics("features", 0, 2, 10), "above 0"),
        (lambda: FeatureStatistics("features", 1, float("inf"), 10), "not finite"),
        (lambda: FeatureStatistics("features", 1, 2, 0), "0 images"),
        (lambda: Training("rigorous", 10, 5, {}, (), 0), "10 patients and 5 images"),
        (lambda: Training("rigorous", 0, 5, {}, (), 0), "not plausible"),
        (lambda: Training("rigorous", 5, 5, {"a": -1}, (), 0), "fewer than 0"),
        (lambda: Training("rigorous", 5, 5, {}, (), 0, synthetic_images=6), "more synthetic images than images"),
    ],
)
def test_implausible_parts_are_refused(build, sentence):
    with pytest.raises(ValueError, match=sentence) as refused:
        build()
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    ("where", "value", "sentence"),
    [
        (("preprocessing", "preset"), "fancy", "expected one of"),
        (("training", "protocol"), "sloppy", "expected one of"),
        (("explanation", "method"), "magic", "expected one of"),
        (("preprocessing", "channels"), "3", "expected int"),
        (("preprocessing", "channels"), 3.0, "expected int"),
        (("preprocessing", "size"), 224, "expected a list"),
        (("multilabel",), 1, "expected bool"),
        (("labels",), "pneumonia", "expected a list"),
        (("conformal", "quantiles"), [0.5], "expected an object"),
    ],
)
def test_json_of_the_wrong_type_is_refused_with_the_place(a_metadata, where, value, sentence):
    data = a_metadata.to_json()
    part = data
    for key in where[:-1]:
        part = part[key]
    part[where[-1]] = value
    with pytest.raises(ValueError, match=sentence) as refused:
        BundleMetadata.from_json(data)
    assert ".".join(("BundleMetadata", *where)) in str(refused.value)


def test_conformal_quantiles_are_found_by_coverage_and_finding():
    joint = Conformal("lac", 50, {"0.90": 0.5, "0.8": 0.3})
    assert joint.quantile(0.9) == 0.5
    each = Conformal("lac", 50, by_finding={"a": {"0.9": 0.4}, "b": {"0.9": 0.6}})
    assert each.quantile(0.9, "b") == 0.6
    with pytest.raises(KeyError, match=r"coverage of 0\.5"):
        joint.quantile(0.5)


def test_points_of_a_finding_are_those_that_a_reading_carries(a_metadata):
    balanced, sensitive = a_metadata.points("pneumonia")
    assert isinstance(balanced, reading.OperatingPoint)
    assert (balanced.name, balanced.threshold, balanced.sensitivity.n) == ("balanced", 0.5, 50)
    assert sensitive.sensitivity is None
    assert a_metadata.points("no-finding") == ()


def test_records_cannot_be_changed_through_their_mappings(a_metadata):
    with pytest.raises(TypeError):
        a_metadata.metrics["auc"] = Estimate(1.0)
    with pytest.raises(TypeError):
        a_metadata.conformal.quantiles["0.9"] = 0.0


@pytest.mark.parametrize("name", ["a", "cxr-nih-pneumonia", "com10", "x_1"])
def test_plain_names_are_bundle_names(name):
    require_name(name)


@pytest.fixture
def a_signature_metadata(a_metadata):
    facts = SignatureFacts(
        "lasso",
        "linear",
        "scikit-learn",
        "logit",
        ("original_glcm_Contrast",),
        (
            SignatureFeature("original_glcm_Contrast", "", 0.8, 0.9),
            SignatureFeature("original_shape_VoxelVolume", "mm³"),
        ),
        {"setting": {"binWidth": 25}},
        {"auc_volume": Estimate(0.6)},
    )
    return dataclasses.replace(
        a_metadata, reader="radiomics", backbone="", preprocessing=None, explanation=None, signature=facts
    )


def test_metadata_of_a_signature_round_trips(a_signature_metadata):
    assert BundleMetadata.from_json(json.loads(json.dumps(a_signature_metadata.to_json()))) == a_signature_metadata


def test_earlier_versions_can_read_the_metadata_of_a_network(a_metadata):
    assert "signature" not in a_metadata.to_json()


def test_a_signature_reads_no_pixels_and_a_network_must(a_metadata, a_signature_metadata):
    assert a_metadata.pixels == a_metadata.preprocessing
    with pytest.raises(ValueError, match="reads no pixels"):
        _ = a_signature_metadata.pixels
    with pytest.raises(ValueError, match="neither network nor pixels"):
        dataclasses.replace(a_signature_metadata, backbone="resnet34")
    with pytest.raises(ValueError, match="how pixels become"):
        dataclasses.replace(a_metadata, preprocessing=None)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"inputs": ()}, "needs no feature at all"),
        ({"inputs": ("original_glcm_Contrast",) * 2}, "Two inputs of the signature"),
        ({"inputs": ("original_glcm_Id",)}, "needs original_glcm_Id, of which it knows nothing"),
    ],
)
def test_implausible_signatures_are_refused(a_signature_metadata, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        dataclasses.replace(a_signature_metadata.signature, **change)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: SignatureFeature(" "), "has no name"),
        (lambda: SignatureFeature("a", selected=1.5), "not between 0 and 1"),
        (lambda: SignatureFeature("a", icc_low=float("nan")), "not finite"),
    ],
)
def test_implausible_features_of_a_signature_are_refused(build, sentence):
    with pytest.raises(ValueError, match=sentence):
        build()
