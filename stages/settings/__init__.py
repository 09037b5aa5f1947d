"""`params.yaml` and `catalogue/` as typed settings: each module is read only by the stages that need it."""
