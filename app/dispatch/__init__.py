"""Every decision of the service, as pure functions over frozen values; no database, no network, no clock of its own."""
