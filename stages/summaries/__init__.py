"""Summaries made of sentences of what they summarise: on clusters, or as other tools do, and what they are worth."""
