"""What an evaluation can say of itself, by the names that the checklists use; empty text is no answer."""

from __future__ import annotations

from collections.abc import Mapping

from ....formatting import counted, estimate_text
from ....reading import Estimate
from ..evaluated import EvaluationRecord, PointResult


def facts_of(record: EvaluationRecord) -> dict[str, str]:
    """Sentences by name, generated from the results alone."""
    return {
        **_of_the_model(record),
        **_of_the_data(record),
        **_of_the_method(record),
        **_of_the_results(record),
    }


def _of_the_model(record: EvaluationRecord) -> dict[str, str]:
    model = record.model
    name = f"bundle {model.name} {model.version}"
    return {
        "aim": f"Evaluation of {name} ({model.title}) "
        + ("on studies that it was applied to after its training." if record.external else "by cross-validation."),
        "intended_use": model.intended_use,
        "predictors": "The pixels of the images; nothing else is given to the network.",
        "training": f"Protocol {model.protocol}, seed {model.seed}; settings in the bundle's metadata and card.",
        "model": f"{model.backbone}; architecture, weights, preprocessing and calibration are in the bundle "
        f"(SHA-256 {model.sha256}, license {model.license}).",
        "protocol": f"The protocol '{model.protocol}' of the reader '{model.reader}', stated in the bundle.",
        "software": f"{record.software}; this report is made by `readingroom evaluate`.",
        "output": f"A calibrated risk of {_listed(record.classes)} for each month; no threshold."
        if _timed(record)
        else f"A calibrated probability of {_listed(record.classes)}; {_thresholds(record)}",
        "calibration": "The bundle's own calibration was used as it is; nothing was fitted to these studies."
        if record.external
        else "Calibrated out of fold: each fold by the others.",
    }


def _of_the_data(record: EvaluationRecord) -> dict[str, str]:
    model, studies = record.model, record.studies
    trained = f"Trained on {model.training_images} images of {model.training_patients} patients"
    sites = ", ".join(f"{name or 'unknown'} ({count})" for name, count in studies.sites.items())
    return {
        "data": f"{trained} ({'; '.join(model.training_sources)}); evaluated on the table {studies.table} "
        f"(SHA-256 {studies.sha256[:16]}…).",
        "sites": f"Images by site: {sites}.",
        # A table of out-of-fold predictions does not hold what its training left out.
        "left_out": f"Of the table {counted(len(studies.left_out), 'row')} could not be used, listed with the reason."
        if record.external
        else "",
        "missing": f"Left out for want of image or label: {counted(len(studies.left_out), 'row')}; none was imputed."
        if record.external
        else "",
        "outcome": f"Months until {_listed(record.classes)} or the end of follow-up, as the table says; who followed "
        "the patients is for the authors."
        if _timed(record)
        else f"The label of the table, one of {_listed(record.classes)}; who set it is for the authors.",
        "level": f"Evaluated by {studies.level}: {studies.evaluated} from {counted(studies.images, 'image')}; several "
        "images of one are joined by the mean of their probabilities.",
        "flow": (
            f"{counted(studies.images + len(studies.left_out), 'row')}, {len(studies.left_out)} left out, "
            if record.external
            else ""
        )
        + f"{counted(studies.images, 'image')} of {counted(studies.patients, 'patient')} evaluated; patients by class: "
        f"{_counts(studies.by_class)}.",
        "size": "No sample size was calculated. "
        + (
            f"Fewer than 30 patients with {_listed(record.exploratory)}: exploratory."
            if record.exploratory
            else f"Every {'cause' if _timed(record) else 'class'} has 30 patients or more."
        ),
        "characteristics": f"{', '.join(_variables(record))}: see the table of subgroups." if record.subgroups else "",
        "difference": ""
        if studies.far_away is None
        else f"{studies.far_away} of {studies.images} images lie further from the training images, in the network's "
        "own features, than 99 % of held-out ones; 1 % would be expected.",
        "split": "Patients that trained the bundle are looked for by digests of identifiers and pixels; see the "
        "warnings above the numbers."
        if record.external
        else "By patient: no patient has rows in several parts of a split.",
    }


def _of_the_method(record: EvaluationRecord) -> dict[str, str]:
    resamples = record.settings.get("resamples")
    return {
        "preparation": "By the bundle's own preprocessing, the same code as in a read.",
        "prediction": "By the bundle's network and calibration, the same code as in a read."
        if record.external
        else "Each row by a network that had not seen its patient.",
        "measures": f"{counted(len(record.metrics), 'measure')}; calibration at 12 and 24 months, Kaplan and Meier's "
        "curves by thirds of the risk."
        if _timed(record)
        else f"{counted(len(record.metrics), 'measure')}; ROC, precision-recall, reliability, decision curve.",
        "uncertainty": f"95 % intervals by {resamples} resamples of patients, by DeLong and by Wilson; "
        "tests are corrected by Holm's method.",
        "balance": f"Patients by class: {_counts(record.studies.by_class)}; the data were not rebalanced, and "
        "predictive values are given by prevalence.",
        "fairness": f"Subgroups by {', '.join(_variables(record))} with intervals." if record.subgroups else "",
        "clusters": "Sites are subgroups of their own."
        if "site" in _variables(record)
        else "All studies are of one site, or sites are not known.",
        "repeats": f"{record.settings.get('repeats', 1)} repeat(s) of the prediction.",
        "poor_input": f"Unreadable images are left out with a sentence. A read refuses pictures that fail its checks: "
        f"here {len(record.studies.refused)} of {record.studies.images}, which were counted all the same.",
    }


def _of_the_results(record: EvaluationRecord) -> dict[str, str]:
    main = record.metrics.get("c_td" if _timed(record) else "auc")
    performance = f"{record.measure} {estimate_text(main)}." if main else ""
    point = next((point for point in record.points if point.default), None)
    warnings = " ".join(w.sentence for w in record.caveats if w.level != "info")
    return {
        "performance": performance,
        "internal": "" if record.external else performance,
        "external": performance if record.external else "",
        "diagnostic": "" if point is None else _diagnostic(point),
        "failures": "" if not record.confusion else f"Confusion matrix: {_wrong(record)} called wrongly.",
        "limits": warnings,
    }


def _timed(record: EvaluationRecord) -> bool:
    return record.measure == "C-td"


def _diagnostic(point: PointResult) -> str:
    return (
        f"At the operating point '{point.name}' of {point.finding}: sensitivity {_or_unknown(point.sensitivity)}, "
        f"specificity {_or_unknown(point.specificity)}."
    )


def _or_unknown(estimate: Estimate | None) -> str:
    return "not measurable" if estimate is None else estimate_text(estimate)


def _wrong(record: EvaluationRecord) -> str:
    total = sum(map(sum, record.confusion))
    right = sum(row[number] for number, row in enumerate(record.confusion))
    return f"{total - right} of {total}"


def _thresholds(record: EvaluationRecord) -> str:
    if not record.points:
        return "the bundle has no operating points."
    names = ", ".join(dict.fromkeys(point.name for point in record.points))
    return f"operating points {names}, chosen on rows that trained nothing."


def _variables(record: EvaluationRecord) -> list[str]:
    return list(dict.fromkeys(group.variable for group in record.subgroups))


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)
