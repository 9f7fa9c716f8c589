"""Toys: posable solid models of the things of the cartoon world, in code, and views of them."""
