"""The commands, one file a concern; `__main__` holds the parser and the exit codes."""
