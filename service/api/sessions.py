"""Sessions: a key for a cookie, so that the page in a browser need not keep the key."""

from fastapi import APIRouter, Request, Response

from service import cookies
from service.api.access import address_of
from service.api.parts import CallerDep, PartsDep
from service.api.schemas.access import SessionOut, SignIn
from service.keyring import Caller

router = APIRouter(prefix="/session", tags=["access"])


@router.post("", status_code=201)
async def begin(body: SignIn, parts: PartsDep, request: Request, response: Response) -> SessionOut:
    """Sign in: the cookie lasts two weeks, or until the key is revoked."""
    caller, text = await parts.door.sign_in(body.key, address_of(request))
    response.set_cookie(
        cookies.NAME,
        text,
        max_age=cookies.LIFE_S,
        httponly=True,  # no script reads it
        samesite="strict",  # no other site makes a browser send it
        secure=request.url.scheme == "https",
    )
    return _shown(caller)


@router.get("")
async def read(caller: CallerDep) -> SessionOut:
    """Tell whose key or session this is, and what it may do."""
    return _shown(caller)


@router.delete("", status_code=204)
async def end(response: Response, request: Request) -> None:
    """Sign out: the browser forgets its cookie; nothing if nobody was signed in."""
    response.delete_cookie(
        cookies.NAME, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )


def _shown(caller: Caller) -> SessionOut:
    return SessionOut(
        role=caller.role.value,
        project=caller.project,
        name=caller.name,
        key_id=caller.key_id,
        by_cookie=caller.by_cookie,
    )
