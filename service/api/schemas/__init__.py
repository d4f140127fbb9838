"""The JSON of the wire: bodies refuse what they do not know, answers have stable names."""
