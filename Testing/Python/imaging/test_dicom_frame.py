"""All fragments of an image make its one frame, whatever tables of offsets say."""

import struct

import numpy as np
import pytest
from pydicom import uid
from pydicom.encaps import encapsulate

from readingroom.errors import InputError
from readingroom.imaging.dicom_file import read_image
from readingroom.imaging.dicom_frame import frame_of
from readingroom.imaging.dicom_pixels import stored_values
from readingroom.imaging.limits import MAXIMUM_FRAGMENTS
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.dicom_files import radiograph_dataset, stored, write_dicom

VALUES = stored(chest_radiograph(96, 80))


def item(data):
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(data)) + data


END = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


@pytest.mark.parametrize("fragments", [1, 2, 7])
@pytest.mark.parametrize("has_bot", [True, False])
def test_fragments_are_put_together(fragments, has_bot):
    frame = bytes(range(200))
    data = encapsulate([frame], fragments_per_frame=fragments, has_bot=has_bot)
    assert frame_of(data) == frame
    assert frame_of(data + END + b"what follows") == frame


@pytest.mark.parametrize("fragments", [1, 3])
def test_of_several_frames_each_has_a_fragment_or_the_table_tells(fragments):
    frames = [bytes(range(start, 40 + 10 * start)) for start in range(4)]
    frames = [frame + bytes(len(frame) % 2) for frame in frames]
    data = encapsulate(frames, fragments_per_frame=fragments)
    assert [frame_of(data, number, 4) for number in range(4)] == frames
    if fragments > 1:
        with pytest.raises(ValueError, match="which fragments belong"):
            frame_of(encapsulate(frames, fragments_per_frame=fragments, has_bot=False), 0, 4)


@pytest.mark.parametrize(
    "syntax", [uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.RLELossless, uid.JPEG2000Lossless]
)
def test_every_frame_of_several_is_read(tmp_path, syntax):
    values = np.stack([VALUES, VALUES // 2, VALUES // 3])
    path = write_dicom(tmp_path / "a.dcm", values, transfer_syntax=syntax)
    dataset = read_image(path, several_frames=True)
    found = [stored_values(dataset, "a.dcm", frame) for frame in range(3)]
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        item(b""),
        item(b"") + END,
        item(b"") + item(b"abcd")[:-1],
        item(b"") + item(b"abcd") + b"noise",
        b"\0" * 40,
        item(b"") * (MAXIMUM_FRAGMENTS + 2),
    ],
)
def test_items_that_are_damaged_or_countless_are_refused(data):
    with pytest.raises(ValueError, match="fragment"):
        frame_of(data)


def test_an_offset_table_cannot_lead_to_another_picture(tmp_path):
    pytest.importorskip("openjpeg")
    dataset = radiograph_dataset(VALUES, transfer_syntax=uid.JPEG2000Lossless)
    small = frame_of(dataset.PixelData)
    other = frame_of(radiograph_dataset(VALUES[:64, :64], transfer_syntax=uid.JPEG2000Lossless).PixelData)
    dataset.PixelData = item(b"") + item(small) + item(other)
    dataset.ExtendedOffsetTable = struct.pack("<Q", 8 + len(small))
    dataset.ExtendedOffsetTableLengths = struct.pack("<Q", len(other))
    dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    np.testing.assert_array_equal(stored_values(read_image(tmp_path / "a.dcm"), "a.dcm"), VALUES)


def test_what_follows_the_pixels_is_not_read(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", VALUES, transfer_syntax=uid.RLELossless)
    path.write_bytes(
        path.read_bytes() + struct.pack("<HH2sHI", 0xFFFC, 0xFFFC, b"OB", 0, 50_000_000) + bytes(50_000_000)
    )
    dataset = read_image(path)
    assert len(dataset.PixelData) < 2 * VALUES.nbytes + 70_000
    np.testing.assert_array_equal(stored_values(dataset, "a.dcm"), VALUES)


def test_a_compressed_picture_larger_than_the_plain_one_is_refused(tmp_path):
    dataset = radiograph_dataset(VALUES, transfer_syntax=uid.RLELossless)
    dataset.PixelData = item(b"") + item(frame_of(dataset.PixelData)) + item(bytes(1_000_000))
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    with pytest.raises(InputError, match="fragment"):
        stored_values(read_image(tmp_path / "a.dcm"), "a.dcm")


def test_pixel_data_for_two_images_of_the_size_are_refused(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", VALUES, Rows=48)
    with pytest.raises(InputError, match="80 x 48 pixels of 16 bits, its pixel data hold at least twice as many"):
        stored_values(read_image(path), "a.dcm")


def test_a_few_bytes_of_padding_are_no_harm(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", VALUES, PixelData=VALUES.tobytes() + bytes(300))
    np.testing.assert_array_equal(stored_values(read_image(path), "a.dcm"), VALUES)


def test_compressed_pixel_data_under_a_header_that_knows_of_no_compression_are_refused(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", VALUES, transfer_syntax=uid.RLELossless)
    data = path.read_bytes()
    path.write_bytes(data.replace(uid.RLELossless.encode(), b"1.2.840.10008.1.2.1"))
    with pytest.raises(InputError, match="it is not compressed, its pixel data are"):
        stored_values(read_image(path), "a.dcm")


def test_a_volume_of_countless_frames_is_refused(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", VALUES[:1, :1], NumberOfFrames=900_000_000)
    with pytest.raises(InputError, match="900,000,000 frames"):
        read_image(path, several_frames=True)
