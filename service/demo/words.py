"""What the demo says: to people, or as an object a line to programs."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import typer
from rich.console import Console
from rich.table import Table

from tinyfront import Front, Study

SIZE, MEMORY = "model_size:deployed", "working_memory:arena"


class Told(Protocol):
    """Where the demo stands."""

    def doing(self, what: str) -> None:
        """Something begins that takes seconds."""

    def page(self, address: str, folder: Path) -> None:
        """The page can be opened."""

    def study(self, study: Study, facts: Mapping[str, Any]) -> None:
        """The study begins."""

    def watch(self, study: Study) -> Front:
        """Wait for the end of the study, and return its front."""

    def end(self, front: Front, report: Mapping[str, Any], path: Path) -> None:
        """This is what came out."""

    def staying(self) -> None:
        """The study has ended; server and page stay."""

    def interrupted(self, folder: Path) -> None:
        """Somebody has ended the demo before its end."""

    def close(self) -> None:
        """Nothing more is said."""


class Words:
    """For people: the page first, then a bar, then a table."""

    def __init__(self) -> None:
        self._status = Console(stderr=True).status("")

    def doing(self, what: str) -> None:
        """Show on a terminal that the demo is not dead."""
        self._status.update(f"{what} …")
        if sys.stderr.isatty():
            self._status.start()

    def page(self, address: str, folder: Path) -> None:
        """Say the address as soon as there is one, so that nobody waits for the end."""
        self.close()
        typer.echo(f"The page: {address}")
        typer.echo(f"Database, logs and report are in {folder}. Ctrl-C ends the demo.")

    def study(self, study: Study, facts: Mapping[str, Any]) -> None:
        """Say what is searched for."""
        self.close()
        typer.echo(_wanted(study, facts))

    def watch(self, study: Study) -> Front:
        """Show a bar, or lines where there is no terminal."""
        study.wait(progress=True)
        return study.front()

    def end(self, front: Front, report: Mapping[str, Any], path: Path) -> None:
        """Print the front."""
        console = Console(highlight=False)
        console.print(_table(front))
        if front:
            best = front.best("error")
            typer.echo(
                f"The most accurate gets {1 - best.values['error']:.2%} of the validation images "
                f"right, with {best.values[SIZE]:,.0f} B of flash and "
                f"{best.values[MEMORY]:,.0f} B of memory."
            )
        else:
            typer.echo("No network kept the limits: let it run longer with --trials.")
        typer.echo(f"It took {report['seconds']:.0f} s. The report: {path}")

    def staying(self) -> None:
        """Say how it ends."""
        typer.echo("The page stays. Ctrl-C ends the demo.")

    def interrupted(self, folder: Path) -> None:
        """Say what is left."""
        self.close()
        typer.echo(
            f"Interrupted; server and worker have ended. What they did is in {folder}.", err=True
        )

    def close(self) -> None:
        """Take the spinner away."""
        self._status.stop()


class Lines:
    """For programs: an object a line, each with the `event` that it is about."""

    def doing(self, what: str) -> None:
        """Keep silent: nothing has happened yet."""

    def page(self, address: str, folder: Path) -> None:
        """Say where page and files are."""
        _say("page", url=address, folder=str(folder))

    def study(self, study: Study, facts: Mapping[str, Any]) -> None:
        """Say what is searched for."""
        _say("study", study=study.state.wire, data=facts)

    def watch(self, study: Study) -> Front:
        """Say each change."""
        finished = -1
        for state in study.watch():
            if state.finished != finished:
                finished = state.finished
                _say("progress", finished=finished, trials=state.trials, best=dict(state.best))
        return study.front()

    def end(self, front: Front, report: Mapping[str, Any], path: Path) -> None:
        """Say what came out."""
        _say("end", report=report, file=str(path))

    def staying(self) -> None:
        """Keep silent: `end` was said."""

    def interrupted(self, folder: Path) -> None:
        """Say that there will be no `end`."""
        _say("interrupted", folder=str(folder))

    def close(self) -> None:
        """Keep silent."""


@contextmanager
def told(as_json: bool) -> Iterator[Told]:
    """Who tells it, to people or to programs."""
    says: Told = Lines() if as_json else Words()
    try:
        yield says
    finally:
        says.close()


def _say(event: str, **more: Any) -> None:
    typer.echo(json.dumps({"event": event, **more}, ensure_ascii=False))


def _wanted(study: Study, facts: Mapping[str, Any]) -> str:
    """What is searched for, in one line."""
    definition = study.state.definition
    shape = " x ".join(map(str, facts["shape"]))
    parts = [
        f"{study.state.trials} networks for {facts['name']}",
        f"{facts['train']:,} samples of {shape} to train on, {facts['classes']} classes",
    ]
    if definition.get("device"):
        parts.append(f"for the board {definition['device']}")
    if epochs := (definition.get("training") or {}).get("epochs"):
        parts.append(f"{epochs} epoch{'' if epochs == 1 else 's'} each")
    return "; ".join(parts) + "."


def _table(front: Front) -> Table:
    table = Table(title=f"The front of {front.study.name}: {len(front)} networks")
    for name in ("trial", "accuracy", "model size", "working memory", "MACs"):
        table.add_column(name, justify="right")
    for trial in front:
        values = trial.values
        table.add_row(
            str(trial.number),
            f"{1 - values['error']:.2%}",
            f"{values[SIZE]:,.0f} B",
            f"{values[MEMORY]:,.0f} B",
            f"{values['macs']:,.0f}",
        )
    return table
