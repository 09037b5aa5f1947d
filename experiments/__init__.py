"""Questions that take several runs of the chain, each answered by one command."""
