"""How often something was started in vain, and when it may be started again."""

from dataclasses import dataclass

FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 60.0
# Who worked so long can work here; an end after that is misfortune, before it may be a reason.
LONG_S = 60.0
IN_VAIN = 3


@dataclass(slots=True)
class Lives:
    """The lives of one worker or berth; times are of any clock that never goes back."""

    begun_s: float = 0.0
    short: int = 0  # lives that ended soon after they began, in a row
    again_at_s: float = 0.0

    @property
    def in_vain(self) -> bool:
        """Whether it ended so often that another try needs a reason."""
        return self.short >= IN_VAIN

    def begin(self, now_s: float) -> None:
        """It was started."""
        self.begun_s = now_s

    def end(self, now_s: float, useless: bool = False) -> None:
        """It ended though nobody wanted that; twice as long a wait after each short life.

        Args:
            now_s: when.
            useless: it was of no use, however long it lived.
        """
        short = useless or now_s - self.begun_s < LONG_S
        self.short = self.short + 1 if short else 0
        delay_s = FIRST_DELAY_S * 2.0 ** min(max(self.short - 1, 0), 10)
        self.again_at_s = now_s + min(delay_s, LONGEST_DELAY_S)
