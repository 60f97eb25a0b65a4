"""HTTP in and out: one router file a resource; nothing is decided here."""
