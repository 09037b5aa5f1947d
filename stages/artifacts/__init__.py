"""What stages leave on disk: where it lies, what shape it has, and how it is written so that it is whole or absent."""
