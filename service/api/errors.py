"""What HTTP says to each domain error: one table, and handlers for whatever else goes wrong."""

import logging

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Mount

from service import access_errors, errors, logs
from service.api.body_limit import BodyTooLarge
from service.api.problems import Problem, slug
from service.api.validation import problem_of
from service.verifications import NothingToVerify, OtherBoard
from service.workers import WorkerNotFound

LOG = logging.getLogger(__name__)

RETRY_AFTER_S = 2
METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")

HTTP_STATUS: dict[type[errors.ServiceError], int] = {
    errors.AlreadyConfirmed: 409,
    errors.ArtefactConflict: 409,
    errors.ArtefactLost: 503,
    errors.ArtefactNotFound: 404,
    errors.ArtefactStoreFull: 503,  # not 507, at which workers would give their files up
    errors.ArtefactTooLarge: 413,
    errors.AttemptEnded: 409,
    errors.AttemptNotFound: 404,
    errors.AttemptTooLarge: 413,
    errors.DatabaseBusy: 503,
    errors.IdempotencyKeyReused: 422,
    access_errors.ForeignHost: 403,
    access_errors.ForeignOrigin: 403,
    errors.IllegalChange: 409,
    errors.IllegalMove: 409,
    errors.ImportRefused: 422,
    errors.InvalidArtefact: 422,
    errors.InvalidDefinition: 422,
    errors.InvalidMetrics: 422,
    access_errors.InvalidName: 422,
    errors.InvalidProposal: 422,
    access_errors.KeyMadeBefore: 409,
    access_errors.KeyNeeded: 401,
    access_errors.KeyNotFound: 404,
    errors.NameTaken: 409,
    NothingToVerify: 409,
    OtherBoard: 409,
    access_errors.ProjectNotFound: 404,
    access_errors.ProxiedRequest: 403,
    errors.ReportConflict: 409,
    errors.RequestUnderWay: 409,
    errors.ResultConflict: 409,
    access_errors.RoleForbids: 403,
    errors.StudyChanged: 412,
    errors.StudyEnded: 409,
    errors.StudyExists: 409,
    errors.StudyNotFound: 404,
    access_errors.TooManyFailures: 429,
    errors.TrialExists: 409,
    errors.TrialNotFound: 404,
    WorkerNotFound: 404,
    errors.WrongToken: 403,
}

# The same request may succeed in a moment.
COME_AGAIN = frozenset(
    {errors.ArtefactLost, errors.ArtefactStoreFull, errors.DatabaseBusy, errors.RequestUnderWay}
)

# What the database says when it cannot be reached.
AWAY = (OperationalError, InterfaceError, PoolTimeout)

# What the framework itself refuses, by status.
OWN_WORDS = {
    400: ("bad-request", "Send a JSON object in UTF-8, as /docs describes."),
    404: (
        "no-such-route",
        "Open /docs for the routes; all but the page are under /api/v1.",
    ),
    405: ("method-not-allowed", "Use one of the methods in the header Allow."),
}


async def refuse(_request: Request, error: Exception) -> Response:
    """Answer a domain error by the table."""
    assert isinstance(error, errors.ServiceError)
    status = HTTP_STATUS[type(error)]
    problem = Problem(status, slug(type(error)), str(error), error.field, error.remedy)
    return problem.response(_headers_of(status, error))


def _headers_of(status: int, error: errors.ServiceError) -> dict[str, str]:
    if status == 401:
        return {"WWW-Authenticate": 'Bearer realm="tinyfront"'}
    if isinstance(error, access_errors.TooManyFailures):
        return {"Retry-After": str(error.wait_s)}
    return {"Retry-After": str(RETRY_AFTER_S)} if type(error) in COME_AGAIN else {}


async def refuse_invalid(_request: Request, error: Exception) -> Response:
    """Answer a request that does not have the form the route takes."""
    assert isinstance(error, RequestValidationError)
    return problem_of(error.errors()).response()


async def refuse_http(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses: unknown routes, methods, unreadable bodies."""
    assert isinstance(error, HTTPException)
    if isinstance(error, BodyTooLarge):
        return error.problem.response()
    name, remedy = OWN_WORDS.get(error.status_code, ("refused", "Open /docs for what routes take."))
    detail = f"{request.method} {request.url.path}: {error.detail}."
    headers = dict(error.headers or {})
    if "Allow" in headers:
        headers["Allow"] = ", ".join(_methods(request)) or headers["Allow"]
    return Problem(error.status_code, name, detail, remedy=remedy).response(headers)


def _methods(request: Request) -> list[str]:
    """Return the methods of a path; the framework knows those of the first route that has it."""
    routes = [route for route in request.app.routes if not isinstance(route, Mount)]
    asked = {method: {**request.scope, "method": method} for method in METHODS}
    return [
        method
        for method, scope in asked.items()
        if any(route.matches(scope)[0] is Match.FULL for route in routes)
    ]


async def say_database_is_away(_request: Request, error: Exception) -> Response:
    """Answer 503 while the database cannot be reached; the client shall come again."""
    LOG.warning("The database could not be reached.", exc_info=error)
    return Problem(
        503,
        "database-away",
        "The service cannot reach its database.",
        remedy=f"Repeat the request after {RETRY_AFTER_S} s; nothing was changed by this one.",
    ).response({"Retry-After": str(RETRY_AFTER_S)})


async def let_go(_request: Request, _error: Exception) -> Response:
    """End a request whose client went away while it sent; nobody reads the answer."""
    return Response(status_code=400)


async def answer_database_error(request: Request, error: Exception) -> Response:
    """Tell a lost connection, which may come back, from an error of ours."""
    if isinstance(error, AWAY) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return await say_database_is_away(request, error)
    return await confess(request, error)


async def confess(_request: Request, error: Exception) -> Response:
    """Answer an error of ours: the log has the details, the caller may report it."""
    LOG.error("A request failed.", exc_info=error)
    return Problem(
        500,
        "internal-error",
        "The service made an error; its log has the details.",
        remedy="Repeat the request once; if it fails again, report it with the log.",
        # Made outside of the middlewares, one of which adds the header to all other answers.
    ).response({"X-Request-ID": logs.request_id() or ""})


def add_error_handlers(app: FastAPI) -> None:
    """Let every answer that is not a success be a problem."""
    app.add_exception_handler(errors.ServiceError, refuse)
    app.add_exception_handler(RequestValidationError, refuse_invalid)
    app.add_exception_handler(HTTPException, refuse_http)
    for away in AWAY:
        app.add_exception_handler(away, say_database_is_away)
    app.add_exception_handler(ClientDisconnect, let_go)
    app.add_exception_handler(DBAPIError, answer_database_error)
    app.add_exception_handler(Exception, confess)
