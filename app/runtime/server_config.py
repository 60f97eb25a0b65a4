"""Write what the private server is configured to do."""

import os
from pathlib import Path
from typing import Final

CONFIG_NAME: Final = "gridcase.conf"

_TEMPLATE: Final = """\
# Written by gridcase at every start; put your own settings after the include in postgresql.conf.
listen_addresses = ''                  # nothing leaves the machine: one socket in a 0700 folder
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
port = 5432                            # names the socket's file only
max_connections = 200
shared_buffers = {shared_mb}MB
effective_cache_size = {cache_mb}MB
maintenance_work_mem = {maintenance_mb}MB
max_wal_size = 2GB
random_page_cost = 1.1                 # solid-state disks
jit = off                              # our statements are short
fsync = {durable}
full_page_writes = {durable}
synchronous_commit = {durable}         # an acknowledged report is never lost
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C.UTF-8'
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'     # one a weekday, overwritten after a week
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
log_line_prefix = '%m [%p] %q%u@%d '
# Personal data stays out of the log: no statements, no parameters, no "Key (phone)=(…)" details.
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""


def server_config(sockets: Path, *, durable: bool, memory_mb: int | None = None) -> str:
    """Return the settings for a machine of `memory_mb` (measured when not given)."""
    memory = memory_mb if memory_mb is not None else _memory_mb()
    return _TEMPLATE.format(
        sockets=_list_item(sockets),
        durable="on" if durable else "off",
        shared_mb=min(max(memory // 16, 64), 1024) if durable else 64,
        cache_mb=max(memory // 2, 256),
        maintenance_mb=min(max(memory // 32, 32), 256),
    )


def _list_item(path: Path) -> str:
    """Quote a path twice: as an item of a comma-separated list, inside a quoted value."""
    item = '"' + str(path).replace('"', '""') + '"'
    return item.replace("\\", "\\\\").replace("'", "''")


def _memory_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1 << 20)
