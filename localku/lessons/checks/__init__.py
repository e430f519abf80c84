"""The checks of the lessons: each judges the learner's running app by what it can see of it."""
