"""Article 04: four uses of one small autoencoder (Java Fans).

Three of the four listings train the same network; here it is trained once and
shared. All settings are the listings' own, controls are ours.
"""

from replication.experiments.applied import anomaly, codes, details, printed, reconstruction
from replication.experiments.applied.anomaly import QUANTILE, THRESHOLD
from replication.experiments.applied.details import OPEN
from replication.experiments.applied.protocol import BATCH_SIZE, CODE_DIM, EPOCHS, HELD_OUT
from replication.experiments.applied.reconstruction import MEDIAN_SIZE, NOISE_FACTOR

__all__ = [
    "BATCH_SIZE",
    "CODE_DIM",
    "EPOCHS",
    "HELD_OUT",
    "MEDIAN_SIZE",
    "NOISE_FACTOR",
    "OPEN",
    "QUANTILE",
    "THRESHOLD",
    "anomaly",
    "codes",
    "details",
    "printed",
    "reconstruction",
]
