"""The Heroku platform on one laptop."""

__version__ = "0.1.0"
