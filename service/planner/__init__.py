"""Makes proposals: reads a study, lets a process think, writes what it proposes."""
