"""What `cnnnas` fills in of search, resume and report."""

import os
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from cnnnas.run.settings import Settings
from mlpnas.core.commands.command_line import print_notes
from mlpnas.core.commands.kit_program import kit_program
from mlpnas.core.runtime.plugins import later
from mlpnas.core.runtime.start import start_tensorflow

if TYPE_CHECKING:
    from cnnnas.data.images import Images


def open_images(settings: Settings, console: Console) -> "Images":
    """The settings' images; prints what was found. TensorFlow has been started then."""
    from cnnnas.data.images import read_images

    with console.status("starting TensorFlow"):
        start_tensorflow(threads=os.cpu_count() or 1)
    with console.status(f"reading {escape(settings.data)}"):
        s = settings
        images = read_images(s.data, s.train_rows, s.seed, s.image_size)
    print_notes(images.notes, console)
    return images


PROGRAM = kit_program(
    "cnnnas",
    Settings,
    open_images,
    make_run=later("cnnnas.run.run:make_run"),
    retrain=later("cnnnas.final.retrain:retrain"),
    model="takes raw pixels",
)
