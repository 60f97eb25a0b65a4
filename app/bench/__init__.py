"""Benchmarks, each with its limit measured in the same run."""
