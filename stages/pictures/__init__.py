"""Pictures as PNG, so that they show without a network and in a README."""
