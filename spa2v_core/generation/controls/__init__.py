"""What a layout looks like to a model that takes a video as its control: pure functions of the
conditions of F frames, each (F, H, W, 3) uint8 RGB."""
