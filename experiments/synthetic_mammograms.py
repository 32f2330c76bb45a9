"""What synthetic mammograms are worth: both generators on the real films of mini-MIAS, as far as minutes allow.

    python -m experiments.synthetic_mammograms --data DATA --out FOLDER [--page docs/results.md]

The films with a lesion, benign or malignant, are the positives. A share of the women is held out; one generator of each
kind learns from the positives of the others, and a head on frozen features is trained with and without what it made.
What is finished lies in ``--out``: a run that was stopped goes on there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from readingroom.errors import ReadingRoomError
from readingroom.files import write_text
from readingroom.formatting import counted, estimate_text
from readingroom.learning.cohorts.cohort import Cohort
from readingroom.learning.cohorts.findings import stating
from readingroom.learning.evaluation import predictions
from readingroom.learning.evaluation.auc import auc_of
from readingroom.learning.evaluation.comparison import advantage
from readingroom.learning.evaluation.predictions import Predictions
from readingroom.learning.protocols.training_protocol import TrainingProtocol, Validation, load_protocol
from readingroom.learning.synthesis.page import EXPLAINED
from readingroom.learning.synthesis.presets import KINDS, PRESETS, TITLES, Kind
from readingroom.learning.synthesis.quality import Quality
from readingroom.learning.synthesis.synthesize import synthesize
from readingroom.learning.synthesis.synthetic_table import with_synthetic
from readingroom.learning.training.train import train_bundle
from readingroom.progress import Progress
from readingroom.reading import Estimate

from . import public_cohorts
from .results.experiments import IMAGENET
from .results.page import SYNTHETIC, with_section

FINDING = "lesion"
HELD_OUT = 0.4  # of the women
NETWORK, SIZE = "tf_mobilenetv2_100", 224  # the one network whose weights come with the data
PRESET = "small"


@dataclass(frozen=True)
class Result:
    """Of one kind of generator: what its pictures are worth by themselves, and in training."""

    kind: Kind
    size: tuple[int, int]
    quality: Quality
    auc: Estimate
    gain: Estimate


def films(data: Path) -> Cohort:
    """Each film of mini-MIAS, with a lesion or normal."""
    found = public_cohorts.mammograms(data)
    rows = tuple(replace(row, label="normal" if row.label == "normal" else FINDING) for row in found.rows)
    return stating(replace(found, rows=rows), positive=[FINDING])


def protocol() -> TrainingProtocol:
    """The published input, a head on frozen features, one share of the women held out."""
    full = load_protocol("mammo-screen", "published")
    return replace(
        full,
        networks=(NETWORK,),
        trained="head",
        input=replace(full.input, size=(SIZE, SIZE)),
        validation=Validation("hold-out", hold_out=HELD_OUT, inner=0.1),
        variants={},
    )


def run(data: Path, out: Path, progress: Progress) -> tuple[Predictions, tuple[Result, ...]]:
    """The answers without synthetic films, and what each kind of generator changed."""
    cohort, asked = films(data), protocol()

    def answers(studies: Cohort, name: str) -> Predictions:
        train_bundle(studies, asked, out, name, weights=data / IMAGENET, mode="frozen", device="cpu", workers=1)
        return predictions.read(out / f"{name}-predictions.csv")

    alone = answers(cohort, "real")
    found = []
    for kind in KINDS:
        made = synthesize(cohort, asked, out / kind, kind, PRESET, device="cpu", progress=progress)[0]
        both = answers(with_synthetic(cohort, out / kind, asked), f"with-{kind}")
        found.append(Result(kind, made.record.size, made.quality, auc_of(both), advantage(both, alone)))
    return alone, tuple(found)


def section(alone: Predictions, found: Sequence[Result]) -> str:
    """The section of the page."""
    first = found[0].quality
    preset = PRESETS[PRESET]
    tested = f"{counted(len(alone), 'film')} of {counted(len(set(alone.patients)), 'woman', 'women')}"
    with_lesion = int(alone.present(FINDING).sum())
    lines = [
        f"Written by `python -m experiments.synthetic_mammograms`. Films of mini-MIAS with a lesion, benign or "
        f"malignant, against normal ones; {HELD_OUT:.0%} of the women were held out ({tested}, {with_lesion} with a "
        f"lesion). Each generator learned from {first.learned.pictures} films of {first.learned.patients} other women, "
        f"at {found[0].size[0]} x {found[0].size[1]} pixels, with the preset `{PRESET}`: "
        f"{preset.autoencoder_steps} steps of an autoencoder and {preset.diffusion_steps} of latent diffusion, or "
        f"{preset.gan_steps} of a style-based GAN. That is minutes where papers take days, on dozens of films where "
        "they have thousands: chance was expected before, and is expected after.",
        "",
        "| generator | made | Fréchet | of real ones | kernel | of real ones | closer | closer by pixels |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for each in found:
        said = each.quality
        estimates = (said.kernel, said.kernel_of_real, said.closer, said.closer_by_pixels)
        frechet = "–" if said.frechet_of_real is None else f"{said.frechet_of_real:.0f}"
        cells = [TITLES[each.kind], str(said.made), f"{said.frechet:.0f}", frechet]
        lines.append(f"| {' | '.join([*cells, *(estimate_text(one) for one in estimates)])} |")
    held = first.held_out
    lines += [
        "",
        f"Real ones: {held.pictures} held-out films with a lesion, of {held.patients} women. Features of "
        f"{first.features}. {' '.join(EXPLAINED)}",
        "",
        f"| trained with | AUC on the {tested}, all real | more than without |",
        "| --- | --- | --- |",
        f"| real films alone | {estimate_text(auc_of(alone), 3)} | |",
    ]
    for each in found:
        gain = estimate_text(each.gain, 3, signed=True)
        lines.append(f"| and those of the {TITLES[each.kind]} | {estimate_text(each.auc, 3)} | {gain} |")
    lines += [
        "",
        "Intervals are over women; differences are paired. A linear layer on frozen features of MobileNetV2, which "
        "began with ImageNet's weights. The films themselves are for research only and are not shown here.",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.synthetic_mammograms")
    parser.add_argument("--data", type=Path, required=True, help="the folder with mammo and weights")
    parser.add_argument("--out", type=Path, required=True, help="for what is finished")
    parser.add_argument("--page", type=Path, metavar="FILE.md")
    options = parser.parse_args(arguments)
    try:
        progress = Progress(lambda part, said: print(f"{part:.3f} {said}", flush=True))
        text = section(*run(options.data, options.out, progress))
        print(text)
        if options.page is not None:
            write_text(options.page, with_section(options.page.read_text(encoding="utf-8"), SYNTHETIC, text))
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
