"""What vectors of words in context are worth: their geometry, probes, antecedents, senses."""
