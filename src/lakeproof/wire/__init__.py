"""The only door to the network: what goes out, what comes back, and its redacted record."""
