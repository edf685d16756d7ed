"""What a refusal of S3 means for the object, and for the run. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

from enum import Enum, auto

from dmslake.backfill.store import Answer, StoreError

_GONE = frozenset({"NoSuchKey", "NoSuchVersion"})
_BUSY = frozenset(
    {"SlowDown", "503", "429", "TooManyRequests", "Throttling", "ThrottlingException",
     "RequestLimitExceeded"}
)  # fmt: skip
_PASSING = frozenset(
    {"InternalError", "RequestTimeout", "ConditionalRequestConflict", "OperationAborted",
     "ServiceUnavailable", "BadRequest", "TemporaryRedirect"}
)  # fmt: skip
_CREDENTIALS = frozenset(
    {"ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId",
     "SignatureDoesNotMatch", "RequestTimeTooSkewed", "RequestExpired", "NoCredentialsError",
     "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError",
     "UnauthorizedSSOTokenError", "SSOTokenLoadError",
     "AWS_AUTH_CREDENTIALS_PROVIDER_DELEGATE_FAILURE"}
)  # fmt: skip
_EVERYWHERE = frozenset(
    {"NoSuchBucket", "PermanentRedirect", "301", "AuthorizationHeaderMalformed",
     "IllegalLocationConstraintException", "AllAccessDisabled", "AccountProblem", "NotSignedUp",
     "UnauthorizedAccess", "SSLCertVerificationError"}
)  # fmt: skip
_UNKNOWN_REQUEST = frozenset({"NotImplemented", "501"})
_WRONG_REQUEST = 400
_SERVER = 500


class EndingError(StoreError):
    """A copy that was refused for a reason that all others would meet too."""


class Kind(Enum):
    """What follows from a refusal.

    BUSY and PASSING are worth another try, CREDENTIALS a few while they are renewed; CONDITION one
    without `If-None-Match`. LASTING is this object's alone, EVERYWHERE is every object's.
    """

    GONE = auto()
    BUSY = auto()
    PASSING = auto()
    CONDITION = auto()
    CREDENTIALS = auto()
    EVERYWHERE = auto()
    LASTING = auto()


_KINDS = {
    **dict.fromkeys(_GONE, Kind.GONE),
    **dict.fromkeys(_BUSY, Kind.BUSY),
    **dict.fromkeys(_PASSING, Kind.PASSING),
    **dict.fromkeys(_CREDENTIALS, Kind.CREDENTIALS),
    **dict.fromkeys(_EVERYWHERE, Kind.EVERYWHERE),
}


def is_about_credentials(answer: Answer) -> bool:
    """Tell whether a refusal ends when the credentials are renewed."""
    return answer.code in _CREDENTIALS


def is_everywhere(answer: Answer) -> bool:
    """Tell whether every other request would be refused for the same reason."""
    return answer.code in _EVERYWHERE


def kind_of(answer: Answer, *, conditional: bool) -> Kind:
    """Tell what follows from a refusal; `conditional` copies were for where nothing lies."""
    if answer.code in _UNKNOWN_REQUEST or (answer.status == _WRONG_REQUEST and _is_told(answer)):
        return Kind.CONDITION if conditional else Kind.LASTING
    known = _KINDS.get(answer.code)
    if known is not None:
        return known
    # Without a status there was no whole answer, and an answer within a 200 is one that came late.
    unsettled = not answer.status or answer.status >= _SERVER
    return Kind.PASSING if unsettled else Kind.LASTING


def _is_told(answer: Answer) -> bool:
    return "none-match" in answer.text.lower()
