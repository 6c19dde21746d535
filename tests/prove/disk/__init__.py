"""A disk that fails on command: full, read-only, or broken, under everything that a process writes below a folder."""
