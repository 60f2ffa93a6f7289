"""The paper's Table 1 and Figure 4 for any label indexes."""
