"""What follows from the model: paired effects of policies, assumptions, thresholds, loops, checks."""
