"""The pictures of a report: the image as read, and the heat map on it with its legend. numpy and Pillow only."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..reading import Box

# Ten even steps of the "inferno" table (Smith & van der Walt, CC0): dark to bright, readable by color-blind eyes.
_INFERNO = np.array(
    [
        (0, 0, 4), (27, 12, 65), (74, 12, 107), (120, 28, 109), (165, 44, 96),
        (207, 68, 70), (237, 105, 37), (251, 155, 6), (247, 209, 61), (252, 255, 164),
    ],
    dtype=np.float32,
)  # fmt: skip
_COLD = 0.2  # below this the anatomy shows through untouched
_BOX_COLOR = (90, 220, 255)
_LONGEST, _SHORTEST = 1000, 512  # pixels of the longer side: no more than a page shows, enough for the legend


def gray_png(gray: NDArray[np.float32], spacing: tuple[float, float] = (1.0, 1.0), left: str = "") -> bytes:
    """The picture ``[j, i]`` (0 black to 1 white) as PNG.

    Parameters
    ----------
    spacing : of rows and columns, mm; the picture's sides are in proportion to the anatomy's
    left : letter at the left edge, ``R`` where the patient's right is there
    """
    return _png(_marked(_picture(gray, spacing), left))


def map_png(
    gray: NDArray[np.float32],
    heat: NDArray[np.float32],
    box: Box | None = None,
    spacing: tuple[float, float] = (1.0, 1.0),
    left: str = "",
    opacity: float = 0.55,
    block: int = 1,
) -> bytes:
    """The picture with the heat map ``[j, i]`` (0 to 1, same grid) laid over it, its box, and a legend on the right.

    Parameters
    ----------
    box : in pixels of the image
    spacing, left : as of `gray_png`
    block : how many pixels of the image, along each axis, one of the picture stands for

    Raises
    ------
    ValueError : picture and map differ in size
    """
    if gray.shape != heat.shape:
        raise ValueError(f"The picture is {gray.shape} and the heat map {heat.shape}.")
    base = _picture(gray, spacing).convert("RGB")
    hot = np.asarray(Image.fromarray(heat.astype(np.float32), "F").resize(base.size, Image.Resampling.BILINEAR))
    share = (opacity * np.clip((hot - _COLD) / (0.6 - _COLD), 0, 1))[..., None]
    mixed = np.asarray(base, np.float32) * (1 - share) + inferno(hot) * share
    picture = Image.fromarray(np.clip(np.rint(mixed), 0, 255).astype(np.uint8), "RGB")
    if box is not None:
        _draw_box(picture, box, picture.width / (heat.shape[1] * block), picture.height / (heat.shape[0] * block))
    return _png(_with_legend(_marked(picture, left)))


def inferno(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colors ``[..., 3]`` (0 to 255) of values between 0 and 1."""
    places = np.linspace(0, 1, len(_INFERNO))
    return np.stack([np.interp(values, places, _INFERNO[:, c]) for c in range(3)], axis=-1).astype(np.float32)


def _picture(gray: NDArray[np.float32], spacing: tuple[float, float]) -> Image.Image:
    """With sides in proportion to the anatomy's, neither too small for its legend nor larger than a page can show."""
    picture = Image.fromarray(np.rint(np.clip(gray, 0, 1) * 255).astype(np.uint8), "L")
    finest = min(spacing)
    width, height = picture.width * spacing[1] / finest, picture.height * spacing[0] / finest
    scale = min(_LONGEST / max(width, height), max(1.0, _SHORTEST / max(width, height)))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size == picture.size:
        return picture
    shrinks = size[0] <= picture.width and size[1] <= picture.height
    return picture.resize(size, Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC)


def _marked(picture: Image.Image, left: str) -> Image.Image:
    if left:
        size = max(16, picture.height // 22)
        place = (size // 2, picture.height // 2)
        ImageDraw.Draw(picture).text(place, left, fill="white", font=ImageFont.load_default(size=size), anchor="lm")
    return picture


def _draw_box(picture: Image.Image, box: Box, across: float, down: float) -> None:
    corners = [c * scale for c, scale in zip((*box.start[:2], *box.stop[:2]), (across, down) * 2, strict=True)]
    width = max(2, round(max(picture.size) / 300))
    ImageDraw.Draw(picture).rectangle(corners, outline=_BOX_COLOR, width=width)


def _with_legend(picture: Image.Image) -> Image.Image:
    """A color bar with 0 and 1 and its two ends in words, on a black strip right of the picture."""
    text_size = max(11, picture.height // 32)
    font = ImageFont.load_default(size=text_size)
    strip = text_size * 5
    whole = Image.new("RGB", (picture.width + strip, picture.height))
    whole.paste(picture, (0, 0))
    top, bottom = round(picture.height * 0.2), round(picture.height * 0.8)
    bar = inferno(np.linspace(1, 0, bottom - top, dtype=np.float32)[:, None].repeat(text_size, axis=1))
    left = picture.width + text_size
    whole.paste(Image.fromarray(bar.astype(np.uint8), "RGB"), (left, top))
    draw = ImageDraw.Draw(whole)
    for text, place in (("1", top), ("0.5", (top + bottom) // 2), ("0", bottom)):
        draw.text((left + text_size * 1.5, place), text, fill="white", font=font, anchor="lm")
    draw.text((left, top - text_size * 1.2), "most", fill="white", font=font, anchor="ls")
    draw.text((left, bottom + text_size * 1.2), "least", fill="white", font=font, anchor="lt")
    return whole


def _png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
