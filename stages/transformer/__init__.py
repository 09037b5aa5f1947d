"""The transformer in parts: tokens, batches, trunk and decision, the training loop."""

import os

# Everything here loads from local folders; no stage after a download opens a socket. Read once, when transformers is
# imported, which only the modules of this package do.
# All read once, when transformers is imported, which only the modules of this package do.
os.environ.update(
    HF_HUB_OFFLINE="1",  # everything here loads from local folders; no stage after a download opens a socket
    HF_HUB_DISABLE_PROGRESS_BARS="1",  # loading takes milliseconds, its progress bars take the screen
    TRANSFORMERS_VERBOSITY="error",  # warns that a fresh decision is untrained, which is what finetune is for
)
