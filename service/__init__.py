"""The service: API, database, planner processes and page."""

__version__ = "0.1.0"
