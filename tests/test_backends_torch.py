"""The same experiments on PyTorch: whatever `test_backends.py` holds of another backend."""

from tests import test_backends


class TestPyTorch(test_backends.Other):
    """Same weights, same loss as with TensorFlow."""

    backend = "torch"
