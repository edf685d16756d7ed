"""What the documents say about endpoint settings and botocore's model does not.

Source: the texts of the settings structures in the API reference, and the DMS user guide's pages
on each source and on S3 as a target. A setting without a line here takes any number.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dmslake.spec.members import LEAST, MOST, Kind


@dataclass(frozen=True)
class Limit:
    """The range of a number."""

    least: int = LEAST
    most: int = MOST


_POSITIVE = Limit(1)
_ANY_AMOUNT = Limit(0)
_MYSQL = {
    "EventsPollInterval": _POSITIVE,
    "MaxFileSize": _POSITIVE,
    "ParallelLoadThreads": _POSITIVE,
}

LIMITS: Mapping[str, Mapping[str, Limit]] = {
    "S3Settings": {
        "CdcMaxBatchInterval": _POSITIVE,
        "CdcMinFileSize": _POSITIVE,
        "DataPageSize": _POSITIVE,
        "DictPageSizeLimit": _POSITIVE,
        "IgnoreHeaderRows": Limit(0, 1),
        "MaxFileSize": Limit(1, 1048576),
        "RowGroupLength": _POSITIVE,
    },
    "PostgreSQLSettings": {
        "ExecuteTimeout": _POSITIVE,
        "HeartbeatFrequency": _POSITIVE,
        "MaxFileSize": _POSITIVE,
    },
    "MySQLSettings": {**_MYSQL, "ExecuteTimeout": _POSITIVE},
    "GcpMySQLSettings": _MYSQL,
    "OracleSettings": {
        "AdditionalArchivedLogDestId": _ANY_AMOUNT,
        "ArchivedLogDestId": _ANY_AMOUNT,
        "ExtraArchivedLogDestIds": _ANY_AMOUNT,
        "NumberDatatypeScale": Limit(-2, 38),
        "OpenTransactionWindow": Limit(0, 240),
        "ParallelAsmReadThreads": Limit(2, 8),
        "ReadAheadBlocks": Limit(1000, 200000),
        "RetryInterval": _POSITIVE,
        "StandbyDelayTime": _ANY_AMOUNT,
    },
    "MicrosoftSQLServerSettings": {"BcpPacketSize": _POSITIVE},
    "IBMDb2Settings": {
        "LoadTimeout": _ANY_AMOUNT,
        "MaxFileSize": _POSITIVE,
        "MaxKBytesPerRead": _POSITIVE,
        "WriteBufferSize": _POSITIVE,
    },
    "DocDbSettings": {"DocsToInvestigate": _POSITIVE},
    "MongoDbSettings": {"DocsToInvestigate": _POSITIVE},
}

TEXTS: Mapping[str, Mapping[str, Kind]] = {
    "MongoDbSettings": {"DocsToInvestigate": "whole", "ExtractDocId": "switch"}
}
"""Members that are texts in the model and hold a number or a switch."""
