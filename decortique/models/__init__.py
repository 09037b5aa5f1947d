"""Tokenizer, encoder, heads, losses, batches, the training loop; bags of words, off-the-shelf classifiers, ONNX."""
