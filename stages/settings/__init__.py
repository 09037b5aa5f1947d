"""`params.yaml` as typed settings: one module per section, each read only by the stages that need it."""
