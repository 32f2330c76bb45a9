"""The model card of ``cxr-lungs`` and its section of ``docs/results.md``; every number comes from the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from readingroom.bundles.metadata import SegmenterMetadata
from readingroom.formatting import estimate_text

from .measure import FAR_OFF, Measured, groups, mean_dice
from .train import Recipe

INTENDED_USE = (
    "Research and teaching: outlines of both lungs on frontal chest radiographs, to be looked at and corrected. Not a "
    "medical device, not for diagnosis."
)
LICENSE = "Apache-2.0"
AUTHORS = "The ReadingRoom contributors"
SOURCES = (
    "Chest radiographs of children 1 to 5 years old, Guangzhou Women and Children's Medical Center (Kermany, Zhang, "
    "Goldbaum; Mendeley Data, doi 10.17632/rscbjbr9sj; CC BY 4.0)",
    "Lung masks by V7 Labs and CloudFactory (COVID-19 X-ray dataset; CC BY 4.0)",
)
CITATION = (
    "Kermany DS, Goldbaum M, Cai W, et al. Identifying Medical Diagnoses and Treatable Diseases by Image-Based Deep "
    "Learning. Cell 2018; 172: 1122-1131. Images: Kermany D, Zhang K, Goldbaum M. Mendeley Data, doi "
    "10.17632/rscbjbr9sj, CC BY 4.0.",
    "V7 Labs and CloudFactory. COVID-19 X-ray dataset, lung masks, https://github.com/v7labs/covid-19-xray-dataset, "
    "CC BY 4.0.",
    "Ronneberger O, Fischer P, Brox T. U-Net: Convolutional Networks for Biomedical Image Segmentation. MICCAI 2015.",
)
WARNINGS = (
    "It learned from children 1 to 5 years old. All adults of the test had COVID-19; other adults, older children and "
    "infants below 1 year were not tested.",
    "For frontal films only; lateral ones were not tested. It may draw lungs on what is no chest film at all, as it "
    "does on pure noise and on slices of a chest CT: other checks have to say so.",
    "Where dense consolidation or an effusion hides the border of a lung, the outline is a guess or leaves that part "
    "out: look at it and correct it.",
    "About 1 in 100 of the masks that it learned from belongs to another child, since masks and films were joined by "
    "size and order.",
    "Which lung is the right one follows from the side of the picture alone: a mirrored film has them exchanged.",
)
LEAST_ON_ADULTS = 0.93
_SEEN = """## What it gets wrong

Twelve adults and twelve children of the test were looked at with both outlines, six of each the worst ones:

- in five of the twelve adults, the three worst among them, the left lung was drawn down past the diaphragm into the
  abdomen; in three of these there is gas in the stomach or the colon;
- where the lower part of a lung was white, the outline ended at the upper border of the opacity (two adults);
- of children the lower border was drawn on the dome of the diaphragm as it is seen, where people had drawn the part
  behind the dome as well (five of the twelve); with a lung that was white altogether the outline was a guess (one);
- one adult lost a strip beside the arch of the aorta."""


def card(described: SegmenterMetadata, recipe: Recipe, children: Sequence[Measured], adults: Sequence[Measured]) -> str:
    """``docs/README.md`` of the bundle, in Markdown."""
    training = described.training
    settings = ", ".join(f"{name} {value}" for name, value in asdict(recipe).items())
    return "\n\n".join(
        [
            f"# {described.title}, version {described.version}",
            described.intended_use,
            f"""## What it draws

The right and the left lung on one frontal chest radiograph, each with the part behind the heart, down to the dome of
the diaphragm, read at {recipe.side} x {recipe.side} pixels with black around what is not square. A small U-Net
(`{described.backbone}`) gives each pixel its probability of either lung; of each lung the largest part is kept and its
holes are filled. Parts that do not look like two lungs (too small, too large, too uneven, not beside each other, too
uncertain) are not shown: the reader then says that no lungs were found.

Trained on {training.images:,} films of {training.patients:,} children.""",
            "## How much of the drawn lungs it finds\n\n" + table(children, adults),
            remarks(children, adults),
            _SEEN,
            f"""## How it was made

`python -m experiments.cxr_lungs --data DATA --out FOLDER`: {settings}. Films were turned, zoomed, stretched, shifted,
mirrored (with the lungs exchanged), blurred, given other contrast, opacities inside the lungs, letters and borders, so
that it depends less on how children's films look. The rate of learning is constant and what ships is a
running mean of the weights, so no epoch was chosen by its result. Adults trained nothing and chose nothing. A script
made it, since `readingroom train` makes no networks that draw.""",
            "## Warnings\n\n" + "\n".join(f"- {warning}" for warning in described.warnings),
            "## Sources and license\n\nWeights: Apache-2.0, with credit to\n\n"
            + "\n".join(f"- {one}" for one in CITATION),
        ]
    )


def section(children: Sequence[Measured], adults: Sequence[Measured]) -> str:
    """Of ``docs/results.md``."""
    return (
        "The bundle `cxr-lungs` on children whom it had not seen, and on adults, of whom it had seen none; written by "
        f"`python -m experiments.cxr_lungs`.\n\n{table(children, adults)}\n\n{remarks(children, adults)}\n"
    )


def table(children: Sequence[Measured], adults: Sequence[Measured]) -> str:
    """Dice by group."""
    rows = [_row(name, measured) for name, measured in groups(children, adults).items() if measured]
    return "\n".join(
        [
            "Dice with what people drew: the mean over films with its 95 % interval over patients; a film on which no "
            "lungs were found counts as 0. The mean outline is that of the children who trained, stretched to each "
            "film: what needs no network.",
            "",
            "| films | patients / films | both lungs | right | left | median | mean outline | lungs not found |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |",
            *rows,
        ]
    )


def remarks(children: Sequence[Measured], adults: Sequence[Measured]) -> str:
    """Whether the adults are good enough, and how many films are far off."""
    reached = mean_dice(adults)
    verdict = (
        f"On adults it reaches {LEAST_ON_ADULTS}, which was the aim."
        if reached.value >= LEAST_ON_ADULTS
        else f"On adults it does not reach {LEAST_ON_ADULTS}, which was the aim."
    )
    far = ", ".join(f"{sum(one.both < FAR_OFF for one in group)} of {len(group)} {name}" for name, group in
                    {"children": children, "adults": adults}.items())  # fmt: skip
    return (
        f"{verdict} All {len(adults)} films of adults with drawn lungs are of COVID-19 from one collection (Cohen), "
        f"many with dense opacities. Below {FAR_OFF} lie {far}; of the children's masks about 1 in 100 belongs to "
        "another child."
    )


def _row(name: str, measured: Sequence[Measured]) -> str:
    patients = len({one.film.patient for one in measured})
    columns: Mapping[str, str] = {
        what: estimate_text(mean_dice(measured, what), 3) for what in ("both", "right", "left")
    }
    median = f"{np.median([one.both for one in measured]):.3f}"
    outline = f"{np.mean([one.outline for one in measured]):.3f}"
    missed = sum(not one.found for one in measured)
    texts = [name, f"{patients} / {len(measured)}", *columns.values(), median, outline, str(missed)]
    return f"| {' | '.join(texts)} |"
