"""Where bytes come from: PyPI, npm, an address, the Hugging Face hub or a folder, each checked against its pin."""
