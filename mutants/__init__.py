"""Puts small faults into the gate, and counts how many of them its tests notice."""
