"""Networks on emulated microcontrollers: linked for a device, run under QEMU, counted."""
