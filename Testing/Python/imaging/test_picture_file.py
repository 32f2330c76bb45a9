"""PNG, JPEG and TIFF pictures: every value as it is stored, upright, and what cannot be read named."""

import contextlib
import io
import struct
import sys
import zlib

import numpy as np
import pytest
import SimpleITK
from PIL import Image, ImageOps

from readingroom.errors import InputError
from readingroom.imaging.open import open_image
from readingroom.imaging.picture_file import read_picture
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.dicom_files import stored


@pytest.fixture(scope="module")
def chest():
    return chest_radiograph(96, 80)


def load(path):
    return load_radiograph(open_image(path, "frontal").image)


def tiff(path, values, order="<", big=False, photometric=1, predictor=1, separate=False, tile=None, **more):
    """Write a TIFF of one page, values ``[j, i]`` or ``[j, i, samples]``; with a predictor it is packed."""
    values = values if values.ndim == 3 else values[..., None]
    rows, columns, samples = values.shape
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    planes = [values[..., [n]] for n in range(samples)] if separate else [values]
    height, width = tile or (40, columns)
    parts = []
    for plane in planes:
        for top in range(0, rows, height):
            for left in range(0, columns, width):
                part = plane[top : top + height, left : left + width]
                if tile:
                    part = np.pad(part, ((0, height - part.shape[0]), (0, width - part.shape[1]), (0, 0)))
                if predictor == 2:
                    part = np.diff(part, axis=1, prepend=np.zeros_like(part[:, :1]))
                parts.append(part.astype(values.dtype.newbyteorder(order)).tobytes())
    if predictor != 1:
        parts = [zlib.compress(part) for part in parts]
    start = 16 if big else 8
    offsets = [start + sum(map(len, parts[:n])) for n in range(len(parts))]
    counts = [len(part) for part in parts]
    entries = {
        256: [columns], 257: [rows], 258: [values.dtype.itemsize * 8] * samples, 259: [1 if predictor == 1 else 8],
        262: [photometric], 277: [samples], 284: [2 if separate else 1], 317: [predictor], 339: [kind] * samples,
    }  # fmt: skip
    entries |= (
        {322: [width], 323: [height], 324: offsets, 325: counts} if tile else {273: offsets, 278: [height], 279: counts}
    )
    entries |= {int(tag): [value] for tag, value in more.pop("tags", {}).items()}
    place = start + sum(counts)
    step, room, word = (20, 8, "Q") if big else (12, 4, "I")
    directory = place + place % 2
    beyond = directory + (8 if big else 2) + step * len(entries) + room
    out, tail = b"", b""
    for tag, numbers in sorted(entries.items()):
        packed = struct.pack(f"{order}{len(numbers)}I", *numbers)
        value = packed.ljust(room, b"\0") if len(packed) <= room else struct.pack(order + word, beyond + len(tail))
        tail += packed if len(packed) > room else b""
        out += struct.pack(f"{order}HH{word}", tag, 4, len(numbers)) + value
    mark = b"II" if order == "<" else b"MM"
    head = mark + (
        struct.pack(f"{order}HHHQ", 43, 8, 0, directory) if big else struct.pack(f"{order}HI", 42, directory)
    )
    count = struct.pack(order + ("Q" if big else "H"), len(entries))
    next_one = struct.pack(order + word, more.pop("next_page", lambda place: 0)(directory))
    path.write_bytes(head + b"".join(parts) + b"\0" * (place % 2) + count + out + next_one + tail)
    return path


def png(path, values, **chunks):
    """Write a PNG of 16 bits of 1 to 4 samples, with further chunks before its pixels."""
    rows, columns, samples = values.shape
    color = {1: 0, 2: 4, 3: 2, 4: 6}[samples]
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in values)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">2I5B", columns, rows, 16, color, 0, 0, 0))
    further = b"".join(chunk(kind.encode(), body) for kind, body in chunks.items())
    pixels = chunk(b"IDAT", zlib.compress(lines))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + further + pixels + chunk(b"IEND", b""))
    return path


# TIFF ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("white", [False, True])
@pytest.mark.parametrize("predictor", [1, 2])
@pytest.mark.parametrize("tile", [None, (32, 48)])
@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i2", "f4", "f8"])
def test_every_value_of_a_tiff_is_as_stored(tmp_path, chest, order, big, white, predictor, tile, dtype):
    if dtype[0] == "f" and predictor == 2:
        pytest.skip("differences are of whole numbers")
    largest = 1 if dtype[0] == "f" else np.iinfo(dtype).max
    values = (chest.astype(np.float64) * largest).astype(dtype)
    values[0, :2] = 0, largest
    written = largest - values if white else values
    path = tiff(tmp_path / "a.tif", written, order, big, 0 if white else 1, predictor, tile=tile)
    found = read_picture(path, "tiff").values
    assert found.dtype == values.dtype
    np.testing.assert_allclose(found, values, rtol=0, atol=1e-6 if dtype[0] == "f" else 0)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_colors_of_a_tiff_keep_all_their_bits(tmp_path, chest, order, separate, dtype):
    gray = (chest * 4000 if dtype == "u2" else chest * 250).astype(dtype)
    values = np.stack([gray, gray // 2, gray // 3], axis=-1)
    path = tiff(tmp_path / "a.tif", values, order, photometric=2, separate=separate)
    np.testing.assert_array_equal(read_picture(path, "tiff").values, values)


@pytest.mark.parametrize("packing", ["tiff_lzw", "packbits", "tiff_adobe_deflate", "group4", None])
def test_packed_tiffs_are_read(tmp_path, chest, packing):
    picture = Image.fromarray(stored(chest, 8))
    picture = picture.convert("1") if packing == "group4" else picture
    picture.save(tmp_path / "a.tif", compression=packing)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif", "tiff").values, np.asarray(picture.convert("L")))


def test_an_lzw_tiff_of_16_bits_is_read(tmp_path, chest):
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(stored(chest, 16)), str(tmp_path / "a.tif"), useCompression=True)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif", "tiff").values, stored(chest, 16))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.tif", "a.jpg", "a.png"])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_picture_is_turned_as_it_says_and_each_pixel_stays_where_simpleitk_has_it(
    tmp_path, chest, orientation, name, bits
):
    if bits == 16 and name == "a.jpg":
        pytest.skip("JPEG has 8 bits")
    picture = Image.fromarray(stored(chest, bits))
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / name
    picture.save(path, exif=exif, **({"dpi": (127, 254)} if name != "a.png" else {}))
    loaded = load(path)
    if name == "a.jpg":
        picture = Image.open(path)
    picture.getexif()[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(picture))
    np.testing.assert_allclose(loaded.gray, upright / (2**bits - 1), atol=1e-4)
    assert any(f"orientation {orientation}" in note for note in loaded.notes) == (orientation != 1)
    itk = SimpleITK.ReadImage(str(path))
    first = SimpleITK.VectorIndexSelectionCast(itk, 0) if itk.GetNumberOfComponentsPerPixel() > 1 else itk
    theirs = SimpleITK.Cast(first, SimpleITK.sitkFloat32)
    if bits == 16 and orientation in (2, 3, 5, 6, 7, 8) and name == "a.tif":
        return  # ITK reads these as 8 bits
    ours = SimpleITK.Resample(loaded.image, theirs, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor)
    np.testing.assert_allclose(
        SimpleITK.GetArrayFromImage(ours), SimpleITK.GetArrayFromImage(theirs) / (2**bits - 1), atol=1e-4
    )


@pytest.mark.parametrize("back_to", [lambda first: first, lambda first: 8])
def test_a_tiff_whose_list_of_pages_runs_in_a_circle_is_damaged(tmp_path, chest, back_to):
    path = tiff(tmp_path / "a.tif", stored(chest, 8), next_page=back_to)
    with pytest.raises(InputError, match="damaged"):
        read_picture(path, "tiff")


def test_a_tiff_whose_numbers_lie_beyond_the_file_is_damaged(tmp_path):
    entries = struct.pack("<HHII", 256, 4, 100, 2**20) + struct.pack("<HHII", 257, 4, 1, 8)
    (tmp_path / "a.tif").write_bytes(b"II*\0" + struct.pack("<IH", 8, 2) + entries + bytes(64))
    with pytest.raises(InputError, match="damaged"):
        read_picture(tmp_path / "a.tif", "tiff")


def test_pages_are_counted_up_to_a_thousand(tmp_path):
    entry = struct.pack("<HHII", 256, 4, 1, 8)
    directories = b"".join(struct.pack("<H", 1) + entry + struct.pack("<I", 8 + 18 * (n + 1)) for n in range(2000))
    (tmp_path / "a.tif").write_bytes(b"II*\0" + struct.pack("<I", 8) + directories)
    with pytest.raises(InputError, match="more than 1,000 pictures"):
        read_picture(tmp_path / "a.tif", "tiff")


def test_a_smaller_copy_in_a_tiff_is_no_second_picture(tmp_path, chest):
    picture = Image.fromarray(stored(chest, 16))
    small = picture.resize((40, 48))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    picture.save(tmp_path / "a.tif", save_all=True, append_images=[small])
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif", "tiff").values, stored(chest, 16))


def test_a_packing_that_cannot_be_read_is_named(tmp_path, chest):
    path = tiff(tmp_path / "a.tif", stored(chest, 8), tags={259: 34712})
    with pytest.raises(InputError, match="compressed in a way that is not supported"):
        read_picture(path, "tiff")


def test_a_tile_that_is_much_larger_than_its_picture_is_not_unpacked(tmp_path):
    path = tiff(tmp_path / "a.tif", np.zeros((2, 2), np.uint8), predictor=2, tile=(4096, 4096))
    with pytest.raises(InputError, match="damaged"):
        read_picture(path, "tiff")


# PNG and JPEG -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("samples", [1, 2, 3, 4])
def test_a_png_of_16_bits_keeps_all_of_them(tmp_path, chest, samples):
    gray = (chest * 4000).astype(np.uint16)
    colors = [gray, gray // 2, gray // 3] if samples > 2 else [gray]
    opaque = [np.full_like(gray, 65535)] if samples in (2, 4) else []
    picture = read_picture(png(tmp_path / "a.png", np.stack([*colors, *opaque], axis=-1)), "png")
    np.testing.assert_array_equal(picture.values, np.stack(colors, axis=-1).squeeze())
    assert picture.notes == ()


@pytest.mark.parametrize("samples", [2, 4])
def test_transparent_parts_of_a_png_of_16_bits_become_black(tmp_path, chest, samples):
    gray = (chest * 4000).astype(np.uint16)
    opacity = np.full_like(gray, 65535)
    opacity[:40] = 0
    picture = read_picture(png(tmp_path / "a.png", np.stack([gray] * (samples - 1) + [opacity], axis=-1)), "png")
    assert picture.values[:40].max() == 0
    np.testing.assert_array_equal(picture.values[40:].reshape(56, 80, -1)[..., 0], gray[40:])
    assert "Transparent" in picture.notes[0]


@pytest.mark.parametrize("samples", [1, 3])
def test_the_transparent_value_of_a_png_of_16_bits_becomes_black(tmp_path, chest, samples):
    gray = (chest * 4000).astype(np.uint16)
    gray[:40] = 65535
    values = np.stack([gray, gray // 2, gray // 3][:samples], axis=-1)
    key = struct.pack(f">{samples}H", *values[0, 0])
    picture = read_picture(png(tmp_path / "a.png", values, tRNS=key), "png")
    values[:40] = 0
    np.testing.assert_array_equal(picture.values, values.squeeze())
    assert "Transparent" in picture.notes[0]


@pytest.mark.parametrize("text", [b"Comment\0\0" + zlib.compress(bytes(10**8)), b"x", bytes(range(100, 200))])
def test_what_lies_beside_the_pixels_of_a_png_neither_costs_nor_stops_anything(tmp_path, chest, text):
    values = stored(chest, 16)[..., None]
    path = png(tmp_path / "a.png", values, zTXt=text, iCCP=text, eXIf=text)
    np.testing.assert_array_equal(read_picture(path, "png").values, values[..., 0])


def test_an_animation_is_refused(tmp_path, chest):
    path = png(tmp_path / "a.png", stored(chest, 16)[..., None], acTL=struct.pack(">2I", 3, 0))
    with pytest.raises(InputError, match="animation"):
        read_picture(path, "png")


@pytest.mark.parametrize(
    ("marker", "bits", "words"), [(0xC1, 12, "12 bits"), (0xC3, 8, "lossless coding"), (0xF7, 8, "JPEG-LS")]
)
def test_a_jpeg_of_a_kind_that_cannot_be_read_is_named(tmp_path, marker, bits, words):
    frame = struct.pack(">2BH B 2H B 3B", 0xFF, marker, 11, bits, 96, 80, 1, 1, 0x11, 0)
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8" + frame + bytes(50))
    with pytest.raises(InputError, match=words):
        read_picture(tmp_path / "a.jpg", "jpeg")


def test_a_jpeg_of_very_many_scans_is_refused(tmp_path, chest):
    buffer = io.BytesIO()
    Image.fromarray(stored(chest, 8)).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    last = data.rindex(b"\xff\xda")
    (tmp_path / "a.jpg").write_bytes(data[:-2] + data[last:-2] * 200 + data[-2:])
    with pytest.raises(InputError, match="scans"):
        read_picture(tmp_path / "a.jpg", "jpeg")


@pytest.mark.skipif(sys.platform == "win32", reason="file descriptors of Python and of libraries differ")
@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.jpg"])
def test_no_library_writes_to_standard_error_about_a_damaged_picture(tmp_path, chest, name, capfd):
    path = tmp_path / name
    Image.fromarray(stored(chest, 8)).save(path, **({"compression": "tiff_lzw"} if name == "a.tif" else {}))
    data = path.read_bytes()
    generator = np.random.default_rng(0)
    for _ in range(60):
        broken = bytearray(data)
        for place in generator.integers(0, len(data), 4):
            broken[place] ^= int(generator.integers(1, 256))
        path.write_bytes(broken)
        with contextlib.suppress(InputError):
            load(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("mode", "name"), [("RGB", "a.png"), ("P", "a.png"), ("RGB", "a.jpg"), ("CMYK", "a.tif")])
def test_colors_count_as_values(tmp_path, monkeypatch, mode, name):
    monkeypatch.setattr("readingroom.imaging.limits.MAXIMUM_PIXELS", 100 * 100 * 2)
    Image.new(mode, (100, 100)).save(tmp_path / name)
    with pytest.raises(InputError, match="pixels of 3 values, more than any radiograph has"):
        load(tmp_path / name)
