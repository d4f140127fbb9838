"""Numbers as people read them."""

NOTHING = "-"
WHOLE_UNITS = {"B", "MACs", "instructions"}


def number(value: float | None, unit: str | None = None) -> str:
    """A number as people read it: bytes and operations whole, others with four digits."""
    if value is None:
        return NOTHING
    whole = unit in WHOLE_UNITS or (float(value).is_integer() and abs(value) < 1e12)
    return f"{value:,.0f}" if whole else f"{value:.4g}"
