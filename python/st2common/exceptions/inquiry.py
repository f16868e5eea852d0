"""About inquiries."""

from st2common.exceptions.base import StackStormBaseException

__all__ = [
    "InquiryAlreadyResponded",
    "InquiryResponseUnauthorized",
    "InquiryTimedOut",
    "InvalidInquiryInstance",
    "InvalidInquiryResponse",
]


class InvalidInquiryInstance(StackStormBaseException):
    pass


class InquiryTimedOut(StackStormBaseException):
    pass


class InquiryAlreadyResponded(StackStormBaseException):
    pass


class InquiryResponseUnauthorized(StackStormBaseException):
    pass


class InvalidInquiryResponse(StackStormBaseException):
    pass
