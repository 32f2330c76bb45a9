"""The drop-down lists of the panels, whose titles may be longer than the box is wide."""

import pytest

LONG = "Phantom demonstration: planted lesions in breasts (1.0.0), demonstration only"
TIP = "The trained model that answers."


@pytest.fixture
def box(empty_scene):
    """A list of two bundles in a narrow column."""
    from readingroom.desktop.widgets.selector import fill, selector

    combo = selector("Bundle", TIP)
    fill(combo, [("long", LONG), ("short", "Short")], "long", "None")
    combo.resize(260, 26)
    return combo


def picture(combo):
    combo.show()
    return combo.grab().toImage()


def test_a_title_that_is_too_long_for_the_box_is_shortened_in_its_middle(box):
    from readingroom.desktop.widgets.selector import fill

    shown = picture(box)
    fill(box, [("", f"{LONG[:20]}{'x' * 200}{LONG[-18:]}")], "", "None")
    assert picture(box).copy(0, 0, 100, 26) == shown.copy(0, 0, 100, 26)
    assert picture(box).copy(140, 0, 120, 26) == shown.copy(140, 0, 120, 26)
    box.resize(900, 26)
    assert picture(box).copy(0, 0, 100, 26) == shown.copy(0, 0, 100, 26)
    assert picture(box).copy(140, 0, 120, 26) != shown.copy(140, 0, 120, 26)


def test_the_box_has_the_whole_title_in_its_tooltip_whoever_chooses(box):
    from readingroom.desktop.widgets.selector import fill

    assert box.toolTip == f"{LONG}\n\n{TIP}"
    box.setCurrentIndex(1)
    assert box.toolTip == f"Short\n\n{TIP}"
    fill(box, [], "", "No bundle is installed")
    assert box.toolTip == f"No bundle is installed\n\n{TIP}"
    assert box.accessibleDescription == TIP


def test_the_opened_list_is_wide_enough_for_the_longest_title(box):
    assert box.view().minimumWidth > box.fontMetrics().horizontalAdvance(LONG) > box.width
