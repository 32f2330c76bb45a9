"""Whatever happens to the bytes of a file, opening it ends in a radiograph or in one sentence."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import uid

from readingroom.errors import ReadingRoomError
from readingroom.imaging.open import open_image
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.dicom_files import lookup_table_item, stored, write_dicom

SYNTAXES = {
    "uncompressed": uid.ExplicitVRLittleEndian,
    "implicit": uid.ImplicitVRLittleEndian,
    "rle": uid.RLELossless,
    "jpeg": uid.JPEGBaseline8Bit,
    "jpeg 2000": uid.JPEG2000Lossless,
}
FEW = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module", params=SYNTAXES)
def original(request, tmp_path_factory):
    """The bytes of a small DICOM file with everything that steers the display."""
    if request.param == "jpeg 2000":
        pytest.importorskip("openjpeg")
    path = tmp_path_factory.mktemp("original") / "a.dcm"
    values = stored(chest_radiograph(32, 40), 8)
    write_dicom(
        path, values, 8, transfer_syntax=SYNTAXES[request.param], WindowCenter=128, WindowWidth=256,
        VOILUTSequence=[lookup_table_item(range(256), bits=8)], PatientAge="040Y", ImagerPixelSpacing=[0.2, 0.2],
    )  # fmt: skip
    return path.read_bytes()


@pytest.fixture(scope="module")
def damaged_file(tmp_path_factory):
    return tmp_path_factory.mktemp("damaged") / "a.dcm"


def assert_a_radiograph_or_a_sentence(path):
    try:
        gray = load_radiograph(open_image(path, "frontal").image).gray
    except ReadingRoomError as error:
        sentence = str(error)
        assert sentence.endswith(".")
        assert "\n" not in sentence
    else:
        assert np.isfinite(gray).all()
        assert gray.min() >= 0
        assert gray.max() <= 1


@FEW
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_anywhere(original, damaged_file, share):
    damaged_file.write_bytes(original[: int(share * len(original))])
    assert_a_radiograph_or_a_sentence(damaged_file)


@FEW
@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=8))
def test_a_file_with_changed_bytes(original, damaged_file, flips):
    data = bytearray(original)
    for share, change in flips:
        data[int(share * len(data))] ^= change
    damaged_file.write_bytes(bytes(data))
    assert_a_radiograph_or_a_sentence(damaged_file)


@FEW
@given(noise=st.binary(max_size=600))
def test_noise_after_a_valid_beginning(original, damaged_file, noise):
    damaged_file.write_bytes(original[:340] + noise)
    assert_a_radiograph_or_a_sentence(damaged_file)
