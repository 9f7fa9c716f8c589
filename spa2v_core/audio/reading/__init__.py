"""Files as they are found: containers, tracks, what channels hold; to blocks of samples."""
