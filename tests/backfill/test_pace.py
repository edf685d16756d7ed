from dmslake.backfill.pace import Pace


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def second(pace: Pace, clock: Clock, *, done: int, refused: int = 0) -> None:
    """Let a second pass in which so many copies were made, and so many refused."""
    for _ in range(done):
        pace.done()
    clock.now += 0.5
    for _ in range(refused):
        pace.refused()
    clock.now += 0.5
    pace.allowed(0)


def test_half_of_what_was_tried_is_left_where_a_tenth_is_refused() -> None:
    clock = Clock()
    pace = Pace(256, None, clock)
    second(pace, clock, done=900, refused=100)
    assert pace.current is not None
    assert pace.current == 1000  # tried were a thousand in half a second
    before = pace.current
    second(pace, clock, done=400, refused=100)
    assert pace.current < before


def test_hardly_any_refusals_change_nothing() -> None:
    clock = Clock()
    pace = Pace(256, None, clock)
    second(pace, clock, done=1000, refused=9)
    assert pace.current is None


def test_no_limit_is_left_when_it_was_quiet_for_some_seconds() -> None:
    clock = Clock()
    pace = Pace(256, None, clock)
    for _ in range(5):
        second(pace, clock, done=0, refused=500)
    limits = [pace.current]
    while limits[-1] is not None and len(limits) < 20:
        second(pace, clock, done=min(1000, int(limits[-1])))
        limits.append(pace.current)
    assert limits[0] is not None
    assert limits[0] < 100
    assert limits[-1] is None
    assert pace.allowed(0) == 256


def test_the_users_limit_holds_whatever_s3_allows() -> None:
    clock = Clock()
    pace = Pace(256, 50.0, clock)
    begun = 0
    for _ in range(100):
        clock.now += 0.1
        room = pace.allowed(0)
        pace.began(room)
        begun += room
    assert 450 <= begun <= 510
