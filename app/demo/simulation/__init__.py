"""A month in the life of the demo city, played through the real services under a simulated clock (docs/demo.md)."""
