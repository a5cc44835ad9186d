"""Other ways to run the same model, each as one call that does the same work."""
