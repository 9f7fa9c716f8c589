"""Dry sounds for training: fetched recordings, sampled instruments, synthesis."""
