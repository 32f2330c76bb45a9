"""The records of a bundle's metadata: what is plausible round-trips, what is not is refused with a sentence."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from readingroom.bundles import monai_layout
from readingroom.bundles.metadata import (
    Calibration,
    ClassifierMetadata,
    CommonMetadata,
    Conformal,
    CoxBand,
    CoxBaseline,
    FeatureStatisticsFile,
    HazardScaling,
    Label,
    OperatingPoint,
    PlattScaling,
    Preprocessing,
    SegmenterMetadata,
    SignatureFeature,
    SignatureMetadata,
    SurvivalMetadata,
    TemperatureScaling,
    Training,
    from_json,
    require_name,
)
from readingroom.codes import LEFT_LUNG, RIGHT_LUNG
from readingroom.reading import Estimate


def test_metadata_round_trips_through_json_text(a_metadata):
    assert from_json(json.loads(json.dumps(a_metadata.to_json()))) == a_metadata


def test_metadata_without_the_optional_parts_round_trips(a_metadata):
    bare = ClassifierMetadata(
        **{
            field.name: getattr(a_metadata, field.name)
            for field in dataclasses.fields(ClassifierMetadata)
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        }
    )
    assert from_json(bare.to_json()) == bare
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
        ({"labels": (Label("a", "A"),)}, "training cohort speaks of no-finding, pneumonia, which is no label"),
        ({"default_operating_point": "best"}, "'best' is none of the bundle's points"),
        ({"default_operating_point": ""}, "'' is none of the bundle's points"),
        ({"operating_points": ()}, "none of the bundle's points"),
        ({"operating_points": (OperatingPoint("pneumonia", "balanced", 0.5),) * 2}, "Two operating points"),
        ({"operating_points": (OperatingPoint("covid", "balanced", 0.5),)}, "An operating point speaks of covid"),
        ({"calibration": Calibration("platt", 9, {"covid": PlattScaling(1, 0)})}, "The calibration speaks of covid"),
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
        (lambda: PlattScaling(0.0, 0.0), "slope of 0.0, not above 0"),
        (lambda: PlattScaling(1.0, 0.0, ((1.0, float("nan")),)), "not finite"),
        (lambda: PlattScaling(1.0, 0.0, ((-1.0, 0.0),)), "falls with the logit"),
        (lambda: Calibration("platt", 10), "needs the numbers of that method"),
        (lambda: Calibration("temperature", 10), "needs the numbers of that method"),
        (lambda: Calibration("temperature", 10, {"a": PlattScaling(1, 0)}), "needs the numbers of that method"),
        (
            lambda: Calibration("platt", 10, {"a": PlattScaling(1, 0)}, TemperatureScaling(1.5)),
            "needs the numbers of that method",
        ),
        (lambda: TemperatureScaling(-1.0), "not above 0"),
        (lambda: Calibration("temperature", 0, temperature=TemperatureScaling(1.0)), "on 0 cases"),
        (lambda: TemperatureScaling(1.0, (1.0, 0.0)), "not above 0"),
        (lambda: TemperatureScaling(float("inf")), "not finite"),
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
        (lambda: FeatureStatisticsFile("../features", 1, 2, 10), "no plain name"),
        (lambda: FeatureStatisticsFile("features", 3, 2, 10), "in this order"),
        (lambda: FeatureStatisticsFile("features", 0, 2, 10), "above 0"),
        (lambda: FeatureStatisticsFile("features", 1, float("inf"), 10), "not finite"),
        (lambda: FeatureStatisticsFile("features", 1, 2, 0), "0 images"),
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
        from_json(data)
    assert ".".join(("ClassifierMetadata", *where)) in str(refused.value)


def test_conformal_quantiles_are_found_by_coverage_and_finding():
    joint = Conformal("lac", 50, {"0.90": 0.5, "0.8": 0.3})
    assert joint.quantile(0.9) == 0.5
    each = Conformal("lac", 50, by_finding={"a": {"0.9": 0.4}, "b": {"0.9": 0.6}})
    assert each.quantile(0.9, "b") == 0.6
    with pytest.raises(KeyError, match=r"coverage of 0\.5"):
        joint.quantile(0.5)


def test_points_of_a_finding_are_its_own(a_metadata):
    balanced, sensitive = a_metadata.points("pneumonia")
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


def _common(metadata):
    """The fields that bundles of every kind have."""
    return {f.name: getattr(metadata, f.name) for f in dataclasses.fields(CommonMetadata)}


@pytest.fixture
def a_signature(a_metadata):
    """Metadata of a signature of one outcome."""
    return SignatureMetadata(
        **_common(a_metadata)
        | {
            "reader": "radiomics",
            "labels": (Label("death", "Death"),),
            "training": Training("rigorous", 90, 90, {"death": 40}, ("a table",), 7),
        },
        model="lasso",
        form="linear",
        made_with="scikit-learn",
        score="logit",
        inputs=("original_glcm_Contrast",),
        features=(
            SignatureFeature("original_glcm_Contrast", "", 0.8, 0.9),
            SignatureFeature("original_shape_VoxelVolume", "mm³"),
        ),
        settings={"setting": {"binWidth": 25}},
    )


@pytest.fixture
def a_survival(a_metadata):
    """Metadata of a survival network with two competing causes and three time bins."""
    return SurvivalMetadata(
        **_common(a_metadata)
        | {
            "reader": "lung-survival",
            "labels": (Label("cancer", "Death from the cancer"), Label("other", "Death from another cause")),
            "training": Training("rigorous", 90, 90, {"cancer": 40, "other": 9}, ("a table",), 7),
        },
        backbone="efficientnet_b0",
        preprocessing=Preprocessing("slices", (224, 224), normalize="none", window=(-212, 1624), spacing=(3, 1, 1)),
        aggregation="soft-attention",
        head="deephit",
        months=(6, 12, 24),
        layers=5,
        width=100,
        calibration=HazardScaling(0.9, -0.1, 90, ((0.8, -0.2), (1.0, 0.0))),
        time_zero="the planning CT",
        incidence={"cancer": (0.2, 0.35, 0.5), "other": (0.02, 0.05, 0.1)},
        clinical=CoxBaseline({"age": 0.02, "stage=IIIa": 0.3}, {"age": 68.0, "stage=IIIa": 0.3}, (0.2, 0.4, 0.9)),
    )


@pytest.fixture
def a_segmenter(a_metadata):
    """Metadata of a network that outlines both lungs."""
    return SegmenterMetadata(
        **_common(a_metadata)
        | {
            "reader": "lungs",
            "labels": (Label("left", "Left lung", LEFT_LUNG), Label("right", "Right lung", RIGHT_LUNG)),
            "training": Training("rigorous", 90, 90, {"left": 90, "right": 90}, ("a table",), 7),
        },
        backbone="basic_unet",
        preprocessing=Preprocessing("volume", (96, 96, 96), 1, normalize="none", window=(-600, 1500)),
    )


@pytest.mark.parametrize("kind", ["a_metadata", "a_signature", "a_survival", "a_segmenter"])
def test_every_kind_comes_back_from_json_as_itself(kind, request):
    metadata = request.getfixturevalue(kind)
    assert from_json(json.loads(json.dumps(metadata.to_json()))) == metadata


@pytest.mark.parametrize("kind", ["sorcerer", None, ["classifier"]])
def test_a_kind_that_does_not_exist_is_refused(a_metadata, kind):
    with pytest.raises(ValueError, match="expected one of classifier, survival, segmenter, signature"):
        from_json(a_metadata.to_json() | {"kind": kind})


def test_a_field_of_another_kind_is_refused(a_metadata, a_signature):
    with pytest.raises(ValueError, match="has no field named backbone"):
        from_json(a_signature.to_json() | {"backbone": "resnet34"})
    with pytest.raises(ValueError, match=r"SurvivalMetadata has no field named conformal, .*multilabel"):
        from_json(a_metadata.to_json() | {"kind": "survival"})


def test_the_first_format_is_refused_with_what_to_do(a_metadata):
    with pytest.raises(ValueError, match="of format 1, which this ReadingRoom no longer reads; make or download"):
        from_json(a_metadata.to_json() | {"format": 1})


def test_a_network_must_say_how_its_pixels_are_normalized(a_metadata):
    with pytest.raises(ValueError, match="how pixels become"):
        dataclasses.replace(a_metadata, preprocessing=Preprocessing("picture", (64, 64)))


def test_outputs_follow_from_labels_and_kind(a_metadata, a_survival, a_segmenter):
    assert a_metadata.outputs == 2
    assert a_survival.outputs == 6  # two causes, three bins
    assert a_segmenter.outputs == 3  # the background comes first
    assert dataclasses.replace(a_segmenter, exclusive=False).outputs == 2


def test_monai_is_told_the_channels_of_each_kind(a_metadata, a_signature, a_survival, a_segmenter):
    titles = {}
    for metadata in (a_metadata, a_signature, a_survival, a_segmenter):
        described = monai_layout.monai_metadata(metadata, {})["network_data_format"]["outputs"]["pred"]
        assert described["num_channels"] == len(described["channel_def"])
        titles[metadata.kind] = list(described["channel_def"].values())
    assert titles["classifier"] == ["Pneumonia", "No finding"]
    assert titles["signature"] == ["Death"]
    assert titles["survival"][2:4] == ["Death from the cancer, 24 months", "Death from another cause, 6 months"]
    assert titles["segmenter"] == ["background", "Left lung", "Right lung"]


def test_monai_slides_a_window_over_what_a_segmenter_reads(a_segmenter, a_survival):
    config = monai_layout.inference(a_segmenter)
    assert config["inferer"]["roi_size"] == [96, 96, 96]
    assert config["inferer"]["overlap"] == 0.25
    assert config["postprocessing"]["softmax"]
    overlapping = monai_layout.inference(dataclasses.replace(a_segmenter, exclusive=False))
    assert overlapping["postprocessing"]["sigmoid"]
    assert "postprocessing" not in monai_layout.inference(a_survival)  # its bins belong together


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"inputs": ()}, "needs no feature at all"),
        ({"inputs": ("original_glcm_Contrast",) * 2}, "Two inputs of the signature"),
        ({"inputs": ("original_glcm_Id",)}, "needs original_glcm_Id, of which it knows nothing"),
        ({"labels": (Label("death", "Death"), Label("b", "B"))}, "has one label, not 2"),
    ],
)
def test_implausible_signatures_are_refused(a_signature, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        dataclasses.replace(a_signature, **change)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"months": ()}, "do not rise"),
        ({"months": (6, 6, 24)}, "do not rise"),
        ({"months": (0, 12, 24)}, "do not rise from 0"),
        ({"months": (6, 12, float("inf"))}, "not finite"),
        ({"months": (6, 12)}, "not one value for each time bin"),
        ({"time_zero": " "}, "what time counts from"),
        ({"head": "discrete-hazard"}, "knows one cause"),
        ({"incidence": {"accident": (0, 0, 0)}}, "speaks of accident"),
        ({"incidence": {"cancer": (0.5, 0.4, 0.6)}}, "falls with time"),
        ({"incidence": {"cancer": (0.5, 0.6, 1.1)}}, "not between 0 and 1"),
        ({"clinical": CoxBaseline({"age": 0.1}, {"age": 60}, (0.1,))}, "not one hazard for each time bin"),
        ({"volume": CoxBaseline({"log volume": 0.1}, {"log volume": 1}, (0.1,))}, "not one hazard for each time bin"),
        ({"volume": CoxBaseline({"age": 0.1}, {"age": 60}, (0.1, 0.2, 0.3))}, "other terms than 'log volume'"),
        ({"layers": 5, "width": 0}, "5 layers of 0 numbers"),
        ({"layers": 1000, "width": 100}, "1000 layers of 100 numbers"),
    ],
)
def test_implausible_survival_is_refused(a_survival, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        dataclasses.replace(a_survival, **change)


def _banded(**changes: Any) -> CoxBaseline:
    """Of one term and two months, with a band."""
    fits = {"covariance": ((0.01,),), "spread": ((80.0,),), "hazard_variance": (0.01, 0.02)}
    band = CoxBand(**(fits | {"hazard_means": ((0.1,), (0.2,))} | changes))
    return CoxBaseline({"age": 0.1}, {"age": 60.0}, (0.1, 0.2), band=band)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: CoxBaseline({}, {}, (0.1,)), "no terms"),
        (lambda: CoxBaseline({"age": 0.1}, {"age": 60}, (0.1,), {"stage": "I"}), "no terms of stage"),
        (lambda: CoxBaseline({"age": 0.1}, {"age": 60}, (0.1,), patients=-1), "of -1 patients"),
        (lambda: CoxBaseline({"age": 0.1}, {}, (0.1,)), "a center for each"),
        (lambda: CoxBaseline({"age": float("nan")}, {"age": 60}, (0.1,)), "not finite"),
        (lambda: CoxBaseline({"age": 0.1}, {"age": 60}, (0.2, 0.1)), "falls"),
        (lambda: _banded(covariance=((0.1, 0.0), (0.0, 0.1))), "does not fit its terms and months"),
        (lambda: _banded(hazard_variance=(0.1,)), "does not fit its terms and months"),
        (lambda: _banded(spread=((float("inf"),),)), "in the band of the Cox baseline is not finite"),
    ],
)
def test_implausible_cox_baselines_are_refused(build, sentence):
    with pytest.raises(ValueError, match=sentence):
        build()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"labels": (Label("left", "Left lung", LEFT_LUNG), Label("right", "Right lung"))}, "right have no code"),
        ({"overlap": 1.0}, "between 0 and 0.95"),
        ({"overlap": -0.1}, "between 0 and 0.95"),
    ],
)
def test_implausible_segmenters_are_refused(a_segmenter, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        dataclasses.replace(a_segmenter, **change)


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


def test_a_scaled_hazard_keeps_the_curves_shape_and_order():
    scaling = HazardScaling(1.5, -0.3, 90, ((1.2, -0.5), (1.6, -0.1), (1.9, 0.2)))
    curve = np.array([0.0, 0.1, 0.4, 0.8])
    found = scaling.incidence(curve)
    low, high = scaling.intervals(curve)

    assert found == pytest.approx(1 - np.exp(-np.exp(-0.3) * (-np.log1p(-curve)) ** 1.5))
    assert (np.diff(found) > 0).all()
    assert ((low <= found) & (found <= high)).all()
    assert HazardScaling(1.0, 0.0, 90).incidence(curve) == pytest.approx(curve)


def test_a_hazard_that_falls_with_the_networks_is_refused():
    with pytest.raises(ValueError, match="not above 0"):
        HazardScaling(-1.0, 0.0, 90)


def test_a_cox_model_gives_the_risk_of_facts_and_counts_what_it_does_not_know_as_its_mean():
    model = CoxBaseline(
        {"age": 0.02, "stage=II": 0.3, "stage=III": 0.7},
        {"age": 60.0, "stage=II": 0.25, "stage=III": 0.25},
        (0.1, 0.4),
        {"stage": "I"},
    )
    average = -np.expm1(-np.array([0.1, 0.4]))
    assert model.names == ("age", "stage")
    assert model.incidence({}) == pytest.approx(average)
    assert model.incidence({"stage": "IV", "sex": "F"}) == pytest.approx(average)
    ratio = np.exp(0.02 * 10 + 0.3 * (0 - 0.25) + 0.7 * (1 - 0.25))
    assert model.incidence({"age": 70.0, "stage": "iii"}) == pytest.approx(-np.expm1(-np.array([0.1, 0.4]) * ratio))
    usual = np.exp(-0.3 * 0.25 - 0.7 * 0.25)
    assert model.incidence({"stage": "I"}) == pytest.approx(-np.expm1(-np.array([0.1, 0.4]) * usual))
    assert [model.knows("stage", value) for value in ("I", "II", "IV")] == [True, True, False]
    assert model.knows("age", 61.0)
    assert not model.knows("sex", "F")
