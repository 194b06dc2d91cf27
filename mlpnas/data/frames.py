"""Dataframes of other libraries (polars, pyarrow, ...) become pandas frames."""

from typing import Any

import narwhals
import pandas as pd

from mlpnas.core.errors import extra_missing


def as_frame(rows: Any) -> pd.DataFrame | None:
    """A pandas frame of the rows, the same one if it is one; None if these are no dataframe.

    What another library calls a category, a date or a truth value remains one.

    Raises:
        InputError: a package that the conversion needs is missing.
    """
    if isinstance(rows, pd.DataFrame):
        return rows
    frame = narwhals.from_native(rows, pass_through=True)
    if isinstance(frame, narwhals.LazyFrame):
        frame = frame.collect()
    if not isinstance(frame, narwhals.DataFrame):
        return None
    try:
        return frame.to_pandas()
    except ModuleNotFoundError as error:
        library = type(rows).__module__.split(".")[0]
        raise extra_missing(f"Reading a {library} frame", str(error.name), "parquet") from None
