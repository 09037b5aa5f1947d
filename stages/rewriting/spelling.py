"""Words put in the place of others."""


def like(pattern: str, words: str) -> str:
    """Gives words with the capitals of those whose place they take: all, the first, or those they have."""
    if len(pattern) > 1 and pattern.isupper():
        return words.upper()
    return capital(words) if pattern[:1].isupper() else words


def capital(words: str) -> str:
    """Gives words with a capital first."""
    return words[:1].upper() + words[1:]
