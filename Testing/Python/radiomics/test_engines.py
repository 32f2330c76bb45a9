"""The engines give the same table."""

from __future__ import annotations

import importlib.util

import pytest

from readingroom.errors import InputError, SetupError
from readingroom.radiomics.engines import measure_with
from readingroom.radiomics.settings import Settings

INSTALLED = importlib.util.find_spec("radiomics") is not None


@pytest.mark.skipif(not INSTALLED, reason="PyRadiomics is not installed")
def test_both_engines_give_the_same_table(an_image, a_mask, differing):
    settings = Settings(bin_width=12.5, features={"shape": (), "glcm": ("Contrast", "MCC"), "gldm": ()})
    ours, theirs = (measure_with(engine, an_image, a_mask * 3, settings) for engine in ("readingroom", "pyradiomics"))
    assert list(ours.values) == list(theirs.values)
    assert not differing(ours.values, theirs.values)
    assert "diagnostics_Versions_PyRadiomics" in theirs.provenance


@pytest.mark.skipif(not INSTALLED, reason="PyRadiomics is not installed")
def test_pyradiomics_is_not_asked_for_ibsi(an_image, a_mask):
    with pytest.raises(InputError, match="IBSI"):
        measure_with("pyradiomics", an_image, a_mask, Settings(ibsi=True))


@pytest.mark.skipif(INSTALLED, reason="PyRadiomics is installed")
def test_a_missing_pyradiomics_is_one_sentence(an_image, a_mask):
    with pytest.raises(SetupError, match="same numbers"):
        measure_with("pyradiomics", an_image, a_mask)
