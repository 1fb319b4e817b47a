"""Article 02: basic, sparse, stacked and denoising autoencoders (郑之杰, 2020).

A file for each section of the article, and one for what it leaves open. It
gives formulas and no settings: data set, sizes, weights and epochs are ours,
and stand at the top of each file.
"""

from replication.experiments.survey import (
    codes,
    details,
    features,
    robust,
    sparse,
    stacked,
    tying,
)

__all__ = [
    "codes",
    "details",
    "features",
    "robust",
    "sparse",
    "stacked",
    "tying",
]
