"""What an MR series is, from headers as the makers of scanners write them, in real files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedMRImageStorage, generate_uid

from readingroom.imaging.mr_facts import MRSeries, mr_series
from readingroom.imaging.open import open_image, open_slice
from readingroom.phantoms.dicom_files import radiograph_dataset
from readingroom.phantoms.dicom_series import Grid, mr_slices, write_slices

PIXELS = np.arange(4 * 6 * 5).reshape(4, 6, 5)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
# What the phantoms' headers say of T2 and other makers leave out.
BARE = dict.fromkeys(
    ("ScanningSequence", "SequenceVariant", "MRAcquisitionType", "RepetitionTime", "EchoTime", "EchoTrainLength",
     "FlipAngle", "ScanOptions", "SequenceName", "SeriesDescription", "MagneticFieldStrength")
)  # fmt: skip


def series(folder: Path, grid: Grid | None = None, **elements: Any) -> MRSeries:
    slices = mr_slices(PIXELS, grid, "T2", **{**BARE, **elements})
    return mr_series(open_image(write_slices(folder / "mr", slices), "mr", 3, ("MR",)).image)


SIEMENS = {"Manufacturer": "SIEMENS", "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "NORM"]}
GE = {"Manufacturer": "GE MEDICAL SYSTEMS", "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"]}
PHILIPS = {"Manufacturer": "Philips Medical Systems", "ImageType": ["ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"]}
TOSHIBA = {"Manufacturer": "TOSHIBA_MEC", "ImageType": ["ORIGINAL", "PRIMARY"]}


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({**SIEMENS, "ScanningSequence": "SE", "SequenceVariant": ["SK", "SP", "OSP"], "RepetitionTime": "1000",
          "EchoTime": "92", "ScanOptions": "PFP", "SequenceName": "*h2d1_256", "SeriesDescription": "T2_HASTE_tra_mbh"},
         "T2, axial"),
        ({**SIEMENS, "ScanningSequence": "GR", "SequenceVariant": ["SP", "OSP"], "RepetitionTime": "4.1",
          "EchoTime": "1.9", "FlipAngle": "9", "ScanOptions": ["PFP", "SFS"], "SequenceName": "*fl3d1",
          "ContrastBolusAgent": "Primovist", "SeriesDescription": "t1_vibe_fs_tra_bh_20min"},
         "T1, axial, fat saturated, hepatobiliary"),
        ({**SIEMENS, "ScanningSequence": "EP", "SequenceVariant": ["SK", "SP"], "RepetitionTime": "5200",
          "EchoTime": "66", "ScanOptions": ["PFP", "FS"], "SequenceName": "*ep_b800t",
          "ImageType": ["ORIGINAL", "PRIMARY", "DIFFUSION", "TRACEW", "ND"], "SeriesDescription": "ep2d_diff_TRACEW"},
         "DWI, axial, fat saturated"),
        ({**SIEMENS, "ScanningSequence": "GR", "SequenceVariant": ["SK", "SS"], "RepetitionTime": "3.9",
          "EchoTime": "1.7", "FlipAngle": "60", "SequenceName": "*tfi2d1", "SeriesDescription": "trufi_tra"},
         "balanced, axial"),
        ({**GE, "ScanningSequence": ["RM", "SE"], "SequenceVariant": ["SS", "SK"], "RepetitionTime": "1200",
          "EchoTime": "88.1", "ScanOptions": ["FAST_GEMS", "NPW", "SS_GEMS"], "SeriesDescription": "AX SSFSE"},
         "T2, axial"),
        ({**GE, "ScanningSequence": "RM", "SequenceVariant": "NONE", "RepetitionTime": "3.8", "EchoTime": "1.7",
          "SeriesDescription": "Ax LAVA-Flex +C ART"},
         "T1, axial, arterial"),
        ({**GE, "ScanningSequence": "GR", "SequenceVariant": ["SP", "SK"], "RepetitionTime": "180", "EchoTime": "2.1",
          "FlipAngle": "80", "ScanOptions": ["FAST_GEMS"], "SeriesDescription": "OutPhase: Ax Dual Echo",
          "MagneticFieldStrength": "15000"},
         "T1, axial, opposed phase"),
        ({**PHILIPS, "ScanningSequence": "SE", "SequenceVariant": "SK", "RepetitionTime": "1617.4", "EchoTime": "70",
          "ScanOptions": "FS", "SeriesDescription": "T2W_SPAIR BH", "ImageType": ["ORIGINAL", "PRIMARY", "M_SE", "M",
                                                                              "SE"]},
         "T2, axial, fat saturated"),
        ({**PHILIPS, "ScanningSequence": "GR", "SequenceVariant": "SS", "RepetitionTime": "3.9", "EchoTime": "1.8",
          "FlipAngle": "10", "ScanOptions": "FS", "SeriesDescription": "dyn_eTHRIVE"},
         "T1, axial, fat saturated, with contrast medium"),
        ({**PHILIPS, "ScanningSequence": "GR", "EchoTime": "1.3", "FlipAngle": "10", "SeriesDescription": "mDIXON",
          "ImageType": ["DERIVED", "PRIMARY", "W", "W", "DERIVED"]},
         "T1, axial, water"),
        ({**TOSHIBA, "ScanningSequence": "SE", "SequenceVariant": "NONE", "RepetitionTime": "15200", "EchoTime": "78",
          "ScanOptions": "PFP", "SequenceName": "FASE2D+6.5"},
         "T2, axial"),
        ({**TOSHIBA, "ScanningSequence": "FE", "SeriesDescription": "Quick3Ds PV"},
         "T1, axial, fat saturated, portal venous"),
        ({"ScanningSequence": ["SE", "IR"], "RepetitionTime": "4000", "EchoTime": "60", "InversionTime": "160"},
         "T2, axial, fat saturated"),
        ({"ScanningSequence": "SE", "RepetitionTime": "500", "EchoTime": "12"}, "T1, axial"),
        ({"ScanningSequence": "SE", "RepetitionTime": "2500", "EchoTime": "20"}, "PD, axial"),
        ({"ScanningSequence": "GR", "RepetitionTime": "200", "EchoTime": "24"}, "T2*, axial"),
        ({"SeriesDescription": "T2* ax"}, "T2*, axial"),
        ({"DiffusionBValue": 400.0}, "DWI (b 400), axial"),
        ({"SeriesDescription": "localizer"}, "localizer, axial"),
        ({"SeriesDescription": "Ax T2 FS PROPELLER no fs"}, "T2, axial"),
        ({}, "axial"),
        ({"EchoTime": "", "RepetitionTime": "", "ScanningSequence": "", "ScanOptions": ""}, "axial"),
    ],
)  # fmt: skip
def test_a_series_is_known_by_its_header(tmp_path: Path, header: dict[str, Any], words: str) -> None:
    assert series(tmp_path, **header).words == words


def test_a_weighting_from_words_alone_is_marked(tmp_path: Path) -> None:
    guessed = series(tmp_path / "guess", SeriesDescription="AX T2 FRFSE")
    known = series(tmp_path / "known", ScanningSequence="SE", RepetitionTime="3000", EchoTime="90")
    assert (guessed.weighting, guessed.by, known.weighting, known.by) == ("T2", "words", "T2", "sequence")


@pytest.mark.parametrize(
    ("orientation", "plane"),
    [((1, 0, 0, 0, 1, 0), "axial"), (CORONAL, "coronal"), ((0, 1, 0, 0, 0, -1), "sagittal"),
     ((1, 0, 0, 0, 0.9, -0.4359), "axial"), ((1, 0, 0, 0, 0.7071, -0.7071), "oblique")],
)  # fmt: skip
def test_the_plane_is_that_of_the_slices(tmp_path: Path, orientation: tuple[float, ...], plane: str) -> None:
    assert series(tmp_path, Grid(orientation=orientation)).plane == plane


@pytest.mark.parametrize(
    ("header", "tesla"),
    [({"MagneticFieldStrength": "3"}, 3.0), ({"MagneticFieldStrength": "15000"}, 1.5),
     ({"ImagingFrequency": "63.69"}, 1.5), ({"MagneticFieldStrength": "0"}, None), ({}, None)],
)  # fmt: skip
def test_field_strength_is_in_tesla(tmp_path: Path, header: dict[str, str], tesla: float | None) -> None:
    assert series(tmp_path, **header).field_strength == tesla


@pytest.mark.parametrize(("echo", "phase"), [("2.3", "opposed phase"), ("4.6", "in phase"), ("3.4", "")])
def test_the_echo_time_tells_in_phase_from_opposed_phase(tmp_path: Path, echo: str, phase: str) -> None:
    header = {"ScanningSequence": "GR", "SequenceVariant": "SP", "RepetitionTime": "150", "FlipAngle": "70"}
    assert series(tmp_path, **header, EchoTime=echo, MagneticFieldStrength="1.5").chemical_shift == phase


def test_an_enhanced_mr_says_it_in_codes(tmp_path: Path) -> None:
    dataset = radiograph_dataset(PIXELS.astype(np.uint16), 16, EnhancedMRImageStorage, Modality="MR")
    dataset.FrameOfReferenceUID, dataset.MagneticFieldStrength = generate_uid(), 3.0
    dataset.AcquisitionContrast = "MIXED"
    shared, timing, echo, modifier = Dataset(), Dataset(), Dataset(), Dataset()
    timing.RepetitionTime, echo.EffectiveEchoTime, modifier.SpectrallySelectedSuppression = 3500, 90.0, "FAT"
    orientation, measures, frame_type = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    measures.PixelSpacing, measures.SliceThickness = [2.0, 2.0], 5.0
    frame_type.AcquisitionContrast = "T2"
    shared.MRTimingAndRelatedParametersSequence, shared.MREchoSequence = [timing], [echo]
    shared.MRModifierSequence, shared.MRImageFrameTypeSequence = [modifier], [frame_type]
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    dataset.SharedFunctionalGroupsSequence = [shared]
    frames = []
    for number in range(len(PIXELS)):
        place, frame = Dataset(), Dataset()
        place.ImagePositionPatient = [0.0, 0.0, 5.0 * number]
        frame.PlanePositionSequence = [place]
        frames.append(frame)
    dataset.PerFrameFunctionalGroupsSequence = frames
    path = tmp_path / "enhanced.dcm"
    dataset.save_as(path, enforce_file_format=True)
    found = mr_series(open_image(path, "mr", 3, ("MR",)).image)
    assert (found.words, found.by, found.field_strength) == ("T2, axial, fat saturated", "sequence", 3.0)


def test_a_real_siemens_slice_is_known(shared: Path) -> None:
    path = shared / "data/dicom_io/mr_liver_siemens/MR-SIEMENS-DICOM-WithOverlays.dcm"
    if not path.exists():
        pytest.skip("the slice is not there")
    assert mr_series(open_slice(path, "mr").image).words == "T1, axial, fat saturated, with contrast medium"
