"""Masks of a table at which a read would stop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from readingroom.learning.audit.audit import audit
from readingroom.learning.audit.mask_issues import mask_issues
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.phantoms.abdomen_mr import abdomen_mr

SHAPE, SPACING = (20, 56, 72), (12.0, 5.6, 5.6)


@pytest.fixture(scope="module")
def livers(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """Four phantoms; of the last two a kidney is what is called the liver."""
    folder = tmp_path_factory.mktemp("livers")
    rows = []
    for number in range(4):
        made = abdomen_mr(number, shape=SHAPE, spacing=SPACING)
        paths = {"mr": folder / f"{number}-mr.nrrd", "liver": folder / f"{number}-liver.nrrd"}
        organ = made.left_kidney if number > 1 else made.liver
        for name, array in (("mr", made.pixels), ("liver", organ.astype(np.uint8))):
            image = SimpleITK.GetImageFromArray(array)
            image.SetSpacing(SPACING[::-1])
            SimpleITK.WriteImage(image, str(paths[name]))
        rows.append(Row(f"p{number}", "s", {"mr": paths["mr"]}, "hcc", masks={"liver": paths["liver"]}))
    return Cohort(tuple(rows))


def test_kidneys_that_are_called_livers_are_red_and_named(livers: Cohort, tmp_path: Path) -> None:
    found = audit(livers, tmp_path, processes=2)
    (issue,) = [issue for issue in found.issues if issue.topic == "masks of something else"]
    assert issue.severity == "stop"
    assert issue.sentence == "Liver HCC would not read 2 of 4 studies with the masks of this table."
    assert [example.split(":")[0] for example in issue.examples] == ["p2/s", "p3/s"]


def test_livers_are_no_issue(livers: Cohort) -> None:
    assert not list(mask_issues(livers.take([0, 1]), processes=1))


def test_masks_that_no_reader_checks_are_not_opened(livers: Cohort) -> None:
    rows = tuple(replace(row, masks={"spleen": Path("nowhere.nrrd")}) for row in livers.rows)
    assert not list(mask_issues(Cohort(rows), processes=1))


def test_a_mask_that_cannot_be_used_is_told(livers: Cohort) -> None:
    rows = tuple(replace(row, masks={"liver": Path("nowhere.nrrd")}) for row in livers.rows[:1])
    (issue,) = mask_issues(Cohort(rows), processes=1)
    assert "nowhere.nrrd" in issue.examples[0]
