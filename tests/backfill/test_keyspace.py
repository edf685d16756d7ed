from hypothesis import given
from hypothesis import strategies as st

from dmslake.backfill.keyspace import last_below, middle

KEYS = st.text(max_size=30)


@given(KEYS, KEYS)
def test_a_middle_lies_between(one: str, other: str) -> None:
    low, high = sorted((one, other))
    found = middle(low, high)
    assert found is None or low < found < high


def test_a_range_of_dms_names_can_be_halved_again_and_again() -> None:
    low = "dms/public/orders/20261101-000000000.csv"
    high = last_below("dms/public/orders/")
    for _ in range(60):
        found = middle(low, high)
        assert found is not None
        high = found
    assert low < high < "dms/public/orders/20261102"
