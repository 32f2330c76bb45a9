"""The memory of a read stays under the limit that `imaging.limits` states, measured in a process of its own."""

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import uid
from pydicom.encaps import encapsulate

from readingroom.imaging.dicom_frame import frame_of
from readingroom.imaging.limits import MOST_MEMORY
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.dicom_files import radiograph_dataset, stored

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="measured as Linux counts it")

# A first, small read loads the libraries.
READ = """
import sys
from readingroom.errors import ReadingRoomError
from readingroom.imaging.open import open_image
from readingroom.imaging.radiograph_loading import load_radiograph

def read(path):
    try:
        return str(load_radiograph(open_image(path, "frontal").image).gray.shape)
    except ReadingRoomError as error:
        return str(error)

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

read(sys.argv[1])
before = peak()
answer = read(sys.argv[2])
print(1024 * (peak() - before), answer)
"""
SIDE = 10_000
VALUES = stored(chest_radiograph(96, 80))


def jpeg_of_100_million_pixels(progressive=False):
    stream = io.BytesIO()
    # as few colors as an eye can tell, so that it is quick to make
    Image.fromarray(np.tile(np.arange(0, 250, 25, np.uint8).repeat(100), (SIDE, SIDE // 1000))).save(
        stream, "JPEG", progressive=progressive
    )
    return stream.getvalue()


def jpeg_2000_of(rows, columns, values=VALUES):
    frame = bytearray(frame_of(radiograph_dataset(values, transfer_syntax=uid.JPEG2000Lossless).PixelData))
    struct.pack_into(">II", frame, 8, columns, rows)
    struct.pack_into(">II", frame, 24, columns, rows)
    return bytes(frame)


def boxed(frame):
    return (
        struct.pack(">I4s4s", 12, b"jP  ", b"\r\n\x87\n")
        + struct.pack(">I4s", 2008, b"uuid") + bytes(2000)
        + struct.pack(">I4sQ", 1, b"jp2c", 16 + len(frame)) + frame
    )  # fmt: skip


def run_lengths(pixels, segments=2):
    each = b"\x81\x05\x81\x09" * (pixels // 256 + 1)
    header = np.zeros(16, "<u4")
    header[0], header[1 : segments + 1] = segments, 64 + len(each) * np.arange(segments)
    return header.tobytes() + each * segments


def compressed(frame, syntax, **elements):
    bits = elements.get("BitsStored", 12)
    dataset = radiograph_dataset(VALUES if bits > 8 else stored(chest_radiograph(96, 80), 8), bits, **elements)
    dataset.add_new("PixelData", "OB", encapsulate([frame]))
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def plain(values, bits, **elements):
    return radiograph_dataset(values, bits, **elements)


LARGE = {"Rows": SIDE, "Columns": SIDE}
BYTES = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
BOMBS = {
    "JPEG": lambda: compressed(jpeg_of_100_million_pixels(), uid.JPEGBaseline8Bit, **LARGE, **BYTES),
    "progressive JPEG": lambda: compressed(jpeg_of_100_million_pixels(True), uid.JPEGBaseline8Bit, **LARGE, **BYTES),
    "run lengths": lambda: compressed(run_lengths(SIDE**2), uid.RLELossless, **LARGE),
    "run lengths that never end": lambda: compressed(run_lengths(40 * 80 * 96 * 64), uid.RLELossless),
    "JPEG 2000": lambda: compressed(jpeg_2000_of(SIDE, SIDE), uid.JPEG2000Lossless, **LARGE),
    "JPEG 2000 behind another header": lambda: compressed(jpeg_2000_of(60_000, 60_000), uid.JPEG2000Lossless),
    "JPEG 2000 behind boxes": lambda: compressed(boxed(jpeg_2000_of(60_000, 60_000)), uid.JPEG2000Lossless),
    "16-bit color": lambda: plain(np.zeros((7000, 7000, 3), np.uint16), 16),
    "gray with tables and padding": lambda: plain(
        np.tile(np.arange(SIDE, dtype=np.uint16), (SIDE, 1)), 16,
        PixelPaddingValue=0, RescaleSlope=1.5, RescaleIntercept=-1000.25, PhotometricInterpretation="MONOCHROME1",
    ),
}  # fmt: skip


def peak_and_answer(tmp_path, path):
    small = tmp_path / "small.dcm"
    radiograph_dataset(VALUES, transfer_syntax=uid.JPEG2000Lossless).save_as(small, enforce_file_format=True)
    run = subprocess.run([sys.executable, "-c", READ, small, path], capture_output=True, text=True, check=True)
    peak, _, answer = run.stdout.strip().partition(" ")
    return int(peak), answer


@pytest.mark.parametrize("what", BOMBS)
def test_a_dicom_file_takes_less_memory_than_the_limits_state(tmp_path, what):
    pytest.importorskip("openjpeg")
    path = tmp_path / "a.dcm"
    BOMBS[what]().save_as(path, enforce_file_format=True)
    peak, answer = peak_and_answer(tmp_path, path)
    assert peak < MOST_MEMORY, answer
    path.unlink()


@pytest.mark.parametrize("preamble", [True, False])
def test_a_deflated_file_of_2_gb_takes_nothing(tmp_path, preamble):
    path = tmp_path / "a.dcm"
    dataset = radiograph_dataset(VALUES, transfer_syntax=uid.DeflatedExplicitVRLittleEndian, PixelData=None)
    dataset.save_as(path, enforce_file_format=True)
    information = path.read_bytes()[: 144 + int.from_bytes(path.read_bytes()[140:144], "little")]  # FileMetaInformation
    deflate = zlib.compressobj(wbits=-15)
    zeros = bytes(2**24)
    data = deflate.compress(struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB", 0, 2**31))
    path.write_bytes(
        information[0 if preamble else 132 :] + data + b"".join(deflate.compress(zeros) for _ in range(128))
    )
    peak, answer = peak_and_answer(tmp_path, path)
    assert "deflated" in answer, answer
    assert peak < MOST_MEMORY / 20
