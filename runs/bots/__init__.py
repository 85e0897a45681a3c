"""The bots that share a store: which of them are alive."""
