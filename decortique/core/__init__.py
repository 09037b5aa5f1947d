"""Settings and their loading, paths, atomic files, tables, pictures, command line, fingerprints of the code."""
