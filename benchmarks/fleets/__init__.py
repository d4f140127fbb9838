"""What `benchmarks.fleet` is made of: workers on Ray and beside it, and many in simulation."""
