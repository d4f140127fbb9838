"""The documentation, and the code that draws and writes parts of it; in no wheel."""
