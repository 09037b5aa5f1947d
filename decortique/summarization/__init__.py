"""Clustering, extractive summaries, and what they are worth."""
