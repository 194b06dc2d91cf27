"""Starting TensorFlow without its start-up chatter, for the command lines and the workers.

TensorFlow's C++ side logs to the process's standard error while it loads, before any log
level is in force, so for that moment the file descriptor itself is turned away. A library
must not do this to its importer: only our command lines and worker processes call it.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def start_tensorflow() -> None:
    """Import TensorFlow silently; let it take GPU memory as needed instead of all at once."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _standard_error_turned_away():
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
        tf.constant(0)  # initialises the devices, which is when the rest of the chatter comes


@contextmanager
def _standard_error_turned_away() -> Iterator[None]:
    sys.stderr.flush()
    kept, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)
