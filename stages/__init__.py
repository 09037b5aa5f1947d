"""The pipeline: one module per stage (the verbs) and the packages they use (the nouns)."""
