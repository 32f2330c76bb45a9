"""Options and parameter files of PyRadiomics."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest

from readingroom.errors import InputError
from readingroom.radiomics.measure import measure
from readingroom.radiomics.parameter_file import read_option, read_parameters, read_yaml
from readingroom.radiomics.settings import OPTIONS, Settings, from_parameters, read_settings

CT = """\
# settings for CT
imageType:
  Original: {}
  LoG:
    sigma: [1.0, 3]   # mm
  Wavelet: {binWidth: 10, wavelet: "haar"}

featureClass:
  shape:
  firstorder: []
  glcm:
    - 'Contrast'
    - Correlation
  ngtdm: null

setting:
  #normalize: true
  binWidth: 2.5e1
  interpolator: 'sitkLinear'
  resampledPixelSpacing: [0, 0, 3.5]
  distances:
  - 1
  - 2
  symmetricalGLCM: no
  weightingNorm:
  label: 1
"""


@pytest.fixture
def a_parameter_file(tmp_path):
    path = tmp_path / "ct.yaml"
    path.write_text(CT, encoding="utf-8")
    return path


def test_a_parameter_file_says_what_pyradiomics_reads_in_it(a_parameter_file):
    settings = read_settings(a_parameter_file)
    assert settings.image_types == {
        "Original": {},
        "LoG": {"sigma": (1.0, 3)},
        "Wavelet": {"bin_width": 10, "wavelet": "haar"},
    }
    assert settings.features == {"shape": (), "firstorder": (), "glcm": ("Contrast", "Correlation"), "ngtdm": ()}
    assert settings.bin_width == 25
    assert settings.interpolator == "sitkLinear"
    assert settings.resampled_spacing == (0, 0, 3.5)
    assert settings.distances == (1, 2)
    assert settings.symmetrical_glcm is False
    assert settings.weighting_norm is None
    assert settings.label == 1
    assert settings.of_image_type("Wavelet").bin_width == 10


def test_a_json_file_says_the_same(a_parameter_file, tmp_path):
    path = tmp_path / "ct.json"
    path.write_text(json.dumps(read_yaml(CT)), encoding="utf-8")
    assert read_settings(path) == read_settings(a_parameter_file)


def test_settings_survive_the_way_through_a_parameter_dictionary(a_parameter_file):
    settings = read_settings(a_parameter_file)
    assert from_parameters(settings.parameters()) == settings


def test_every_field_has_its_option_of_pyradiomics():
    assert set(OPTIONS) | {"image_types", "features"} == set(Settings.__dataclass_fields__)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("a:", {"a": None}),
        ("a: [1, 'two, three', {b: 3}, [4]]", {"a": [1, "two, three", {"b": 3}, [4]]}),
        ("a: 'x # y' # comment", {"a": "x # y"}),
        ("'quoted key': ~", {"quoted key": None}),
        ("a:\n  b:\n    - 1\n    - two\n  c: 0x", {"a": {"b": [1, "two"], "c": "0x"}}),
        ("---\na: -.5\nb: +3\nc: 1.\nd: 1e3", {"a": -0.5, "b": 3, "c": 1.0, "d": 1000.0}),
        ("- 1\n- true", [1, True]),
        ("a: 1_000\nb: 2_5.5", {"a": 1000, "b": 25.5}),
    ],
)
def test_yaml_of_parameter_files_is_read(text, value):
    assert read_yaml(text) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &anchor 1", "line 1"),
        ("a: |\n  text", "line 1"),
        ("a: 1\n\tb: 2", "tab"),
        ("a: 1\na: 2", "second time"),
        ("a: [1, 2", "line 1"),
        ("a: 'open", "line 1"),
        ("a: 1\n    b: 2", "line 2"),
        ("just words", "line 1"),
    ],
)
def test_yaml_beyond_that_is_refused_with_its_line(text, words):
    with pytest.raises(InputError, match=words):
        read_yaml(text)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"settings": {}}, "no section named settings"),
        ({"setting": {"binWidht": 25}}, "'binWidht' is not known"),
        ({"setting": {"binWidth": 0}}, "binWidth must be greater than 0"),
        ({"setting": {"binWidth": "wide"}}, "binWidth must be a number"),
        ({"setting": {"binWidth": float("nan")}}, "binWidth must be a number"),
        ({"setting": {"binWidth": 10**30}}, "binWidth must be a number"),
        ({"setting": {"binCount": 2.5}}, "binCount must be a whole number"),
        ({"setting": {"sigma": None}}, "sigma must be greater than 0"),
        ({"setting": {"level": 1000}}, "level must be 10 at most"),
        ({"setting": {"wavelet": ["haar"]}}, "wavelet must be a name"),
        ({"setting": {"force2D": "yes please"}}, "force2D must be true or false"),
        ({"setting": {"force2Ddimension": 3}}, "force2Ddimension must be 0, 1 or 2"),
        ({"setting": {"distances": []}}, "distances must be whole numbers"),
        ({"setting": {"resegmentRange": [1, 2, 3]}}, "one or two numbers"),
        ({"setting": {"resegmentMode": "otsu"}}, "resegmentMode must be one of"),
        ({"setting": {"resampledPixelSpacing": [1, -1, 1]}}, "resampledPixelSpacing"),
        ({"setting": {"interpolator": "sitkFancy"}}, "interpolator must be one of"),
        ({"setting": {"weightingNorm": "chess"}}, "weightingNorm must be one of"),
        ({"setting": [1]}, "section setting"),
        ({"imageType": {"LBP4D": {}}}, "image type 'LBP4D' is not known"),
        ({"setting": {"lbp2DMethod": "vari"}}, "lbp2DMethod must be one of default, ror, uniform, nri_uniform, var"),
        ({"setting": {"lbp3DIcosphereSubdivision": 9}}, "lbp3DIcosphereSubdivision must be from 0 to 4"),
        ({"imageType": {"LoG": {"padDistance": 3}}}, "padDistance cannot be set"),
        ({"imageType": {"LoG": 3}}, "needs options"),
        ({"featureClass": {"glcm": ["Contrst"]}}, "no feature named Contrst"),
        ({"featureClass": {"texture": None}}, "'texture' is not known"),
        ({"featureClass": {"glcm": "Contrast"}}, "needs a list"),
    ],
)
def test_what_is_wrong_with_parameters_is_said(parameters, words):
    with pytest.raises(InputError, match=words):
        from_parameters(parameters)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("deep.yaml", "setting: " + "[" * 5000 + "]" * 5000, "beyond all measure"),
        ("deep.json", '{"setting": ' + "[" * 20000 + "]" * 20000 + "}", "beyond all measure"),
        ("digits.yaml", "setting:\n  binWidth: " + "1" * 5000, "beyond all measure"),
        ("steps.yaml", "\n".join(" " * step + "a:" for step in range(300)), "no section named a"),
        ("spaces.yaml", "a" + " " * 60000 + "b", "line 1"),
        ("large.yaml", "# nothing\n" * 10000, "too large"),
    ],
)
def test_a_file_made_to_do_harm_is_one_sentence(tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=words):
        read_settings(tmp_path / name)


def test_what_goes_beyond_the_reader_here_is_read_by_pyyaml(tmp_path):
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    path = tmp_path / "anchors.yaml"
    path.write_text(
        "%YAML 1.1\n---\nsetting:\n  binWidth: &width 10\n  sigma: [1,\n    2.5]\n"
        "imageType:\n  Original:\n    binWidth: *width\n"
    )
    found = read_settings(path)
    assert (found.bin_width, found.sigma, dict(found.image_types)) == (10, (1, 2.5), {"Original": {"bin_width": 10}})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "a: &a [1, 1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1 or ''}, *a{n - 1 or ''}]\n" for n in range(1, 40)),
            "beyond",
        ),
        ("setting: &s\n  binWidth: *s", "beyond all measure"),
        ("setting: &s\n  binWidth: 1\n  binWidth: 2", "'binWidth' a second time"),
        ("setting: !!python/object/apply:os.system ['true']", "line 1"),
        ("setting: &s {", "line 1"),
    ],
)
def test_what_pyyaml_would_swallow_is_one_sentence(tmp_path, text, words):
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    (tmp_path / "harm.yaml").write_text(text)
    with pytest.raises(InputError, match=words):
        read_settings(tmp_path / "harm.yaml")


def test_without_pyyaml_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    (tmp_path / "anchors.yaml").write_text("setting: &s\n  binWidth: 10\n")
    with pytest.raises(InputError, match=r"line 1 .* PyYAML"):
        read_settings(tmp_path / "anchors.yaml")


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("binWidth:10", ("binWidth", 10)),
        ("resampledPixelSpacing: 1, 1,2.5", ("resampledPixelSpacing", [1, 1, 2.5])),
        ("force2D:true", ("force2D", True)),
        ("sigma:[1]", ("sigma", [1])),
        ("interpolator:sitkLinear", ("interpolator", "sitkLinear")),
    ],
)
def test_an_option_of_the_shell_is_read(text, option):
    assert read_option(text) == option


@pytest.mark.parametrize("text", ["binWidth", ":10", "binWidth:&10", "binWidth:[1"])
def test_what_is_no_option_is_refused(text):
    with pytest.raises(InputError, match="option"):
        read_option(text)


def test_a_whole_number_may_be_written_with_a_point():
    assert (
        from_parameters({"setting": {"label": 2.0}}, {"binCount": 16.0}).parameters()["setting"].items()
        >= {"label": 2, "binCount": 16}.items()
    )


def test_maps_may_hold_nothing_outside_the_region(tmp_path):
    path = tmp_path / "voxel.yaml"
    path.write_text("setting:\n  binWidth: 25\nvoxelSetting:\n  kernelRadius: 2\n  initValue: nan\n")
    found = read_settings(path)
    assert found.kernel_radius == 2
    assert math.isnan(found.init_value)
    for parameters in (read_parameters(path), found.parameters()):  # as they go to the worker process
        sent = json.loads(json.dumps(parameters, allow_nan=False))
        assert math.isnan(from_parameters(sent).init_value)


def test_a_file_of_windows_is_read(tmp_path):
    (tmp_path / "windows.yaml").write_bytes(b"\xef\xbb\xbf# from an editor\r\nsetting:\r\n  binWidth: 10\r\n")
    assert read_settings(tmp_path / "windows.yaml").bin_width == 10


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.yaml' does not exist"):
        read_settings(tmp_path / "nothing.yaml")


def test_an_unknown_wavelet_is_said_with_those_that_are_known(an_image, a_mask):
    settings = Settings(image_types={"Wavelet": {"wavelet": "db99"}}, features={"firstorder": ()})
    with pytest.raises(InputError, match="coif1"):
        measure(an_image, a_mask, settings)


def test_of_a_file_of_another_kind_little_is_repeated(tmp_path: Path) -> None:
    (tmp_path / "accounts.yaml").write_text("".join(f"user{number}: x:0:0\n" for number in range(500)), "utf-8")
    with pytest.raises(InputError) as refused:
        read_settings(tmp_path / "accounts.yaml")
    assert len(str(refused.value)) < 100


@pytest.mark.parametrize(
    ("parameters", "meant"),
    [
        ({"setting": {"binwidth": 10}}, "binWidth"),
        ({"settings": {}}, "setting"),
        ({"featureClass": {"glcm": ["Contrst"]}}, "Contrast"),
    ],
)
def test_a_name_that_is_nearly_known_is_asked_back(parameters, meant):
    with pytest.raises(InputError, match=rf" Did you mean {meant}\?$"):
        from_parameters(parameters)


def test_values_of_a_list_are_said_as_they_are_written():
    with pytest.raises(InputError, match=r"distances must be whole numbers from 1 to 50, not 1, 0\."):
        Settings(distances=(1, 0))
