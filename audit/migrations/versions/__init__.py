"""The scripts. NNNN_name.py has the revision NNNN and follows the one before; what was released is never changed."""
