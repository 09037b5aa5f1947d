"""Sources and their pins, readers, rows of a corpus, splits, masking, near duplicates."""
