"""Article 04: four uses of one small autoencoder (Java Fans).

Three of the four listings train the same network; here it is trained once and
shared. All settings are the listings' own, controls are ours.
"""

from replication.experiments.applied import anomaly, codes, details, printed, reconstruction
from replication.experiments.applied.details import OPEN

__all__ = ["OPEN", "anomaly", "codes", "details", "printed", "reconstruction"]
