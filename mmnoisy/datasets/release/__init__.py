"""From the files of an Open Images release to label indexes."""
