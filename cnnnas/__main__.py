"""The command line of `cnnnas`."""

import typer

from mlpnas.core.command_line import run_app

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Neural architecture search for convolutional networks.",
)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake is told in one line, with exit status 2."""
    run_app(app, "cnnnas", arguments)


if __name__ == "__main__":
    main()
