"""An emulated element as a cache of another one: it keeps what it reads there, in blocks."""
