"""Models: encoders, decoders and the autoencoders put together from them.

Every model is a plain `keras.Model`; what it minimises is its `compute_loss`,
so that `keras.Model.fit` trains it on any backend. Builders of article models
take the seed of their random layers as an argument.
"""

from replication.models.autodiff import autodiff_jacobian
from replication.models.autoencoders import (
    Autoencoder,
    DenseAutoencoder,
    HardCodeAutoencoder,
    QuantizedAutoencoder,
    SparseAutoencoder,
    corrupted,
)
from replication.models.classifiers import (
    IMAGE_SHAPE,
    dense_classifier,
    dropout_classifier,
    image_classifier,
)
from replication.models.contractive import ContractiveAutoencoder
from replication.models.decayed import EncoderDecayAutoencoder
from replication.models.guarded import GuardedSparseAutoencoder
from replication.models.inference import in_batches
from replication.models.variational import (
    LATENT_DIM,
    NUM_CLUSTERS,
    VAE,
    ClusteringVAE,
    cluster_classifier,
    conv_decoder,
    conv_trunk,
    encode_means,
)

__all__ = [
    "IMAGE_SHAPE",
    "LATENT_DIM",
    "NUM_CLUSTERS",
    "VAE",
    "Autoencoder",
    "ClusteringVAE",
    "ContractiveAutoencoder",
    "DenseAutoencoder",
    "EncoderDecayAutoencoder",
    "GuardedSparseAutoencoder",
    "HardCodeAutoencoder",
    "QuantizedAutoencoder",
    "SparseAutoencoder",
    "autodiff_jacobian",
    "cluster_classifier",
    "conv_decoder",
    "conv_trunk",
    "corrupted",
    "dense_classifier",
    "dropout_classifier",
    "encode_means",
    "image_classifier",
    "in_batches",
]
