"""Fleets: many workers on a Ray cluster, started, replaced, made more and fewer.

The only package that knows Ray. What works is the worker of `worker.loop`, unchanged, in processes
of its own; what it says to the server is what any worker says.
"""
