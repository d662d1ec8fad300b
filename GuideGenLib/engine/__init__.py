"""A worker process that keeps the models loaded, and its client: progress, cancel, and crashes that stay there."""

from GuideGenLib.engine.client import Client
from GuideGenLib.engine.protocol import (
    ChangeDone,
    ChangeRequest,
    CompleteRequest,
    CTDone,
    CTRequest,
    DescribeDone,
    DescribeRequest,
    Done,
    Event,
    Failed,
    MaskDone,
    MaskRequest,
    Progress,
    ProtocolError,
    RegenerateRequest,
    Request,
    Stopped,
)

__all__ = [
    "CTDone",
    "CTRequest",
    "ChangeDone",
    "ChangeRequest",
    "Client",
    "CompleteRequest",
    "DescribeDone",
    "DescribeRequest",
    "Done",
    "Event",
    "Failed",
    "MaskDone",
    "MaskRequest",
    "Progress",
    "ProtocolError",
    "RegenerateRequest",
    "Request",
    "Stopped",
]
