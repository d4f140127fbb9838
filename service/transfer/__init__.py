"""Whole studies as JSON lines: `writing` makes, `reading` checks and `entering` stores them.

The first line is the study, then come its trials by number, each with its attempts and reports,
then the history of its hypervolume. The last line counts the trials, so that a file that was cut
short is noticed. Artefacts are not in it.
"""
