"""Numbers, dates and prediction sets as people read them: the same in panel, report, card and shell."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from .reading import Check, Estimate, FeatureExplanation, Interval, PredictionSet, Reading

UNKNOWN = "–"
_LONGEST_NAME = 100  # that a known one is sought for
# Why a number stands without an interval.
TOO_FEW = (
    "Where fewer than 10 patients have a class, or have it not (of an AUC, a sensitivity or a specificity: fewer than "
    "3), no interval is given: it would hold the true value far less often than it says."
)

_UNITS = {
    "1": "",
    "a": "years",
    "mo": "months",
    "d": "days",
    "mm2": "mm²",
    "mm3": "mm³",
    "cm2": "cm²",
    "[hnsf'U]": "HU",
}

ADULT = 18  # years

Translate = Callable[[str], str]


def counted(number: int, one: str, several: str = "") -> str:
    """``1 study``, ``2 studies``; what is several ends in ``s`` where it is not given."""
    return f"{number:,} {one}" if number == 1 else f"{number:,} {several or f'{one}s'}"


def listed(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """A question behind a sentence that refuses a name: the known one that it is nearly, if there is one.

    Example
    -------
    >>> suggestion("binwidth", ["binCount", "binWidth"]), suggestion("foo", ["binWidth"])
    (' Did you mean binWidth?', '')
    """
    by_letters = {name.lower(): name for name in known}
    near = difflib.get_close_matches(wrong[:_LONGEST_NAME].lower(), by_letters, n=1, cutoff=0.75)
    return f" Did you mean {by_letters[near[0]]}?" if near else ""


def ages_text(ages: tuple[float, float]) -> str:
    """Whom a bundle was trained on, by completed years: ``children of 1 to 5 years``, ``adults of 18 to 85 years``."""
    low, high = ages
    who = "children" if high < ADULT else "adults" if low >= ADULT else "patients"
    years = f"{low:g} to {high:g} years" if low < high else counted(int(low), "year")
    return f"{who} of {years}"


def percent(fraction: float) -> str:
    """``0.87`` as ``87 %``; the ends keep a figure so that nothing reads as certain."""
    if 0 < fraction < 0.01:
        return "< 1 %"
    if 0.99 < fraction < 1:
        return "> 99 %"
    return f"{100 * fraction:.0f} %"


def decimal(value: float, digits: int = 2, signed: bool = False) -> str:
    """With a true minus sign, and no sign before a zero; ``signed`` gives what is above zero a plus sign.

    Example
    -------
    >>> decimal(0.104, signed=True)
    '+0.10'
    """
    text = f"{value:{'+' if signed else ''}.{digits}f}"
    return text.replace("-", "−") if float(text) != 0 else text.lstrip("+-")


def interval_text(interval: Interval | None, show: Callable[[float], str] = percent, _: Translate = str) -> str:
    """``80 % to 92 %``, or ``both ends > 99 %`` beyond the last that is told apart; empty without an interval.

    Parameters
    ----------
    show : one of its ends
    _ : translates what is said, such as ``slicer.i18n.tr``
    """
    if interval is None:
        return ""
    low, high = show(interval.low), show(interval.high)
    if low == high and low.startswith((">", "<")):
        return _("both ends {end}").format(end=low)
    return _("{low} to {high}").format(low=low, high=high)


def estimate_text(
    estimate: Estimate | None,
    digits: int = 2,
    *,
    show: Callable[[float], str] | None = None,
    signed: bool = False,
    cases: bool = False,
    unknown: str = UNKNOWN,
    _: Translate = str,
) -> str:
    """A value with its interval; a dash where there is none.

    Parameters
    ----------
    digits : behind the point
    show : one number, such as `percent`, in place of ``digits``
    signed : a plus sign before what is above zero, for differences
    cases : say how many cases it was measured on, where that is known
    unknown : what stands for None
    _ : translates what is said, such as ``slicer.i18n.tr``

    Example
    -------
    >>> estimate_text(Estimate(0.87, Interval(0.8, 0.92), n=120), cases=True)
    '0.87 (0.80 to 0.92), n = 120'
    >>> estimate_text(Estimate(0.87), show=percent)
    '87 %'
    """
    if estimate is None:
        return unknown
    if show is None:

        def show(value: float) -> str:
            return decimal(value, digits, signed)

    interval = f" ({interval_text(estimate.interval, show, _)})" if estimate.interval is not None else ""
    behind = f", n = {estimate.n}" if cases and estimate.n is not None else ""
    return f"{show(estimate.value)}{interval}{behind}"


def number_text(value: float, digits: int = 4, signed: bool = False) -> str:
    """A number with so many significant digits, a true minus and no powers of ten: ``15130``, ``−0.0412``."""
    plain = format(Decimal(f"{value:{'+' if signed else ''}.{digits}g}"), "f").replace("-", "−")
    return f"+{plain}" if signed and value > 0 else plain


def amount_text(value: float, unit: str, digits: int = 4) -> str:
    """A value without its UCUM unit: percents with one digit behind the point, the ends of which never read as
    certain; all else with so many significant ``digits``.

    Example
    -------
    >>> amount_text(61.04, "%"), amount_text(99.9999, "%"), amount_text(61.04, "mL", 3)
    ('61.0', '> 99.9', '61')
    """
    if unit != "%":
        return number_text(value, digits)
    if 0 < value < 0.1:
        return "< 0.1"
    return "> 99.9" if 99.9 < value < 100 else decimal(value, 1)


def unit_text(unit: str) -> str:
    """A UCUM unit as people write it: ``mm3`` as ``mm³``, ``a`` as ``years``, nothing for ``1``."""
    if unit.startswith("{") and unit.endswith("}"):  # an annotation, such as {slice}
        return unit[1:-1]
    return _UNITS.get(unit, unit)


def quantity_text(value: float, unit: str) -> str:
    """A value with its UCUM unit, ``3.2 mL``; a slice goes before its number: ``slice 42``."""
    text = unit_text(unit)
    if unit == "{slice}":
        return f"{text} {number_text(value)}"
    return f"{amount_text(value, unit)} {text}" if text else number_text(value)


def check_text(check: Check, _: Translate = str) -> str:
    """The sentence of a check; of a doubt with what was measured and the limit that it was held against.

    Parameters
    ----------
    _ : translates what is said, such as ``slicer.i18n.tr``

    Example
    -------
    >>> check_text(Check("contrast", "warn", "The picture is faint.", 0.1204, 0.15))
    'The picture is faint. (measured 0.12, limit 0.15)'
    """
    if check.status == "pass" or check.value is None:
        return check.sentence
    unit = f" {unit_text(check.unit)}" if unit_text(check.unit) else ""
    if check.limit is None:
        return f"{check.sentence} ({_('measured {value}').format(value=number_text(check.value, 3) + unit)})"
    # As many digits as it takes to see on which side of the limit the value lies.
    digits = next((n for n in (3, 4, 5) if number_text(check.value, n) != number_text(check.limit, n)), 6)
    value, limit = number_text(check.value, digits) + unit, number_text(check.limit, digits) + unit
    return f"{check.sentence} ({_('measured {value}, limit {limit}').format(value=value, limit=limit)})"


def measurement_rows(reading: Reading, _: Translate = str) -> list[tuple[str, str, str, str]]:
    """Title, value, interval and region of each measurement, then the volumes of the regions.

    Parts, and regions whose volume was measured of a part of that title, have `part_table`; regions whose volume is
    among the measurements already have no row of their own.

    Parameters
    ----------
    _ : translates what is said, such as ``slicer.i18n.tr``
    """
    titles = {region.name: region.title for region in reading.regions}
    rows = []
    for one in reading.measurements:
        if one.part:
            continue
        interval = interval_text(one.interval, functools.partial(amount_text, unit=one.unit), _)
        if one.interval is not None:
            interval = f"{interval} ({percent(one.interval.level)})"
        rows.append((one.title, quantity_text(one.value, one.unit), interval, titles.get(one.region, "")))
    volumes = [one for one in reading.measurements if one.unit == "mL"]
    parts, measured = {one.part for one in volumes if one.part}, {one.region for one in volumes if not one.part}
    rows += [
        (_("Volume"), quantity_text(region.volume_ml, "mL"), "", region.title)
        for region in reading.regions
        if region.volume_ml is not None and region.title not in parts and region.name not in measured
    ]
    return rows


def parts_come_first(reading: Reading) -> bool:
    """Whether the table of parts tells what a reading says first of all, such as the risk by month."""
    return bool(reading.measurements and reading.measurements[0].part)


def part_table(reading: Reading) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """What was measured of several parts, of the body or of time: a header, and a row for each; both empty without any.

    A number that has an interval is followed by it.
    """
    found: dict[str, dict[str, str]] = {}
    for one in reading.measurements:
        if one.part:
            text = amount_text(one.value, one.unit, 3)
            if one.interval is not None:
                text += f" ({interval_text(one.interval, functools.partial(amount_text, unit=one.unit, digits=3))})"
            found.setdefault(one.part, {})[axis_title(one.title, one.unit)] = text
    titles = list(dict.fromkeys(title for row in found.values() for title in row))
    header = ("", *titles) if titles else ()
    return header, [(part, *(row.get(title, "") for title in titles)) for part, row in found.items()]


def axis_title(title: str, unit: str) -> str:
    """``Time (months)``; the unit is left out where the title says it already."""
    text = unit_text(unit)
    return f"{title} ({text})" if text and text not in title.lower() else title


def dicom_date(date: str) -> str:
    """``20260131`` as ``2026-01-31``; anything else unchanged."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdigit() else date


def prediction_set_text(prediction_set: PredictionSet, reading: Reading, _: Translate = str) -> str:
    """What a prediction set says, with its coverage and the number of cases behind it.

    Parameters
    ----------
    reading : has the titles of the findings; a label that is no finding (``present``) stands as it is
    _ : translates what is said, such as ``slicer.i18n.tr``
    """
    titles = {finding.name: finding.title for finding in reading.findings}
    labels = [titles.get(label, label) for label in prediction_set.labels]
    about = f"{titles[prediction_set.finding]}: " if prediction_set.finding in titles else ""
    if not labels:
        says = _("At {coverage} coverage no answer fits: this study is unlike those that the bundle knows.")
    elif len(labels) == 1:
        says = _("At {coverage} coverage one answer remains: {labels}.")
    else:
        says = _("At {coverage} coverage the bundle cannot decide between: {labels}.")
    behind = _("Calibrated on {n} cases; in {coverage} of cases like them the set holds the true answer.")
    coverage = percent(prediction_set.coverage)
    said = f"{says} {behind}".format(coverage=coverage, labels=", ".join(labels), n=prediction_set.n)
    return about + said


def explained_text(explained: FeatureExplanation, _: Translate = str) -> str:
    """How many features of the network are explained, by what rule, and how many speak."""
    says = _(
        "A handcrafted feature is followed by {explained} of the {all} features of the network ({kind} correlation of "
        "{least} or more, on {patients} training patients). A model of their own, which stands beside the network and "
        "changes no answer, uses {speaking} of them."
    )
    return says.format(
        explained=explained.explained_count,
        all=explained.deep_count,
        kind=explained.correlation.capitalize(),
        least=number_text(explained.least),
        patients=explained.patients,
        speaking=len(explained.speaking) or _("none"),
    )


def cohort_text(z: float | None, share_below: float | None, _: Translate = str) -> str:
    """How far a value lies from the training cohort: ``+1.4 SD, above 92 % of the cohort``; a dash where not known."""
    if z is None:
        return UNKNOWN
    away = f"{decimal(z, 1, signed=True)} SD"
    if share_below is None:
        return away
    if share_below in (0.0, 1.0):
        outside = _("above all of the cohort") if share_below else _("below all of the cohort")
        return f"{away}, {outside}"
    return f"{away}, " + _("above {share} of the cohort").format(share=percent(share_below))
