"""The command `gridcase`."""
