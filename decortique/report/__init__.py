"""The report and the model cards: they collect what was measured, and compute nothing."""
