"""The private cluster and the processes."""
