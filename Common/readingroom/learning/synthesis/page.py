"""The page of a synthesis: what was made of what, what it is worth by itself, and how it looks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from ...formatting import estimate_text
from ...reading import Estimate
from ..cohorts.generator_record import GeneratorRecord
from ..reporting.figures.style import canvas, drawn
from ..reporting.page import Page
from .quality import Quality

HEADERS = (
    "split", "made", "learned from", "held out", "Fréchet", "of real ones", "kernel", "of real ones", "closer",
    "closer by pixels",
)  # fmt: skip
EXPLAINED = (
    "Fréchet: between made pictures and those that were learned from. It is far above 0 where there are few pictures, "
    "even of one distribution (45 for 50 against 50 with 64 features), so it means something only beside that of real "
    "ones: held-out pictures that nobody made, against the same.",
    "Kernel: the same without bias (KID); 0 is as real, and the interval is over patients.",
    "Closer: the chance that a made picture lies closer to what was learned than a held-out real one does. 0.5 is new "
    "as a real one, 1 says copied. Soft pictures lie close to everything by pixels.",
)


def cells(quality: Quality, split: str) -> list[str]:
    """A row of the table of `HEADERS`."""
    learned, new = quality.learned, quality.held_out
    return [
        split,
        str(quality.made),
        f"{learned.pictures} of {learned.patients}",
        f"{new.pictures} of {new.patients}",
        f"{quality.frechet:.1f}",
        "–" if quality.frechet_of_real is None else f"{quality.frechet_of_real:.1f}",
        *(_text(each) for each in (quality.kernel, quality.kernel_of_real, quality.closer, quality.closer_by_pixels)),
    ]


def synthesis_page(made: Sequence[tuple[str, GeneratorRecord, Quality, Path]]) -> str:
    """HTML of generators by name, with what they learned from, how good that is, and their sheets."""
    first = made[0][1]
    page = Page(
        f"Synthetic pictures of '{first.finding}'",
        f"{'Latent diffusion' if first.generator == 'diffusion' else 'Style-based GAN'}, preset {first.preset}, "
        f"{first.size[0]} x {first.size[1]} pixels",
    )
    page.banner("stop", "No patient was imaged: these pictures train networks, and say nothing of anybody.")
    page.section("By themselves")
    page.table(HEADERS, [cells(quality, record.split) for _, record, quality, _ in made], "pictures of patients")
    for sentence in (f"Features of {made[0][2].features}.", *EXPLAINED):
        page.paragraph(sentence)
    page.paragraph(
        "Whether they help, a training with and without them tells, on real studies: readingroom train --synthetic."
    )
    page.section("Beside what was learned")
    for _, record, _, sheet in made:
        page.figure(
            _sheet(sheet),
            f"{record.split}: made pictures on the left, then the training pictures that are most like each.",
        )
    return page.html()


def _text(estimate: Estimate | None) -> str:
    return "–" if estimate is None else estimate_text(estimate, 3)


@drawn
def _sheet(path: Path) -> Figure:
    gray = np.asarray(Image.open(path))
    figure = canvas(gray.shape[1] / 100, gray.shape[0] / 100)
    axes = figure.subplots()
    axes.imshow(gray, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_axis_off()
    return figure
