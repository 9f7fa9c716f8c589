"""Moving sources to stereo with their true layout: examples, exemplars and tests come of it."""
