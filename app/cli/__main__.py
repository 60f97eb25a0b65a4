"""`python -m app.cli` is `gridcase`."""

from app.cli.main import app

app()
