"""The labels of an index as files for other tools."""
