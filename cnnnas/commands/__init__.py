"""What each command of the command line does; `cnnnas.__main__` reads its options."""
