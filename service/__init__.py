"""The service: API, database, planner processes and page."""

__version__ = "0.2.0.dev0"
