"""What is wrong with a cohort before anything is trained on it: one question a file, one page for all issues."""
