"""Several processes: how they start, end together and share a model."""
