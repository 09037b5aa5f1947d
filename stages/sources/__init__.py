"""Where bytes come from: PyPI, npm, an address, the hub, a folder or several of them, each checked against its pin."""
