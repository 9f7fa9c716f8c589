"""How close a layout is to a reference: one module per metric, numpy and scipy only."""
