"""A fleet of simulated workers, and what answers them."""
