"""Many clips: rows in, layouts and videos out, by a loop, a pool of processes or Ray."""
