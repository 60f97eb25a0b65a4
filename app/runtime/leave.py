"""End a process in which the object store was used."""

import logging
import os
import sys
from typing import NoReturn


def leave(status: int) -> NoReturn:
    """End with `status` at once when all is done; atexit handlers are not called.

    The threads of obstore may still be handing back what they hold of Python's when it is torn down, and that aborts
    the process (status 134) in one of ten cases on a busy machine, although all its work was done.
    """
    if "obstore" in sys.modules:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:  # nobody reads it any more
                status = status or 1
        os._exit(status)
    raise SystemExit(status)
