"""Who must agree, and on what."""
