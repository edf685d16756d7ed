import pytest

from dmslake.backfill.refusals import Kind, is_about_credentials, kind_of
from dmslake.backfill.store import Answer

HEADER = "A header you provided implies functionality that is not implemented"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(404, "NoSuchKey", ""), Kind.GONE),
        (Answer(404, "NoSuchBucket", ""), Kind.EVERYWHERE),
        (Answer(503, "SlowDown", ""), Kind.BUSY),
        (Answer(200, "SlowDown", ""), Kind.BUSY),
        (Answer(500, "InternalError", ""), Kind.PASSING),
        (Answer(200, "InternalError", ""), Kind.PASSING),
        (Answer(502, "502", ""), Kind.PASSING),
        (Answer(409, "ConditionalRequestConflict", ""), Kind.PASSING),
        (Answer(0, "AWS_IO_SOCKET_CLOSED", ""), Kind.PASSING),
        (Answer(403, "AccessDenied", ""), Kind.LASTING),
        (Answer(403, "InvalidObjectState", ""), Kind.LASTING),
        (Answer(400, "KeyTooLongError", ""), Kind.LASTING),
        (Answer(400, "ExpiredToken", ""), Kind.CREDENTIALS),
        (Answer(0, "NoCredentialsError", ""), Kind.CREDENTIALS),
    ],
)
def test_what_follows_from_a_refusal(answer: Answer, kind: Kind) -> None:
    assert kind_of(answer, conditional=True) is kind
    assert is_about_credentials(answer) is (kind is Kind.CREDENTIALS)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(501, "NotImplemented", HEADER),
        Answer(501, "501", ""),
        Answer(400, "InvalidArgument", "If-None-Match is not supported"),
    ],
)
def test_a_condition_that_is_not_known_is_left_away_once(answer: Answer) -> None:
    assert kind_of(answer, conditional=True) is Kind.CONDITION
    assert kind_of(answer, conditional=False) is Kind.LASTING
