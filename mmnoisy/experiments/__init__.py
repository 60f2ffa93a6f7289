"""Every system of the paper's Table 2 on one data set."""
