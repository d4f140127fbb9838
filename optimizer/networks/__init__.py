"""Our own architecture space `tiny`."""
