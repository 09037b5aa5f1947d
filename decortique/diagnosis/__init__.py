"""Explanations, robustness to rewriting, the audit of a corpus, the transformer taken apart."""
