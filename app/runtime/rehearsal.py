"""Try a backup: restore it into a city that lives as long as the trial, and prove that."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from app.adapters.archive import Seen
from app.runtime.cluster import Cluster
from app.runtime.restore import Expect, Order, Restored, restore_city
from app.settings import Settings

Say = Callable[[str], None]


def rehearse(settings: Settings, source: Path, city: str, *, say: Say, expect: Expect, seen: Seen) -> Restored:
    """Restore into a temporary home with the keys that are here, and throw it away whatever comes of it."""
    home = Path(tempfile.mkdtemp(prefix="gridcase-", dir="/tmp")).resolve()
    home.chmod(0o755)  # the server's user has to pass; what lies in it is closed to others
    inner = settings.model_copy(
        update={"home": home, "city": city, "database_url": None, "admin_url": None, "media_url": None}
    )
    order = Order(source=source, keys_dir=settings.keys_dir, without_keys=True)
    try:
        return restore_city(inner, order, say=say, expect=expect, seen=seen)
    finally:
        Cluster(home).stop()
        shutil.rmtree(home, ignore_errors=True)
