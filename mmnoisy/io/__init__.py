"""Files: written whole or not at all, mapped into memory, locked; progress of long work."""
