"""The databases and the machines that they run on."""
