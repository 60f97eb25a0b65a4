"""SQLAlchemy mapping, one file an aggregate."""
