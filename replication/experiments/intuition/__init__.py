"""Article 01: the idea of autoencoders, example by example (高志远).

The article has no code: every experiment turns one of its examples into a
small measurement. Networks are small, seconds each; all settings are ours.
"""

from replication.experiments.intuition import (
    characters,
    cheaper,
    codes,
    details,
    generation,
    images,
    noise,
    pixels,
    poem,
    pretraining,
    sequences,
)

__all__ = [
    "characters",
    "cheaper",
    "codes",
    "details",
    "generation",
    "images",
    "noise",
    "pixels",
    "poem",
    "pretraining",
    "sequences",
]
