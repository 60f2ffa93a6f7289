"""What users take away: a cleaned data set, a queue of labels to review, files for other tools."""
