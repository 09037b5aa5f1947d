"""Settings and their loading, paths, atomic files, tables, errors, progress, command line, fingerprints of the code."""
