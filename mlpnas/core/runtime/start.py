"""How TensorFlow is started and set up.

Its C++ side logs to the process's standard error while it loads, before any log level is in
force, so for that moment the file descriptor itself is turned away. A library must not do
this to its importer: only our command lines and worker processes call `start_tensorflow`.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)


def start_tensorflow(threads: int = 1) -> None:
    """Import TensorFlow and set it up, silently; see `configure_devices`.

    Examples:
        >>> from mlpnas import start_tensorflow
        >>> start_tensorflow(threads=1)
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _standard_error_turned_away():
        import tensorflow as tf

        configure_devices(threads)
        tf.constant(0)  # initialises the devices, which is when the rest of the chatter comes
    # It warns of retracing by counting calls of all graphs together; ours are few and bounded.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def configure_devices(threads: int = 1) -> None:
    """Set the threads per operation, and let GPU memory grow as it is needed.

    Small matrix products are faster on one thread than on two, and their sums do not then
    depend on the number of cores. Convolutions in a process that has the machine to itself
    want all cores. TensorFlow takes these settings only before its first operation; a process
    that has computed already keeps its own.
    """
    import tensorflow as tf

    try:
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        log.debug("TensorFlow has computed already; its threads stay as they are")


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
