"""Memory that the process has freed and the allocator keeps."""

import ctypes
import sys


def give_back() -> None:
    """Return freed memory to the system; building a large book frees twice what the book holds.

    Only glibc offers it; elsewhere nothing happens.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
