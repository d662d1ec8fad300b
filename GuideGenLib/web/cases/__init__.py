"""The case list and the lessons on the page, and the learners' page."""
