"""Grids over configs: every system of the paper's Table 2, and others, on one data set."""
