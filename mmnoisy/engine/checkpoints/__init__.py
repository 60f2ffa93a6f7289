"""Checkpoints: read safely, named by settings, matched with the model that is to have them."""
