"""Which questions a bundle for chest radiographs may answer."""

from __future__ import annotations

import pytest

from readingroom.bundles.metadata import Label
from readingroom.errors import BundleError
from readingroom.readers.chest_xray_tasks import OWN, require_task


def test_a_task_of_one_s_own_has_the_labels_of_its_bundle() -> None:
    labels = (Label("fracture", "Fracture"), Label("no-fracture", "No fracture"))
    assert require_task(OWN, labels, multilabel=False).labels == labels


def test_a_known_task_with_other_labels_and_an_unknown_task_are_refused() -> None:
    labels = (Label("fracture", "Fracture"), Label("no-fracture", "No fracture"))
    with pytest.raises(BundleError, match="not those of the task"):
        require_task("nih-pneumonia", labels, multilabel=False)
    with pytest.raises(BundleError, match="does not know"):
        require_task("bones", labels, multilabel=False)
