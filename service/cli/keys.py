"""`tinyfront-server keys` and `projects`: who may use a server, beside its database."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from service.cli.commands import command, group
from service.cli.edge import AsJson, ConfigFile, DatabaseUrl, console, opened, say_json
from service.states import Role

if TYPE_CHECKING:
    from service.keys import Listed
    from service.models import Project

keys_app = group("Keys of people and workers.")
projects_app = group("Name spaces of teams.")


@command(
    keys_app,
    "create",
    "tinyfront-server keys create --name me --role admin",
    "tinyfront-server keys create --name crew --role worker --project vision > worker.key",
)
def create_key(
    name: Annotated[str, typer.Option(help="Whose it is; for the list.")],
    role: Annotated[Role, typer.Option(help="What its holder may do.")],
    project: Annotated[str, typer.Option(help="The only project it sees.")] = "default",
    database: DatabaseUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, this once. From then on the server asks for keys."""
    from service import keys

    with opened(database, config) as db, db.begin() as session:
        wanted = keys.Wanted(name, role, project)
        key, text = keys.create(session, wanted, db.now(session))
        made = {"id": key.id, "name": name, "role": role.value, "project": project, "key": text}
    if as_json:
        say_json(made)
        return
    typer.echo(text)
    typer.echo("It is shown this once. Users and workers read it from TINYFRONT_API_KEY.", err=True)


@command(keys_app, "ls", "tinyfront-server keys ls --project vision")
def list_keys(
    project: Annotated[str | None, typer.Option(help="Of this project only.")] = None,
    database: DatabaseUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List the keys, revoked ones too; never their secrets."""
    from service import keys, projects

    with opened(database, config) as db, db.read() as session:
        if project is not None:
            projects.named(session, project)
        found = keys.listing(session, project)
    if as_json:
        say_json([_key(each) for each in found])
        return
    table = Table("id", "name", "role", "project", "created", "last used", "state", box=None)
    for each in found:
        told = _key(each)
        state = "valid" if each.revoked_at is None else f"revoked {told['revoked_at']}"
        table.add_row(
            each.id,
            each.name,
            each.role.value,
            each.project,
            told["created_at"],
            told["used_at"] or "never",
            state,
        )
    console().print(table)


@command(keys_app, "revoke", "tinyfront-server keys revoke 1f2e3d4c5b6a")
def revoke_key(
    key: Annotated[str, typer.Argument(metavar="ID", help="The id, as `keys ls` shows it.")],
    database: DatabaseUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Let a key open nothing any more; servers know within a second."""
    from service import keys

    with opened(database, config) as db, db.begin() as session:
        revoked = keys.revoke(session, key, db.now(session))
        told = {"id": revoked.id, "name": revoked.name, "revoked_at": _time(revoked.revoked_at)}
    if as_json:
        say_json(told)
    else:
        typer.echo(f"The key {told['id']} ({told['name']}) is revoked.")


@command(keys_app, "env", "tinyfront-server keys env .env")
def write_env(
    file: Annotated[Path, typer.Argument(help="For the environment of a server.")] = Path(".env"),
    as_json: AsJson = False,
) -> None:
    """Write a file of fresh keys that a server enters when it starts; one that is there stays."""
    from service import bootstrap

    written = bootstrap.write_env(file)
    if as_json:
        say_json({"file": str(file), "written": written})
    elif written:
        typer.echo(f"{file} holds a key for an administrator and one for workers.", err=True)


@command(projects_app, "create", "tinyfront-server projects create vision")
def create_project(
    name: Annotated[str, typer.Argument(help="Of the project.")],
    database: DatabaseUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a project; nothing if it exists."""
    from service import projects

    with opened(database, config) as db, db.begin() as session:
        project, is_new = projects.create(session, name, db.now(session))
        told = _project(project)
    if as_json:
        say_json(told)
    else:
        typer.echo(f"The project {name} {'is made' if is_new else 'exists'}.")


@command(projects_app, "ls", "tinyfront-server projects ls")
def list_projects(
    database: DatabaseUrl = None, config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """List the projects."""
    from service import projects

    with opened(database, config) as db, db.read() as session:
        found = [_project(each) for each in projects.listing(session)]
    if as_json:
        say_json(found)
        return
    table = Table("name", "created", box=None)
    for each in found:
        table.add_row(each["name"], each["created_at"])
    console().print(table)


def _key(key: "Listed") -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role.value,
        "project": key.project,
        "created_at": _time(key.created_at),
        "used_at": _time(key.used_at),
        "revoked_at": _time(key.revoked_at),
    }


def _project(project: "Project") -> dict[str, Any]:
    return {"name": project.name, "created_at": _time(project.created_at)}


def _time(at: Any) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")
