"""The nouns of the pipeline: an importable package that the stages are made of."""
