"""`cnnnas predict`: images in, labels and probabilities out, by the saved model."""

from pathlib import Path

from rich.console import Console

from cnnnas.data.new_images import given_images
from cnnnas.final.delivered import DeliveredNetwork
from mlpnas.core.commands.predict import free_output, of_classes, write_predictions


def predict(run: Path, data: Path, output: Path | None, console: Console) -> None:
    """Write a CSV with a line per image: its name, label, and the probability of every class.

    Args:
        run: folder of a finished run.
        data: a picture, a folder of pictures, or an npz with `x`.
        output: what to write; None for `DATA-predictions.csv` in this directory.
        console: where to print.

    Raises:
        InputError: for what the user can mend.
    """
    output = free_output(data, output)
    network = DeliveredNetwork(run)
    with console.status("starting TensorFlow"):
        network.model  # noqa: B018 - loaded here, where it is told
    x, names = given_images(data, network.kind)
    table = of_classes(network.outputs(x), network.classes_.tolist(), "prediction")
    table.insert(0, "image", names)
    write_predictions(table, output, console)
