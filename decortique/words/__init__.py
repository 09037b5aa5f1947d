"""Word vectors, contextuality, pronouns, polysemy, probes."""
