"""Labels in anybody's format: each format is a :class:`Source` in a file of its own."""
