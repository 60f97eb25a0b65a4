"""The world outside: each a protocol, a real one and a shipped fake."""
