"""Break-glass and its debt: somebody else looks at it afterwards."""
