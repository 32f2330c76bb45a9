"""What is measured and how; the options of PyRadiomics with their meaning, and its parameter files."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..formatting import suggestion
from . import binary_patterns, feature_classes
from .convolution import BOUNDARIES
from .parameter_file import read_parameters

IMAGE_TYPES = (
    "Original",
    "LoG",
    "Wavelet",
    "Square",
    "SquareRoot",
    "Logarithm",
    "Exponential",
    "Gradient",
    "LBP2D",
    "LBP3D",
)
IBSI_FILTERS = ("Mean", "Laws", "Gabor", "Simoncelli")  # image types that there are with ibsi alone
NORMS = ("manhattan", "euclidean", "infinity", "no_weighting")
INTERPOLATORS = {  # number as SimpleITK counts them, which parameter files may use as well
    "sitkNearestNeighbor": 1,
    "sitkLinear": 2,
    "sitkBSpline": 3,
    "sitkGaussian": 4,
    "sitkLabelGaussian": 5,
    "sitkHammingWindowedSinc": 6,
    "sitkCosineWindowedSinc": 7,
    "sitkWelchWindowedSinc": 8,
    "sitkLanczosWindowedSinc": 9,
    "sitkBlackmanWindowedSinc": 10,
}


@dataclass(frozen=True)
class Settings:
    """Options of a measurement. Axes 0, 1, 2 are k, j, i of an array; spacings are x, y, z in mm.

    Each field names in its comment the option of PyRadiomics that it stands for.
    """

    image_types: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"Original": {}})  # imageType
    features: Mapping[str, tuple[str, ...]] = field(  # featureClass; an empty tuple means all of the class
        default_factory=lambda: dict.fromkeys(feature_classes.DEFAULT, ())
    )
    label: int | None = None  # label; None: the one label that the mask has
    label_channel: int = 0  # label_channel, of masks with overlapping segments
    bin_width: float = 25.0  # binWidth
    bin_count: int | None = None  # binCount; goes before the width
    normalize: bool = False  # normalize, over the whole image
    normalize_scale: float = 1.0  # normalizeScale
    remove_outliers: float | None = None  # removeOutliers, in standard deviations; needs normalize
    resampled_spacing: tuple[float, ...] | None = None  # resampledPixelSpacing; 0 keeps an axis as it is
    interpolator: str | None = "sitkBSpline"  # interpolator; None: no resampling
    pad_distance: int = 5  # padDistance, voxels kept around a resampled or cropped region
    pre_crop: bool = False  # preCrop
    distances: tuple[int, ...] = (1,)  # distances of neighbors (GLCM, GLDM, NGTDM)
    force_2d: bool = False  # force2D, texture slice by slice
    force_2d_axis: int = 0  # force2Ddimension
    resegment_range: tuple[float, ...] | None = None  # resegmentRange
    resegment_mode: str = "absolute"  # resegmentMode: absolute, relative (to the maximum) or sigma
    resegment_shape: bool = False  # resegmentShape
    minimum_dimensions: int = 2  # minimumROIDimensions
    minimum_voxels: int | None = None  # minimumROISize; the region must have more
    geometry_tolerance: float = 1e-4  # geometryTolerance, in voxels
    correct_mask: bool = False  # correctMask: resample a mask that lies on another grid
    voxel_shift: int = 0  # voxelArrayShift
    symmetrical_glcm: bool = True  # symmetricalGLCM
    weighting_norm: str | None = None  # weightingNorm
    gldm_tolerance: int = 0  # gldm_a
    provenance: bool = True  # additionalInfo
    sigma: tuple[float, ...] = ()  # sigma of LoG, mm
    start_level: int = 0  # start_level of Wavelet
    level: int = 1  # level of Wavelet
    wavelet: str = "coif1"  # wavelet
    kernel_radius: int = 1  # kernelRadius, of maps: the box around a voxel reaches so far
    masked_kernel: bool = True  # maskedKernel: of the box, voxels of the region alone count
    init_value: float = 0.0  # initValue, of maps outside the region
    voxel_batch: int | None = None  # voxelBatch: at most so many voxels at once; None: as many as are fast
    gradient_use_spacing: bool = True  # gradientUseSpacing of Gradient
    lbp_2d_radius: float = 1  # lbp2DRadius, voxels
    lbp_2d_samples: int = 8  # lbp2DSamples
    lbp_2d_method: str = "uniform"  # lbp2DMethod: default, ror, uniform, nri_uniform or var
    lbp_3d_levels: int = 2  # lbp3DLevels
    lbp_3d_radius: float = 1  # lbp3DIcosphereRadius, voxels
    lbp_3d_subdivisions: int = 1  # lbp3DIcosphereSubdivision
    ibsi: bool = False  # the definitions of the Image Biomarker Standardization Initiative where PyRadiomics has others
    resegment_sigma: float | None = (
        None  # with ibsi: voxels farther from the mean than this many deviations are left out
    )
    filter_boundary: str = "mirror"  # of IBSI's filters: zero, nearest, periodic or mirror, beyond the image's edges
    rotation_invariant: bool = False  # Laws, Gabor and Wavelet: pooled over turned filters
    pooling: str | None = None  # max or average; None: max for Laws, average for the others
    mean_support: int = 5  # of Mean, voxels along each axis
    laws_kernel: tuple[str, ...] = ("L5E5E5",)  # of Laws, along x, y (and z); an image each
    laws_energy: int = 7  # of Laws: how far the window of the energy reaches, voxels; 0: the response itself
    gabor_sigma: tuple[float, ...] = (5.0,)  # of Gabor, mm; an image for each, with each wavelength
    gabor_wavelength: tuple[float, ...] = (2.0,)  # mm
    gabor_gamma: float = 1.5  # how much longer the envelope is along the waves
    gabor_angle: float = 0.0  # degrees
    gabor_step: float = 22.5  # degrees between turned filters
    riesz_order: tuple[int, ...] | None = None  # of LoG and Simoncelli: x, y, z of the Riesz transform that follows

    def __post_init__(self) -> None:
        for name in _LISTS:
            value = getattr(self, name)
            if isinstance(value, str | int | float):  # one stands for a list of it
                object.__setattr__(self, name, (value,))
        for name, value, whole in self._numbers():
            if name == "init_value" and value != value:  # NaN outside the region is what many readers of maps expect
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
                raise InputError(f"The setting {OPTIONS[name]} must be a number, not {value!r}.")
            _require(not whole or isinstance(value, int), name, "a whole number", value)
        for name in (
            "bin_width",
            "bin_count",
            "normalize_scale",
            "remove_outliers",
            "level",
            "geometry_tolerance",
            "kernel_radius",
            "voxel_batch",
            "resegment_sigma",
            "gabor_gamma",
            "gabor_step",
        ):
            value = getattr(self, name)
            _require(value is None or value > 0, name, "greater than 0", value)
        _require(self.sigma is not None and min(self.sigma, default=1) > 0, "sigma", "greater than 0", self.sigma)
        _require(self.level <= _DEEPEST and 0 <= self.start_level <= _DEEPEST, "level", "10 at most", self.level)
        _require(isinstance(self.wavelet, str), "wavelet", "a name", self.wavelet)
        _require(
            bool(self.distances) and all(isinstance(d, int) and 1 <= d <= 50 for d in self.distances),
            "distances",
            "whole numbers from 1 to 50",
            self.distances,
        )
        _require(self.force_2d_axis in (0, 1, 2), "force_2d_axis", "0, 1 or 2", self.force_2d_axis)
        _require(self.minimum_dimensions in (1, 2, 3), "minimum_dimensions", "1, 2 or 3", self.minimum_dimensions)
        _require(self.pad_distance >= 0, "pad_distance", "0 or more", self.pad_distance)
        _require(self.label_channel >= 0, "label_channel", "0 or more", self.label_channel)
        _require(self.gldm_tolerance >= 0, "gldm_tolerance", "0 or more", self.gldm_tolerance)
        for name, least, most in (
            ("lbp_2d_samples", 1, 24),
            ("lbp_2d_radius", 0.1, 50),
            ("lbp_3d_levels", 1, 10),
            ("lbp_3d_radius", 0.1, 50),
            ("lbp_3d_subdivisions", 0, 4),
            ("mean_support", 1, 99),
            ("laws_energy", 0, 50),
            ("gabor_gamma", 0.05, 20),
            ("gabor_step", 1, 180),
        ):
            value = getattr(self, name)
            _require(least <= value <= most, name, f"from {least} to {most}", value)
        _one_of(self.lbp_2d_method, binary_patterns.METHODS, "lbp_2d_method")
        _one_of(self.filter_boundary, tuple(BOUNDARIES), "filter_boundary")
        _one_of(self.pooling, (None, "max", "average"), "pooling")
        order = self.riesz_order
        _require(
            order is None or (len(order) == 3 and set(order) <= set(range(5)) and 1 <= sum(order) <= 4),
            "riesz_order",
            "three whole numbers for x, y and z, 1 to 4 together",
            order,
        )
        _require(self.mean_support % 2 == 1, "mean_support", "odd", self.mean_support)
        kernels = self.laws_kernel or ("",)
        laws = all(isinstance(each, str) and re.fullmatch(r"([LES][35]|[WR]5){2,3}", each) for each in kernels)
        _require(laws, "laws_kernel", "two or three of L3, L5, E3, E5, S3, S5, W5, R5", ", ".join(map(str, kernels)))
        for name, most in (("gabor_sigma", 100), ("gabor_wavelength", 1000)):
            widths = getattr(self, name) or (0,)
            _require(0 < min(widths) <= max(widths) <= most, name, f"greater than 0 and {most} at most", widths)
        _one_of(self.weighting_norm, (None, *NORMS), "weighting_norm")
        _one_of(self.resegment_mode, ("absolute", "relative", "sigma"), "resegment_mode")
        _one_of(self.interpolator, (None, *INTERPOLATORS), "interpolator")
        _require(
            self.ibsi or self.resegment_sigma is None, "resegment_sigma", "left out without ibsi", self.resegment_sigma
        )
        limits = self.resegment_range
        _require(limits is None or len(limits) in (1, 2), "resegment_range", "one or two numbers", limits)
        spacing = self.resampled_spacing
        _require(
            spacing is None or (len(spacing) in (2, 3) and min(spacing) >= 0),
            "resampled_spacing",
            "three distances in mm, 0 for an axis that stays as it is",
            spacing,
        )
        self._check_names()

    def _numbers(self) -> list[tuple[str, Any, bool]]:
        """Name and value of each number, and whether it has to be a whole one."""
        numbers: list[tuple[str, Any, bool]] = []
        for f in dataclasses.fields(self):
            value = getattr(self, f.name)
            if f.name in _LISTS and f.name != "laws_kernel" and value is not None:
                numbers += [(f.name, each, False) for each in value]
            elif f.type in ("int", "float") or (f.type in ("int | None", "float | None") and value is not None):
                numbers.append((f.name, value, f.type in ("int", "int | None")))
        return numbers

    def _check_names(self) -> None:
        for kind in self.image_types:
            if kind in IBSI_FILTERS:
                _require(self.ibsi, "ibsi", f"true for the image type {kind}", self.ibsi)
            elif kind not in IMAGE_TYPES:
                raise InputError(f"The image type '{kind}' is not known here; there are {', '.join(IMAGE_TYPES)}.")
        for feature_class, names in self.features.items():
            if feature_class not in feature_classes.NAMES:
                raise InputError(
                    f"The feature class '{feature_class}' is not known; there are {', '.join(feature_classes.NAMES)}."
                )
            known = {*feature_classes.known(feature_class, self.ibsi), *feature_classes.RETIRED.get(feature_class, ())}
            unknown = [name for name in names if name not in known]
            if not self.ibsi and (theirs := {*unknown} & {*feature_classes.OF_IBSI.get(feature_class, ())}):
                _require(False, "ibsi", f"true for {', '.join(sorted(theirs))}", self.ibsi)
            if unknown:
                near = suggestion(unknown[0], feature_classes.known(feature_class, self.ibsi))
                raise InputError(
                    f"The feature class '{feature_class}' has no feature named {', '.join(unknown)}.{near}"
                )

    @property
    def flat_axis(self) -> int | None:
        """The axis along which no neighbors are looked at."""
        return self.force_2d_axis if self.force_2d else None

    @property
    def gray_values(self) -> bool:
        """Whether anything that is asked for looks at gray values; shapes do not."""
        return any(feature_class not in feature_classes.SHAPES for feature_class in self.features)

    def of_image_type(self, kind: str) -> Settings:
        """These settings with what the image type sets otherwise."""
        return dataclasses.replace(self, **self.image_types[kind])

    def names(self, feature_class: str) -> tuple[str, ...]:
        """The features of a class that are asked for and can be measured."""
        known = feature_classes.known(feature_class, self.ibsi)
        asked = self.features[feature_class] or feature_classes.names(feature_class, self.ibsi)
        return tuple(name for name in asked if name in known)

    def parameters(self) -> dict[str, Any]:
        """As a PyRadiomics parameter dictionary; options that are not set are left out."""
        setting = {
            option: list(value) if isinstance(value, tuple) else value
            for name, option in OPTIONS.items()
            if name not in (*_OF_MAPS, *_OF_FILTERS) and (value := getattr(self, name)) is not None and value != ()
        }
        plain = {f.name: f.default for f in dataclasses.fields(self)}
        setting |= {
            OPTIONS[name]: list(value) if isinstance(value, tuple) else value
            for name in _OF_FILTERS
            if (value := getattr(self, name)) != plain[name]
        }
        of_maps = {
            OPTIONS[name]: "nan" if value != value else value  # JSON has no NaN
            for name in _OF_MAPS
            if (value := getattr(self, name)) != plain[name]
        }
        kinds = {
            kind: {OPTIONS[name]: list(v) if isinstance(v, tuple) else v for name, v in custom.items()}
            for kind, custom in self.image_types.items()
        }
        chosen = {feature_class: list(names) for feature_class, names in self.features.items()}
        sections = {"imageType": kinds, "featureClass": chosen, "setting": setting}
        return {**sections, "voxelSetting": of_maps} if of_maps else sections


OPTIONS: dict[str, str] = {  # our name: PyRadiomics' name
    "label": "label",
    "label_channel": "label_channel",
    "bin_width": "binWidth",
    "bin_count": "binCount",
    "normalize": "normalize",
    "normalize_scale": "normalizeScale",
    "remove_outliers": "removeOutliers",
    "resampled_spacing": "resampledPixelSpacing",
    "interpolator": "interpolator",
    "pad_distance": "padDistance",
    "pre_crop": "preCrop",
    "distances": "distances",
    "force_2d": "force2D",
    "force_2d_axis": "force2Ddimension",
    "resegment_range": "resegmentRange",
    "resegment_mode": "resegmentMode",
    "resegment_shape": "resegmentShape",
    "minimum_dimensions": "minimumROIDimensions",
    "minimum_voxels": "minimumROISize",
    "geometry_tolerance": "geometryTolerance",
    "correct_mask": "correctMask",
    "voxel_shift": "voxelArrayShift",
    "symmetrical_glcm": "symmetricalGLCM",
    "weighting_norm": "weightingNorm",
    "gldm_tolerance": "gldm_a",
    "provenance": "additionalInfo",
    "sigma": "sigma",
    "start_level": "start_level",
    "level": "level",
    "wavelet": "wavelet",
    "kernel_radius": "kernelRadius",
    "masked_kernel": "maskedKernel",
    "init_value": "initValue",
    "voxel_batch": "voxelBatch",
    "gradient_use_spacing": "gradientUseSpacing",
    "lbp_2d_radius": "lbp2DRadius",
    "lbp_2d_samples": "lbp2DSamples",
    "lbp_2d_method": "lbp2DMethod",
    "lbp_3d_levels": "lbp3DLevels",
    "lbp_3d_radius": "lbp3DIcosphereRadius",
    "lbp_3d_subdivisions": "lbp3DIcosphereSubdivision",
    "ibsi": "ibsi",  # ours alone
    "resegment_sigma": "resegmentSigma",  # ours alone, as those that follow
    "filter_boundary": "filterBoundary",
    "rotation_invariant": "rotationInvariance",
    "pooling": "pooling",
    "mean_support": "meanSupport",
    "laws_kernel": "lawsKernel",
    "laws_energy": "lawsEnergyDistance",
    "gabor_sigma": "gaborSigma",
    "gabor_wavelength": "gaborWavelength",
    "gabor_gamma": "gaborGamma",
    "gabor_angle": "gaborAngle",
    "gabor_step": "gaborStep",
    "riesz_order": "rieszOrder",
}
_OF_MAPS = ("kernel_radius", "masked_kernel", "init_value", "voxel_batch")
_OF_FILTERS = tuple(OPTIONS)[tuple(OPTIONS).index("filter_boundary") :]  # written where they are not as usual
_LISTS = (
    "resampled_spacing",
    "distances",
    "resegment_range",
    "sigma",
    "laws_kernel",
    "gabor_sigma",
    "gabor_wavelength",
    "riesz_order",
)
_FLAGS = (
    "normalize",
    "pre_crop",
    "force_2d",
    "resegment_shape",
    "correct_mask",
    "symmetrical_glcm",
    "provenance",
    "masked_kernel",
    "gradient_use_spacing",
    "ibsi",
    "rotation_invariant",
)
_WHOLE = tuple(f.name for f in dataclasses.fields(Settings) if f.type in ("int", "int | None"))
_LARGEST = 1e15  # of any number; beyond it the bins of a region cannot be told apart
_DEEPEST = 10  # levels of a wavelet, each of seven more images
_FIXED = ("interpolator", "resampled_spacing", "pad_distance", "label")  # for all image types alike
_SECTIONS = ("setting", "imageType", "featureClass", "voxelSetting")
_SHOWN = 40  # letters of a name that is not known


def read_settings(path: Path) -> Settings:
    """Settings from a PyRadiomics parameter file (YAML or JSON).

    Raises
    ------
    InputError : the file is missing or malformed, or names something unknown
    """
    return from_parameters(read_parameters(path))


def from_parameters(parameters: Mapping[str, Any], options: Mapping[str, Any] | None = None) -> Settings:
    """Settings from a PyRadiomics parameter dictionary, with ``options`` in place of those of its section ``setting``.

    Raises
    ------
    InputError : an unknown section, option, image type, class or feature, or a value of the wrong kind
    """
    if unknown := sorted(str(name) for name in set(parameters) - set(_SECTIONS)):
        # One of them, and shortened: a file of another kind is not to be repeated in a log.
        near = suggestion(unknown[0], _SECTIONS)
        raise InputError(f"A parameter file has no section named {unknown[0][:_SHOWN]}.{near}")
    fields: dict[str, Any] = _options(
        {**_section(parameters, "setting"), **_section(parameters, "voxelSetting"), **(options or {})}
    )
    if kinds := _section(parameters, "imageType"):
        fields["image_types"] = {kind: _custom(kind, custom) for kind, custom in kinds.items()}
    if chosen := _section(parameters, "featureClass"):
        fields["features"] = {
            feature_class: _feature_names(feature_class, names) for feature_class, names in chosen.items()
        }
    return Settings(**fields)


def _section(parameters: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = parameters.get(name) or {}
    if not isinstance(section, Mapping):
        raise InputError(f"The section {name} of the parameter file must be a list of names with values.")
    return section


def _custom(kind: str, custom: Any) -> dict[str, Any]:
    if not isinstance(custom, Mapping | None):
        raise InputError(f"The image type {kind} needs options in braces, or nothing.")
    options = _options(custom or {})
    if fixed := [OPTIONS[name] for name in options if name in _FIXED]:
        raise InputError(f"{', '.join(fixed)} cannot be set for the image type {kind} alone.")
    return options


def _feature_names(feature_class: str, names: Any) -> tuple[str, ...]:
    if names is None:
        return ()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(
            f"The feature class '{feature_class}' needs a list of feature names, or nothing for all of them."
        )
    return tuple(names)


def _options(section: Mapping[str, Any]) -> dict[str, Any]:
    ours = {option: name for name, option in OPTIONS.items()}
    result: dict[str, Any] = {}
    for option, value in section.items():
        if option not in ours:
            raise InputError(f"The setting '{option}' is not known here.{suggestion(str(option), ours)}")
        name = ours[option]
        if name in _LISTS and value is not None:
            value = tuple(value) if isinstance(value, list) else (value,)
        if name in _FLAGS and not isinstance(value, bool):
            raise InputError(f"The setting {option} must be true or false, not {value!r}.")
        if name in _WHOLE and isinstance(value, float) and value.is_integer():
            value = int(value)  # tables and other programs write 1.0
        if name == "voxel_batch" and isinstance(value, int) and value < 0:
            value = None  # PyRadiomics writes -1 for all at once
        if name == "interpolator" and isinstance(value, int):
            value = next((known for known, number in INTERPOLATORS.items() if number == value), str(value))
        if name == "init_value" and value == "nan":
            value = math.nan
        result[name] = value
    return result


def _require(right: bool, name: str, what: str, value: Any) -> None:
    if not right:
        given = ", ".join(map(str, value)) if isinstance(value, tuple) else value
        raise InputError(f"The setting {OPTIONS[name]} must be {what}, not {given}.")


def _one_of(value: Any, known: tuple, name: str) -> None:
    _require(value in known, name, "one of " + ", ".join(str(each) for each in known if each is not None), value)
