"""Reports: findings in words, figures and tables of a study, each with the fingerprint of what made it."""
