"""Figures beside a reference of the same run; machines are noisy, so only ratios are quoted."""
