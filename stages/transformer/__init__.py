"""The transformer in parts: tokens, batches, trunk and decision, the training loop."""

from transformers.utils import logging

# transformers warns that a fresh decision is untrained, which is what finetune is for, and shows progress bars for
# loads and saves that take milliseconds.
logging.set_verbosity_error()
logging.disable_progress_bar()
