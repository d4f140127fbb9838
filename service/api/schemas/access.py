"""Keys, projects and sessions on the wire."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from service.api.schemas.body import NAME, Body

RoleName = Literal["admin", "user", "worker", "viewer"]


class KeyCreate(Body):
    """A key to be made."""

    name: str = Field(pattern=NAME, description="Whose it is; for the list.")
    role: RoleName
    project: str | None = Field(
        None, pattern=NAME, description="By default the project of the key that asks."
    )


class KeyOut(BaseModel):
    """A key without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    role: RoleName
    project: str
    created_at: datetime
    used_at: datetime | None = Field(description="To the minute.")
    revoked_at: datetime | None


class KeyCreated(KeyOut):
    """A key that was just made."""

    key: str = Field(description="The whole key. It is shown this once.")


class KeyList(BaseModel):
    """Some keys that the caller administers, oldest first, and the cursor of the next page."""

    items: list[KeyOut]
    next: str | None


class ProjectCreate(Body):
    """A project to be made."""

    name: str = Field(pattern=NAME)


class ProjectOut(BaseModel):
    """A name space of studies, workers and keys."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    created_at: datetime


class ProjectList(BaseModel):
    """Every project that the caller administers."""

    items: list[ProjectOut]


class SignIn(Body):
    """A key in exchange for a session."""

    key: str = Field(min_length=1, max_length=200)


class SessionOut(BaseModel):
    """Who the caller is."""

    role: RoleName
    project: str
    name: str | None = Field(description="Of the key; null on a server that asks for none.")
    key_id: str | None
    by_cookie: bool = Field(
        description="Whether a cookie brought it, which DELETE /session takes away."
    )
