"""The checks of the lessons: each watches the learner's running app, and never reads its source."""
