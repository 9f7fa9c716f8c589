"""What the large models share: how they fit a card, their files, sizes, prompts and options."""
