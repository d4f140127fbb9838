"""The pictures of the documentation: drawn by the code that they explain, so they cannot be wrong.

`python -m docs.pictures` draws all of them into `docs/images`; a test draws them again and
compares.
"""
