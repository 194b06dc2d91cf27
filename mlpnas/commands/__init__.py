"""What each command of the command line does; `mlpnas.__main__` reads its options."""
