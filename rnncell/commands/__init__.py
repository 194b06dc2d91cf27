"""What each command of the command line does; `rnncell.__main__` reads its options."""
