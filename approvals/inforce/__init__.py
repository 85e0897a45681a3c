"""Which configuration is in force: a looser one only with two people's consent under the old one."""
