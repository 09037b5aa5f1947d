"""The stages of the pipeline: one thin module each, which reads, calls a room of `decortique`, and writes."""
