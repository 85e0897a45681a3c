"""What the bot looks at by itself, and says only when it turns."""
