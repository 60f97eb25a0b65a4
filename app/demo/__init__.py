"""The demo city, made by our own code from a seed."""
