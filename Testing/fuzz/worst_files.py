"""Small files that would cost gigabytes or minutes, and the largest ones that are read: memory and time of each."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite, write_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless

from readingroom.bundles import bundle, store
from readingroom.radiomics.cohort import measure_cohort

from . import bundles
from .driver import Case, Driver
from .images import a_film, read_picture, read_volume

LARGE = 10_000  # pixels along each side of the largest picture
_ITEM = struct.Struct("<HHI")


def _film(folder: Path, change: Callable[[Dataset], None], name: str = "film.dcm") -> Path:
    film = a_film()
    change(film)
    film.save_as(folder / name, enforce_file_format=True)
    return folder / name


def _inserted(folder: Path, element: bytes) -> Path:
    """An element of its own bytes, put before the patient's name, in a film without a window of its own."""
    film, written = a_film(), io.BytesIO()
    del film.WindowCenter, film.WindowWidth, film.VOILUTSequence
    film.PixelData = np.mgrid[:72, :64][0].astype(np.uint8).tobytes()
    film.save_as(written, enforce_file_format=True)
    content = written.getvalue()
    place = content.find(struct.pack("<HH", 0x10, 0x10))
    (folder / "film.dcm").write_bytes(content[:place] + element + content[place:])
    return folder / "film.dcm"


def deflated(folder: Path, preamble: bool) -> Path:
    """4 GB of zeros as the pixels of a deflated file of 4 MB."""
    meta, body = DicomBytesIO(), io.BytesIO()
    film = a_film()
    del film.PixelData
    film.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    write_file_meta_info(meta, film.file_meta)
    del film.file_meta
    dcmwrite(body, film, implicit_vr=False, little_endian=True, enforce_file_format=False)
    squeeze, zeros = zlib.compressobj(9, zlib.DEFLATED, -15), b"\0" * (1 << 24)
    start = squeeze.compress(body.getvalue() + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB", 0, 0xFFFFFF00))
    with (folder / "deflated.dcm").open("wb") as file:
        file.write((b"\0" * 128 + b"DICM" if preamble else b"") + meta.getvalue() + start)
        for _ in range(256):
            file.write(squeeze.compress(zeros))
        file.write(squeeze.flush())
    return folder / "deflated.dcm"


def jpeg_2000(folder: Path, way: str) -> Path:
    """A codestream of 30,000 x 30,000 pixels where the header of the file says 72 x 64."""
    from openjpeg.utils import encode_array

    stream = bytes(encode_array(np.mgrid[:72, :64][0].astype(np.uint8), photometric_interpretation=2))
    stream = stream[stream.find(b"\xff\x4f\xff\x51") :]
    large = bytearray(stream)
    struct.pack_into(">II", large, 8, 30_000, 30_000)
    if way == "boxes":
        boxes = struct.pack(">I4s4sI4s4sI4s", 12, b"jP  ", b"\r\n\x87\n", 20, b"ftyp", b"jp2 ", 0, b"jp2 ")
        boxes += struct.pack(">I4s", 2024, b"uuid") + bytes(2016)
        frame = boxes + struct.pack(">I4s", 8 + len(large), b"jp2c") + bytes(large)
        pixels = encapsulate([frame])
    else:
        small, other = (each + b"\0" * (len(each) % 2) for each in (stream, bytes(large)))
        frames = b"".join(_ITEM.pack(0xFFFE, 0xE000, len(each)) + each for each in (b"", small, other))
        pixels = frames + _ITEM.pack(0xFFFE, 0xE0DD, 0)

    def change(film: Dataset) -> None:
        film.file_meta.TransferSyntaxUID = JPEG2000Lossless
        film.PixelData = pixels
        film["PixelData"].VR = "OB"
        film["PixelData"].is_undefined_length = True
        if way == "offsets":
            film.ExtendedOffsetTable = struct.pack("<Q", 8 + len(small))
            film.ExtendedOffsetTableLengths = struct.pack("<Q", len(other))

    return _film(folder, change)


def large_dicom(folder: Path, samples: int) -> Path:
    """The largest film that is read, 16 bits gray or 8 bits color."""

    def change(film: Dataset) -> None:
        film.Rows = film.Columns = LARGE
        shape = (LARGE, LARGE) if samples == 1 else (LARGE, LARGE, samples)
        pixels = np.zeros(shape, np.uint16 if samples == 1 else np.uint8)
        pixels[::50] = 200
        bits = 16 if samples == 1 else 8
        film.BitsAllocated = film.BitsStored = bits
        film.HighBit = bits - 1
        if samples > 1:
            film.SamplesPerPixel, film.PhotometricInterpretation, film.PlanarConfiguration = samples, "RGB", 0
        film.PixelData = pixels.tobytes()
        film["PixelData"].VR = "OW" if bits == 16 else "OB"

    return _film(folder, change)


def large_picture(folder: Path, name: str, mode: str, side: int, **options: Any) -> Path:
    """The largest picture of its kind that is read."""
    pixels = np.zeros((side, side, 4), np.uint8)
    pixels[..., 3], pixels[::50] = 255, 200
    picture = Image.fromarray(pixels[..., 0].astype(np.uint16) * 200) if mode == "I;16" else Image.fromarray(pixels)
    (picture if mode in ("I;16", "RGBA") else picture.convert(mode)).save(folder / name, **options)
    return folder / name


def tiff(folder: Path, directories: int, ring: bool) -> Path:
    """A TIFF of so many pages, the last of which may point to the first again."""
    entries = [
        (256, 3, 64),
        (257, 3, 64),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 0),
        (278, 3, 64),
        (279, 4, 4096),
    ]
    size = 2 + 12 * len(entries) + 4
    data = bytearray(b"II*\0" + struct.pack("<I", 8))
    for page in range(directories):
        data += struct.pack("<H", len(entries))
        for tag, kind, value in entries:
            data += struct.pack("<HHII", tag, kind, 1, 8 + size * directories if tag == 273 else value)
        last = page == directories - 1
        data += struct.pack("<I", (8 if ring else 0) if last else 8 + size * (page + 1))
    (folder / "pages.tiff").write_bytes(bytes(data) + random.Random(0).randbytes(4096))
    return folder / "pages.tiff"


def scans(folder: Path) -> Path:
    """A progressive JPEG whose shortest scan comes another thousand times."""
    written = io.BytesIO()
    Image.fromarray((np.mgrid[:4000, :4000][0] // 20).astype(np.uint8)).save(
        written, "JPEG", progressive=True, quality=10
    )
    content = written.getvalue()
    starts = [n for n in range(len(content)) if content[n : n + 2] == b"\xff\xda"]
    end = content.rfind(b"\xff\xd9")
    pieces = [content[a:b] for a, b in zip(starts, [*starts[1:], end], strict=True)]
    (folder / "scans.jpg").write_bytes(content[:end] + min(pieces, key=len) * 1000 + content[end:])
    return folder / "scans.jpg"


def nifti(folder: Path, size: tuple[int, int, int]) -> Path:
    """A compressed volume of doubles, all of them zero."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *size, 1, 1, 1, 1)
    struct.pack_into("<hh", header, 70, 64, 64)
    struct.pack_into("<8f", header, 76, *[1.0] * 8)
    struct.pack_into("<ff", header, 108, 352.0, 1.0)
    header[344:348] = b"n+1\0"
    left = 8 * size[0] * size[1] * size[2]
    with gzip.open(folder / "volume.nii.gz", "wb", compresslevel=1) as file:
        file.write(bytes(header))
        for _ in range(left >> 24):
            file.write(bytes(1 << 24))
        file.write(bytes(left & ((1 << 24) - 1)))
    return folder / "volume.nii.gz"


def nrrd(folder: Path, fields: str) -> Path:
    """An NRRD whose header asks for what is not there."""
    (folder / "volume.nrrd").write_bytes(f"NRRD0004\ntype: double\n{fields}endian: little\n\n".encode() + bytes(1000))
    return folder / "volume.nrrd"


def _bundle(folder: Path, name: str, content: bytes) -> Path:
    contents = {**bundles.files(), name: content}
    contents["SHA256SUMS"] = bundles.sums(contents)
    for path, data in contents.items():
        file = folder / bundles.NAME / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return folder / bundles.NAME


def tensors(folder: Path) -> Path:
    """A bundle whose tensor file lists half a million dimensions."""
    header = ('{"x":{"dtype":"F32","shape":[' + "1," * 3_000_000 + '1],"data_offsets":[0,4]}}').encode()
    return _bundle(folder, "models/model.safetensors", struct.pack("<Q", len(header)) + header + bytes(4))


def zip_of_zeros(folder: Path) -> Path:
    """A zip of 4 MB that holds a tensor file of 4 GB."""
    path = folder / "bundle.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in bundles.files().items():
            if name != "models/model.safetensors":
                archive.writestr(f"{bundles.NAME}/{name}", content)
        with archive.open(f"{bundles.NAME}/models/model.safetensors", "w", force_zip64=True) as member:
            for _ in range(256):
                member.write(bytes(1 << 24))
    return path


def _install(path: Path) -> None:
    os.environ["READINGROOM_HOME"] = str(path.parent / "home")
    store.install(path)


def fifo(folder: Path) -> Path:
    """A pipe that nobody writes to, under the name of a film."""
    os.mkfifo(folder / "film.dcm")
    return folder / "film.dcm"


def table(folder: Path) -> Path:
    """A cohort of one line that has ten million fields."""
    (folder / "cohort.csv").write_text("patient_id,image_ct,mask_tumor" + "," * 10_000_000 + "\n", encoding="utf-8")
    return folder / "cohort.csv"


_UNKNOWN_LENGTH = b"\x08\x00\x15\x10SQ\0\0\xff\xff\xff\xff"
_FILES: dict[str, tuple[Callable[[Path], Path], Callable[[Path], Any]]] = {
    "deflated DICOM, 4 GB of zeros": (lambda f: deflated(f, True), read_picture),
    "deflated DICOM without preamble": (lambda f: deflated(f, False), read_picture),
    "JPEG 2000 behind long boxes": (lambda f: jpeg_2000(f, "boxes"), read_picture),
    "JPEG 2000 behind an offset table": (lambda f: jpeg_2000(f, "offsets"), read_picture),
    "DICOM, 100 million pixels of 16 bits": (lambda f: large_dicom(f, 1), read_picture),
    "DICOM, 100 million pixels in color": (lambda f: large_dicom(f, 3), read_picture),
    "DICOM, 20 MB of window values": (
        lambda f: _inserted(f, struct.pack("<HH2sHI", 0x28, 0x1050, b"UT", 0, 20_000_000) + b"1\\" * 10_000_000),
        read_picture,
    ),
    "DICOM, 2 million empty items": (
        lambda f: _inserted(
            f, _UNKNOWN_LENGTH + _ITEM.pack(0xFFFE, 0xE000, 0) * 2_000_000 + _ITEM.pack(0xFFFE, 0xE0DD, 0)
        ),
        read_picture,
    ),
    "DICOM, 100,000 nested sequences": (
        lambda f: _inserted(f, (_UNKNOWN_LENGTH + b"\xfe\xff\x00\xe0\xff\xff\xff\xff") * 100_000),
        read_picture,
    ),
    "a pipe named film.dcm": (fifo, read_picture),
    "PNG, 25 million pixels with transparency": (
        lambda f: large_picture(f, "p.png", "RGBA", 5000, compress_level=1),
        read_picture,
    ),
    "PNG, 100 million pixels of 16 bits": (
        lambda f: large_picture(f, "p.png", "I;16", LARGE, compress_level=1),
        read_picture,
    ),
    "JPEG, 33 million pixels in color": (lambda f: large_picture(f, "p.jpg", "RGB", 5700, quality=30), read_picture),
    "JPEG, 100 million pixels in CMYK": (lambda f: large_picture(f, "p.jpg", "CMYK", LARGE, quality=30), read_picture),
    "JPEG, a thousand more scans": (scans, read_picture),
    "TIFF, 100,000 pages": (lambda f: tiff(f, 100_000, False), read_picture),
    "TIFF, pages in a ring": (lambda f: tiff(f, 3, True), read_picture),
    "NIfTI, 16 GB of zeros": (lambda f: nifti(f, (1000, 1000, 2000)), read_volume),
    "NRRD, 160 GB that are not there": (
        lambda f: nrrd(f, "dimension: 3\nsizes: 2000 2000 5000\nencoding: raw\n"),
        read_volume,
    ),
    "NRRD, 2 billion lines to skip": (
        lambda f: nrrd(f, "dimension: 3\nsizes: 4 4 4\nencoding: raw\nline skip: 2000000000\n"),
        read_volume,
    ),
    "NRRD with its pixels in /dev/zero": (
        lambda f: nrrd(f, "dimension: 3\nsizes: 400 400 400\nencoding: raw\ndata file: /dev/zero\n"),
        read_volume,
    ),
    "safetensors, 3 million dimensions": (tensors, lambda path: bundle.load(path)),
    "zip, 4 GB of zeros": (zip_of_zeros, _install),
    "cohort, ten million columns": (table, lambda path: measure_cohort(path, path.with_name("out.csv"))),
}


def cases() -> Iterator[tuple[str, Driver]]:
    """Each file, as a driver of one input; building it takes no part in the time."""
    for name, (build, open_it) in _FILES.items():
        digest = hashlib.sha256(name.encode()).hexdigest()[:6]

        def case(source: random.Random, folder: Path, build: Any = build, open_it: Any = open_it) -> Case:
            path = build(folder)
            size = path.stat().st_size if path.is_file() else 0
            return Case(f"{size / 2**20:.1f} MB", lambda: open_it(path))

        yield name, Driver(digest, name, case, seconds=60)
