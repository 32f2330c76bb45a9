"""Signatures: a model on measured features that answers one question.

`fit.fit` makes one from a table (scikit-learn is needed), `write.write` stores it as a bundle, `load` reads it and
`Signature.score` applies it with numpy alone.
"""

from .score import Contribution, Score
from .signature import Signature, load

__all__ = ["Contribution", "Score", "Signature", "load"]
