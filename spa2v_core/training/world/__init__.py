"""The cartoon world that the mini model is trained on."""
