"""IBSI's definitions and filters in the section "Features", with the work done in this process."""

from __future__ import annotations

import dataclasses
import json

import pytest
import qt
import slicer

import host
from readingroom.desktop.features.ibsi_filters import IbsiOptions
from readingroom.desktop.features.image_types import KINDS, ImageTypes
from readingroom.desktop.features.section import FeaturesSection
from readingroom.engine.in_process import InProcessClient
from readingroom.radiomics.settings import from_parameters


@pytest.fixture
def section(empty_scene, segmented_ct, tmp_path):
    """The section over the tumor of a CT, of which the mean and the kurtosis are measured soon."""
    path = tmp_path / "parameters.yaml"
    path.write_text("featureClass:\n  firstorder: [Mean, Kurtosis]\n")
    shown = FeaturesSection("Tested", InProcessClient())
    shown.widget.resize(480, 1000)
    shown.widget.show()
    shown.enter()
    shown.choose_segments([segmented_ct.tumor])
    shown.views.settings.parameters.currentPath = str(path)
    types_of(shown).widget.collapsed = False
    slicer.app.processEvents()
    yield shown
    shown.cleanup()
    shown.widget.hide()


def types_of(section):
    return section.views.settings.image_types


def choose(section, definitions: str, *kinds: str) -> None:
    host.select(section.views.settings.definitions, definitions)
    for kind in kinds:
        host.click(types_of(section).boxes[kind])


def measured(section, segmentation) -> dict[str, float]:
    host.click(section.views.run.button)
    host.wait_until(lambda: not section.work.is_working)
    return section.work.results_of(segmentation).segments[0].now.features.values


def test_the_definitions_that_are_chosen_are_measured_and_kept(section, segmented_ct):
    kurtosis = "original_firstorder_Kurtosis"
    theirs = measured(section, segmented_ct.segmentation)[kurtosis]
    choose(section, "IBSI")
    assert measured(section, segmented_ct.segmentation)[kurtosis] == pytest.approx(theirs - 3)
    later = FeaturesSection("Another", InProcessClient())
    later.enter()
    assert later.views.settings.definitions.currentText == "IBSI"
    later.cleanup()


def test_filters_of_ibsi_are_there_with_its_definitions_and_measured(section, segmented_ct):
    types = types_of(section)
    assert not types.boxes["Laws"].visible
    choose(section, "IBSI", "Mean", "Laws", "Original")
    types.ibsi.support.setValue(7)
    types.ibsi.energy.setValue(0)
    types.ibsi.kernels.selectAll()
    host.type(types.ibsi.kernels, "l5e5e5 s5s5l5")
    host.press(types.ibsi.kernels, "Return")
    names = [name for name in measured(section, segmented_ct.segmentation) if name.endswith("Mean")]
    assert names == [f"{image}_firstorder_Mean" for image in ("mean-7", "laws-L5E5E5", "laws-S5S5L5")]
    assert types.widget.text == "Image types: 3 images"


def test_without_ibsi_its_filters_do_not_count_and_an_image_is_left(section):
    choose(section, "IBSI", "Mean", "Original")
    assert section.settings.images == ["mean-5"]
    choose(section, "PyRadiomics")
    assert section.settings.images == ["original"]
    assert types_of(section).boxes["Original"].isChecked()
    choose(section, "IBSI")
    assert section.settings.images == ["original", "mean-5"]


def test_an_image_filtered_by_ibsi_has_maps(section):
    choose(section, "IBSI", "Simoncelli")
    section.maps.view.widget.collapsed = False
    host.select(section.maps.view.image, "Simoncelli 1")
    host.select(section.maps.view.feature, "Mean (firstorder)")
    host.click(section.maps.view.run.button)
    host.wait_until(lambda: not section.maps.work.is_working)
    (node,) = section.maps.nodes.made()
    assert node.GetName() == "Tumor Mean (firstorder), Simoncelli 1, radius 1"


@pytest.mark.parametrize(("line", "text"), [("kernels", "L7"), ("kernels", ""), ("sigma", "wide"), ("wavelength", "0")])
def test_what_a_filter_cannot_use_is_said_and_the_last_stays(section, line, text):
    choose(section, "IBSI", "Laws", "Gabor")
    editor = getattr(types_of(section).ibsi, line)
    before = editor.text
    editor.setText(text)
    editor.editingFinished.emit()
    assert "at most" in types_of(section).sentence.text
    assert editor.text == before


def test_the_definitions_of_a_parameter_file_go_first(section, tmp_path):
    path = tmp_path / "ibsi.yaml"
    path.write_text("setting:\n  ibsi: true\n")
    section.views.settings.parameters.currentPath = str(path)
    assert section.views.settings.definitions.currentText == "IBSI"
    assert not section.views.settings.definitions.enabled
    host.click(types_of(section).boxes["Mean"])
    assert section.settings.images == ["original", "mean-5"]
    section.views.settings.parameters.currentPath = ""
    assert section.views.settings.definitions.currentText == "PyRadiomics"
    assert section.settings.parameters() == {}


def test_the_keyboard_goes_through_the_filters_in_their_order(section):
    choose(section, "IBSI", "Laws", "Gabor")
    types_of(section).boxes["Mean"].setFocus()
    reached = []
    for _ in range(8):
        host.press(qt.QApplication.focusWidget(), "Tab")
        reached.append(qt.QApplication.focusWidget().accessibleName)
    gabor = ["Sigma of Gabor", "Wavelength of Gabor", "Aspect of Gabor"]
    assert reached == ["", "Kernels of Laws", "Window of the energy of Laws", "", *gabor, ""]


def test_every_choice_is_a_parameter_file_and_comes_back_from_what_is_kept():
    filters = IbsiOptions(
        support=9,
        kernels=("L5E5E5", "E3L3S3"),
        energy=3,
        sigma=(1.5, 4.0),
        wavelength=(3.0,),
        gamma=0.5,
        bands=2,
        turned=False,
        boundary="zero",
        riesz=(1, 1, 0),
    )
    types = ImageTypes(chosen=KINDS, ibsi=True, filters=filters)
    assert ImageTypes.from_json(types.to_json()) == types
    settings = from_parameters(json.loads(json.dumps(types.added_to({}))))  # as the worker is told
    assert from_parameters(settings.parameters()) == settings
    gabor, log = settings.of_image_type("Gabor"), settings.of_image_type("LoG")
    assert (gabor.gabor_sigma, gabor.gabor_wavelength, gabor.gabor_gamma) == ((1.5, 4.0), (3.0,), 0.5)
    assert (gabor.rotation_invariant, gabor.filter_boundary, log.riesz_order) == (False, "zero", (1, 1, 0))
    laws, simoncelli = settings.of_image_type("Laws"), settings.of_image_type("Simoncelli")
    assert (laws.laws_kernel, laws.laws_energy, simoncelli.level) == (("L5E5E5", "E3L3S3"), 3, 2)
    assert settings.of_image_type("Mean").mean_support == 9


@pytest.mark.parametrize("damage", [{"kernels": ["L7"]}, {"bands": 9}, {"boundary": "wrap"}, {"nonsense": 1}])
def test_filters_that_were_kept_and_are_damaged_are_forgotten(damage):
    content = dataclasses.asdict(ImageTypes(ibsi=True))
    content["filters"] |= damage
    assert ImageTypes.from_json(json.dumps(content)) == ImageTypes()
