"""What a command cannot do; the message says what to run instead. No request ever sees it."""


class CommandFailed(Exception):
    """A command cannot do its work. The message says what to do; no request ever sees it."""


class NotReplayable(CommandFailed):
    """A trial whose proposal cannot be made again."""

    def __init__(self, trial_id: int, reason: str) -> None:
        super().__init__(f"Trial {trial_id} cannot be replayed: {reason}")


class NoModel(CommandFailed):
    """A study with too few results for a model."""

    def __init__(self, study: str, completed: int, needed: int) -> None:
        super().__init__(
            f"Study {study!r} has no model yet: {completed} trials are completed, a model needs "
            f"the {needed} of the initial design. Run more trials."
        )


class NoKeys(CommandFailed):
    """A server that others can reach, without a key."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"host: {host!r} can be reached from other machines, but there are no keys, so whoever "
            "comes might do anything. Make one first: tinyfront-server keys create --name me "
            "--role admin. Or listen on 127.0.0.1 and use a tunnel, such as ssh -L."
        )


class BootstrapKeyTaken(CommandFailed):
    """A bootstrap key whose id another key has."""

    def __init__(self, variable: str) -> None:
        super().__init__(
            f"{variable}: the database holds another key of the same id, or of another role. Give "
            "each variable a key of its own, as `make .env` writes them."
        )


class DatabaseUrlInvalid(CommandFailed):
    """Neither SQLite in a file nor PostgreSQL."""

    def __init__(self, kind: str | None) -> None:
        # What cannot be read may hold a password anywhere.
        found = "what is not shown, as it may hold a password" if kind is None else f"{kind}://…"
        super().__init__(
            "database_url: need sqlite:///FILE or postgresql://HOST/NAME, got "
            f"{found}. Correct TINYFRONT_DATABASE_URL or --database; in a user's name and password "
            "write @ as %40 and / as %2F."
        )


class DatabaseEmpty(CommandFailed):
    """No tables yet."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"The database {url} has no tables yet. "
            f"Run: tinyfront-server db upgrade --database {url}"
        )


class DatabaseOutdated(CommandFailed):
    """The tables are older than this server."""

    def __init__(self, url: str, revision: str, wanted: str) -> None:
        super().__init__(
            f"The database {url} is at revision {revision}, this server needs {wanted}. "
            f"Run: tinyfront-server db upgrade --database {url}"
        )


class DatabaseTooNew(CommandFailed):
    """The tables no longer serve a server this old."""

    def __init__(self, url: str, oldest: str, version: str) -> None:
        super().__init__(
            f"The database {url} needs a server of version {oldest} or later, this is {version}. "
            f"Run: pip install --upgrade 'tinyfront-server>={oldest}'"
        )


class DatabaseForeign(CommandFailed):
    """The database belongs to another program."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"The database {url} holds tables of another program and none of Tinyfront. "
            "Give Tinyfront a database of its own, then run: "
            "tinyfront-server db upgrade --database URL"
        )


class DatabaseInUse(CommandFailed):
    """Another server writes this SQLite file."""

    def __init__(self, path: str, holder: str) -> None:
        super().__init__(
            f"{path} is used by another server (process {holder}). SQLite takes one server: stop "
            "that one, choose another file, or use PostgreSQL."
        )


class StoreUnusable(CommandFailed):
    """An artefact store that does not take or give files."""

    def __init__(self, url: str, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"artefact_url: {url} cannot be used: {reason}. Name a folder that this user may "
            "write, or an address that fsspec opens (--artefacts or TINYFRONT_ARTEFACT_URL)."
        )


class HostInvalid(CommandFailed):
    """A host that is no address of this machine."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(
            f"host: {host!r} is no address of this machine ({reason}). Choose another with --host, "
            "such as 127.0.0.1."
        )


class PortTaken(CommandFailed):
    """A port that this process does not get."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"port: {port} on {host} is not free ({reason}). Choose another with --port."
        )


class ConfigUnreadable(CommandFailed):
    """The file of settings cannot be read."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"The settings in {path} cannot be read: {reason}. It has to be TOML, such as "
            'database_url = "postgresql://HOST/NAME".'
        )


class UnknownSetting(CommandFailed):
    """Nothing has this name."""

    def __init__(self, name: str, source: str, nearest: str) -> None:
        super().__init__(
            f"{name}: {source} sets this, but there is no such setting. Did you mean {nearest}? "
            "docs/operation.md lists all."
        )


class InvalidSetting(CommandFailed):
    """A setting has a value that it cannot have."""

    def __init__(self, name: str, need: str, value: str, source: str) -> None:
        super().__init__(
            f"{name}: {need}, got {value} from {source}. Correct it there; docs/operation.md "
            "lists all settings."
        )


class OneProcessOnly(CommandFailed):
    """SQLite takes one process that writes."""

    def __init__(self, processes: int) -> None:
        super().__init__(
            f"processes: need 1 on SQLite, got {processes}: it takes one process that writes. Use "
            "PostgreSQL for more (--database postgresql://HOST/NAME)."
        )


class TablesInUse(CommandFailed):
    """The tables could not be upgraded beside the requests of running servers."""

    def __init__(self, tries: int) -> None:
        super().__init__(
            f"The tables are in use: the upgrade had to give way to requests {tries} times. "
            "Nothing was changed. Run it again when there is less to do, or stop the servers first."
        )


class BackupFailed(CommandFailed):
    """No copy was made."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"No backup was written: {reason}")


class DemoDataMissing(CommandFailed):
    """A data set that the demo does not get."""

    def __init__(self, data: str, reason: str) -> None:
        super().__init__(
            f"data: {data!r} cannot be used: {reason} Name digits, a .npz file with x_train, "
            "y_train, x_test and y_test, a folder with one, or a set of openml.org such as fashion."
        )
