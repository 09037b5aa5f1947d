"""Model cards to publish a model with: what it is, what it is worth, how it is made again."""
