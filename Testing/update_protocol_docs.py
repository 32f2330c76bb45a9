"""Write the tables of docs/protocols.md anew from the protocols themselves.

Run ``python Testing/update_protocol_docs.py`` after changing a protocol; a test fails until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from readingroom.learning.protocols.training_protocol import READERS, TrainingProtocol, load_protocol
from readingroom.networks.registry import ARCHITECTURES

PATH = Path(__file__).resolve().parent.parent / "docs" / "protocols.md"
START, END = "<!-- written by Testing/update_protocol_docs.py -->\n", "<!-- end -->\n"


def tables() -> str:
    """What stands between the two marks."""
    return "\n".join(
        [
            *_networks(),
            *(
                line
                for reader in READERS
                for line in _reader(load_protocol(reader, "published"), load_protocol(reader))
            ),
        ]
    )


def updated(text: str) -> str:
    """The document with tables that fit the protocols."""
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{tables()}\n{END}{after}"


def _networks() -> Iterable[str]:
    yield "## Networks\n"
    yield from _table(
        ["name", "network", "made by", "weights", "features", "input", "map of one forward pass"],
        [
            [f"`{a.name}`", a.title, a.library, a.weights or "none", str(a.features),
             ("x".join([str(a.side)] * a.axes) + (", no other" if a.fixed else "")),
             "yes" if a.cam else "no: Grad-CAM" if a.maps else "none at all"]
            for a in ARCHITECTURES.values()
        ],
    )  # fmt: skip


def _reader(published: TrainingProtocol, rigorous: TrainingProtocol) -> Iterable[str]:
    yield f"## {published.reader}\n"
    yield f"Published: {published.source}.\n"
    rows = [
        [what, _marked(published, fields), _marked(rigorous, fields)]
        for what, fields in _FIELDS.items()
        if any(_value(protocol, field) for protocol in (published, rigorous) for field in fields.split())
    ]
    yield from _table(["", "published", "rigorous"], rows)
    if published.assumptions:
        yield "\\* The paper is silent; these are assumptions:\n"
        yield from (f"- `{field}`: {why}" for field, why in published.assumptions.items())
        yield ""
    for protocol in (published, rigorous):
        if protocol.variants:
            yield f"Variants of the {protocol.kind} protocol:\n"
            yield from (f"- `{name}`: {variant.about}" for name, variant in protocol.variants.items())
            yield ""
    yield f"### Flaws of the paper: {published.reader}\n"
    yield from _table(
        ["", "flaw", "where", "published", "rigorous"],
        [
            [f"A{number}", kept.what, kept.source, kept.instead, done.instead]
            for number, (kept, done) in enumerate(zip(published.flaws, rigorous.flaws, strict=True), 1)
        ],
    )
    yield f"### The paper's other numbers: {published.reader}\n"
    yield from _table(["what", "number", "where"], [[fact.what, fact.value, fact.source] for fact in published.facts])


_FIELDS = {
    "networks": "networks",
    "begins with": "weights",
    "trained": "trained",
    "input": "input.kind input.size input.channels",
    "preset": "input.preset",
    "normalized by": "input.normalize",
    "window (center, width)": "input.window",
    "percentiles": "input.percentiles",
    "spacing in mm (k, j, i)": "input.spacing",
    "slices": "input.slices",
    "organ": "input.organ",
    "least share of the organ": "input.least_organ",
    "cut to the organ": "input.organ_crop",
    "all but the organ black": "input.organ_only",
    "keeps proportions": "input.keep_aspect",
    "bias field taken out": "input.correct_bias_field",
    "chest wall to the left": "input.chest_wall_left",
    "augmentation": "augment",
    "optimizer": "optimizer.name",
    "rate": "optimizer.rate",
    "momentum": "optimizer.momentum",
    "betas": "optimizer.betas",
    "epsilon": "optimizer.epsilon",
    "decay": "optimizer.decay",
    "schedule": "schedule",
    "epochs": "epochs",
    "least epochs": "least_epochs",
    "patience": "patience",
    "batch x passes of a step": "batch accumulate",
    "precision": "precision",
    "MixUp alpha": "mixup",
    "moving average of the weights": "averaging",
    "balance": "balance oversampling",
    "loss": "loss loss_settings",
    "head": "head head_settings",
    "aggregation": "aggregation",
    "validation": "validation.kind validation.folds validation.hold_out",
    "repeats": "validation.repeats",
    "chooses the epoch": "validation.inner",
    "seed": "seed",
    "features explained inside": "explained.mask",
    "handcrafted: bins, of zones": "explained.measured.bins explained.measured.zone_bins",
    "handcrafted: spacing in mm (i, j, k)": "explained.measured.spacing",
    "feature follows another": "explained.correlation explained.least",
    "rate of false discoveries": "explained.rate",
    "L1 models": "explained.model",
}


def _marked(protocol: TrainingProtocol, fields: str) -> str:
    """The fields' values, with a star where one of them is assumptions."""
    shown = ", ".join(_text(value) for field in fields.split() if (value := _value(protocol, field)) not in (None, {}))
    assumed = any(
        own == field or own.startswith(f"{field}.") for own in protocol.assumptions for field in fields.split()
    )
    return shown + (" \\*" if assumed else "")


def _value(protocol: TrainingProtocol, path: str) -> object:
    evaluated = protocol.validation
    if path == "validation.folds" and evaluated.kind != "k-fold":
        return None
    if path == "validation.hold_out":
        return f"{evaluated.hold_out:.0%} held out" if evaluated.hold_out else None
    found: object = protocol
    for name in path.split("."):
        found = getattr(found, name, None)  # a part that the protocol does without has no fields
    return found


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(item)}" for key, item in value.items())
    if isinstance(value, tuple):
        return " x ".join(map(_text, value)) if all(isinstance(n, int) for n in value) else ", ".join(map(_text, value))
    if hasattr(value, "changes"):
        shown = ", ".join(f"{c.name} (p {c.probability:g}, {c.amount:g})" for c in value.changes)
        return f"{shown}; for each {value.per}" if shown else "none"
    if hasattr(value, "lowest"):
        return f"{value.name} to {value.lowest:g}" if value.name == "cosine" else str(value.name)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    yield f"| {' | '.join(headers)} |"
    yield f"| {' | '.join('---' for _ in headers)} |"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"
    yield ""


def main() -> None:
    """Rewrite the document if it is stale."""
    before = PATH.read_text("utf-8")
    after = updated(before)
    if after != before:
        PATH.write_text(after, "utf-8")
        print(f"Updated {PATH.name}.")


if __name__ == "__main__":
    main()
