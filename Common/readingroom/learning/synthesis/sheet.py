"""A sheet of made pictures, each beside the pictures of its training that are most like it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ...files import atomic_write
from ...metrics.sample_distances import nearest
from .learning_loop import Pictures
from .sample_file import marked

SHOWN, NEIGHBORS = 8, 3
_TILE, _GAP, _LINE = 160, 12, 14  # pixels
_INK, _PAPER = 0, 255


def write_sheet(path: Path, made: Pictures, learned: Pictures, title: str) -> None:
    """The first made pictures (n, rows, columns) with their mark, and to the right of each its nearest real ones.

    Nearest by the mean squared difference of gray levels; below each stands its root, on a scale of 0 to 1.

    Raises
    ------
    OutputError : the folder is read-only, or the disk is full
    """
    made = made[:SHOWN]
    flat = [pictures.reshape(len(pictures), -1) for pictures in (made, learned)]
    _, order = nearest(*flat)
    scale = max(1, _TILE // max(made.shape[1:]))
    rows = [[_tile(marked(gray), scale)] + [_tile(learned[k], scale) for k in order[n, :NEIGHBORS]]
            for n, gray in enumerate(made)]  # fmt: skip
    width, height = (max(each.size[axis] for row in rows for each in row) for axis in (0, 1))
    step = (width + _GAP, height + _GAP + _LINE)
    title_rows = 2 * _LINE + _GAP
    columns = len(rows[0])
    sheet = Image.new("L", (max(step[0] * columns + _GAP, 480), title_rows + step[1] * len(rows) + _GAP), _PAPER)
    drawing, font = ImageDraw.Draw(sheet), ImageFont.load_default_imagefont()
    drawing.text((_GAP, _GAP // 2), title.encode("latin-1", "replace"), fill=_INK, font=font)
    for column in range(columns):
        words = "synthetic" if column == 0 else "nearest real one" if column == 1 else f"{column}. nearest"
        drawing.text((_GAP + step[0] * column, _GAP // 2 + _LINE), words, fill=_INK, font=font)
    for n, row in enumerate(rows):
        for column, tile in enumerate(row):
            place = (_GAP + step[0] * column, title_rows + step[1] * n)
            sheet.paste(tile, place)
            if column:
                real = learned[order[n, column - 1]]
                apart = float(np.sqrt(np.mean((made[n] - real) ** 2)))
                drawing.text((place[0], place[1] + height), f"apart {apart:.3f}", fill=_INK, font=font)
    with atomic_write(path) as temporary:
        sheet.save(temporary, format="PNG")


def _tile(gray: np.ndarray, scale: int) -> Image.Image:
    values = np.rint(255 * np.clip(gray, 0, 1)).astype(np.uint8)
    return Image.fromarray(np.kron(values, np.ones((scale, scale), dtype=np.uint8)))
