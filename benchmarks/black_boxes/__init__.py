"""Black boxes with known answers, other optimisers, and how runs are kept and compared."""
