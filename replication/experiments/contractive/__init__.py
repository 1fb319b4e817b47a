"""Article 03: the contractive autoencoder, as published and as intended.

Core: the listing as printed, with its mistake corrected, with the tied weights
of the text, with the text's own cost function, and without any penalty; the
linear and untrained codes beside it; what a tie and a wide code change.
Extended: weight and epochs of the penalty, and what the listing leaves open.
"""

from replication.experiments.contractive import (
    controls,
    details,
    planes,
    resistance,
    tie,
    variants,
    wide,
)
from replication.experiments.contractive.details import ABLATION_EPOCHS, OPEN, WEIGHTS
from replication.experiments.contractive.protocol import CONTRACTION, STD_DEVS

__all__ = [
    "ABLATION_EPOCHS",
    "CONTRACTION",
    "OPEN",
    "STD_DEVS",
    "WEIGHTS",
    "controls",
    "details",
    "planes",
    "resistance",
    "tie",
    "variants",
    "wide",
]
