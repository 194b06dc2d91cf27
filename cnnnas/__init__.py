"""Neural architecture search for convolutional networks, on the core of `mlpnas`."""
