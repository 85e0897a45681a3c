"""What others have for the same job, brought up on this machine: for figures beside them, and to be their guest."""
