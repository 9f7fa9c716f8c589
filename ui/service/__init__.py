"""The page as others reach it: who asks, what they may, what is spent, how it is served."""
