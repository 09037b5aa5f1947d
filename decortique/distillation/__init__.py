"""Teachers, students, and the distillation loss."""
