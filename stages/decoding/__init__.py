"""From the scores of single texts to decisions over a stream of them."""
