"""The HTTP face of the service: one module per noun, two hops from route to row."""
