"""What an evaluation finds, as a page, figures, numbers and checklists."""
