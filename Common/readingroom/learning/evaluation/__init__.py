"""What predictions are worth, on rows that the models had not seen."""
