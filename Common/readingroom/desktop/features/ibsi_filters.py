"""The options of IBSI's filters that a person chooses in the section "Features"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slicer.i18n import tr as _

from ...errors import InputError
from ...radiomics.settings import from_parameters

MOST_BANDS = 3
_MOST_KERNELS = 10
_TURNED = ("Laws", "Gabor", "Wavelet")


@dataclass(frozen=True)
class IbsiOptions:
    """By itself what the consensus of IBSI 2 measured: turned filters, mirrored edges.

    Parameters
    ----------
    support : of the mean, voxels along each axis
    kernels : of Laws
    energy : how far the window of their energy reaches, voxels; 0 for the response itself
    sigma, wavelength : of Gabor, mm
    gamma : how much longer Gabor's envelope is along the waves
    bands : of Simoncelli
    turned : whether filters are pooled over their turns
    boundary : what lies beyond the image's edges, one of `radiomics.convolution.BOUNDARIES`
    riesz : x, y and z of the Riesz transform of LoG and Simoncelli; empty for none
    """

    support: int = 5
    kernels: tuple[str, ...] = ("L5E5E5",)
    energy: int = 7
    sigma: tuple[float, ...] = (5.0,)
    wavelength: tuple[float, ...] = (2.0,)
    gamma: float = 1.5
    bands: int = 1
    turned: bool = True
    boundary: str = "mirror"
    riesz: tuple[int, ...] = ()

    def of(self, kind: str) -> dict[str, Any]:
        """As the options of an image type in a parameter file; none for types that are no filters of IBSI."""
        found: dict[str, dict[str, Any]] = {
            "LoG": {},
            "Wavelet": {},
            "Mean": {"meanSupport": self.support},
            "Laws": {"lawsKernel": list(self.kernels), "lawsEnergyDistance": self.energy},
            "Gabor": {
                "gaborSigma": list(self.sigma),
                "gaborWavelength": list(self.wavelength),
                "gaborGamma": self.gamma,
            },
            "Simoncelli": {"level": self.bands},
        }
        if kind not in found:
            return {}
        options = found[kind]
        if kind in _TURNED:
            options["rotationInvariance"] = self.turned
        elif self.riesz and kind != "Mean":
            options["rieszOrder"] = list(self.riesz)
        return {**options, "filterBoundary": self.boundary}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> IbsiOptions:
        """What `dataclasses.asdict` gave and JSON kept.

        Raises
        ------
        TypeError : it has other names
        """
        lists = {name: tuple(content[name]) for name in ("kernels", "sigma", "wavelength", "riesz") if name in content}
        return cls(**{**content, **lists})


def kernels(text: str) -> tuple[str, ...]:
    """Laws' kernels that a person typed: ``L5E5E5 S5S5L5``.

    Raises
    ------
    InputError : it says something else
    """
    found = tuple(dict.fromkeys(word.upper() for word in re.split(r"[\s,;]+", text.strip(" \t,;"))))
    try:
        if len(found) > _MOST_KERNELS:
            raise InputError("")
        from_parameters({"setting": {"ibsi": True, "lawsKernel": list(found)}})
    except InputError:
        message = _(
            "Laws takes a kernel for each axis, x first, ten such words at most, such as L5E5E5, E5L5L5. "
            "Kernels are L3, L5, E3, E5, S3, S5, W5 and R5."
        )
        raise InputError(message) from None
    return found
