"""What the pages show of the results, a module for each page."""
