"""What can be done with resources of a kind."""
