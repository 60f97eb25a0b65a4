"""Use cases: fetch, ask `app.dispatch`, store, commit."""
