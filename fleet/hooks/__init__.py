"""Site hooks: what a site does besides, before and after a change of primary, as data from its configuration."""
