"""Search for recurrent cells, on the core of `mlpnas`."""
