"""Files as they come, read into tables: formats are told by their first bytes, limits are stated, nothing is run."""

from app.adapters.readers.files import Given, read_file

__all__ = ["Given", "read_file"]
