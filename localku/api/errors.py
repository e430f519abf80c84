"""What the API answers when it cannot do what was asked: Heroku's error objects as an exception.

Status and id are Heroku's (Dev Center, "Platform API Reference", Error responses). Pure.
"""

from __future__ import annotations

NO_ENDPOINT = (
    "The requested API endpoint was not found. Are you using the right HTTP verb (i.e. `GET` vs. "
    "`POST`), and did you specify your intended version with the `Accept` header?"
)


class ApiError(Exception):
    """status: of HTTP. id: for programs. message: for people. resource: what is missing, or ""."""

    def __init__(self, status: int, id: str, message: str, resource: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.id = id
        self.message = message
        self.resource = resource

    def body(self) -> dict[str, object]:
        """The error object."""
        named: dict[str, object] = {"resource": self.resource} if self.resource else {}
        return {**named, "id": self.id, "message": self.message}


def not_found(what: str, resource: str, name: str = "") -> ApiError:
    """Nothing of that name. what: how people call it (`process type`)."""
    called = f" ({name})" if name else ""
    return ApiError(404, "not_found", f"Couldn't find that {what}{called}.", resource)


def no_endpoint() -> ApiError:
    """No such path, not with that method, or of another version: Heroku answers all with this."""
    return ApiError(404, "not_found", NO_ENDPOINT)


def invalid(message: str) -> ApiError:
    """The request can be read, but what it asks for cannot be done."""
    return ApiError(422, "invalid_params", message)


def forbidden(message: str) -> ApiError:
    """It is understood, and not allowed."""
    return ApiError(403, "forbidden", message)


def unauthorized() -> ApiError:
    """No key, or another one than this platform's."""
    return ApiError(401, "unauthorized", "Invalid credentials provided.")


def malformed(message: str) -> ApiError:
    """The request's body cannot be read."""
    return ApiError(400, "bad_request", message)


def too_large(limit: int) -> ApiError:
    """The request's body has more than `limit` bytes."""
    return ApiError(413, "payload_too_large", f"The request body exceeds {limit} bytes.")


def conflict(message: str) -> ApiError:
    """It cannot be done now."""
    return ApiError(409, "conflict", message)


def internal() -> ApiError:
    """A mistake of ours; the log stream has the details."""
    return ApiError(500, "internal_server_error", "Internal server error.")
