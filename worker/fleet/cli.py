"""The command `tinyfront-server fleet`; the imports that cost time wait until it runs."""

import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker import cli

if TYPE_CHECKING:
    from worker.api import Api
    from worker.fleet.berth import Errand
    from worker.fleet.cluster import Cluster
    from worker.fleet.crew import Demand
    from worker.fleet.plan import Plan

FORBIDDEN = 403
ELASTIC_KEY = (
    "--max: a worker's key may not list the studies: name one with --study, or give "
    "TINYFRONT_API_KEY a key of the role user."
)
EXAMPLES = (
    "tinyfront-server fleet --workers 16",
    "tinyfront-server fleet --workers 8 --gpus 0.25 --data-dir data --name crew",
    "tinyfront-server fleet --min 2 --max 40 --address 10.0.0.7:6379 --server http://10.0.0.2:8000",
    "tinyfront-server fleet --address local --workers 2 --study digits",
)


def fleet(  # noqa: PLR0913  as many arguments as the command has options
    *,
    server: Annotated[
        str, typer.Option(envvar="TINYFRONT_URL", help="Address of the server, for all nodes.")
    ] = "http://127.0.0.1:8000",
    address: Annotated[
        str,
        typer.Option(
            help="Of the Ray cluster: HOST:PORT of its head, auto for the one of this machine, "
            "local to start one here.",
        ),
    ] = "auto",
    name: Annotated[
        str | None, typer.Option(help="Of the fleet; its workers are NAME-0, NAME-1 and so on.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="How many, at first; by default --min, or 1.")
    ] = None,
    least: Annotated[
        int | None, typer.Option("--min", min=1, help="Never fewer; by default --workers.")
    ] = None,
    most: Annotated[
        int | None,
        typer.Option("--max", min=1, help="More while trials wait, up to so many."),
    ] = None,
    cpus: Annotated[float, typer.Option(help="Of each worker.")] = 1.0,
    gpus: Annotated[float, typer.Option(help="Of each worker: 0.25 lets four share a GPU.")] = 0.0,
    slots: Annotated[
        int,
        typer.Option(help="So many processes share what one worker has, each with a trial."),
    ] = 1,
    data_dir: Annotated[
        Path | None, typer.Option(help=f"{cli.DATA_DIR_HELP} Each node gets a copy.")
    ] = None,
    study: Annotated[
        str | None, typer.Option(help="Work for this study only, and end with it.")
    ] = None,
    trial_limit_s: Annotated[
        float, typer.Option(min=1.0, help="A training that takes longer is ended and fails.")
    ] = 21_600.0,
    lease_s: Annotated[
        int, typer.Option(min=10, max=604_800, help="As of tinyfront-server worker.")
    ] = 60,
    verify: Annotated[
        bool,
        typer.Option("--verify/--no-verify", help="As of tinyfront-server worker."),
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="An object for each line of the log, on terminals too.")
    ] = False,
) -> None:
    """Run workers on a Ray cluster: placed, replaced when lost, more while trials wait.

    Needs Ray: pip install 'tinyfront-server[ray,worker]', on all nodes. SIGTERM or Ctrl-C hands the
    trials back and ends all workers.
    """
    from worker.fleet.berth import Errand, environment
    from worker.fleet.errors import FleetError
    from worker.fleet.plan import InvalidPlan, Plan

    first = workers or least or 1
    try:
        plan = Plan(
            name=name or cli.own_name(),
            berths=first,
            least=least or min(first, most or first),
            most=most or max(first, least or first),
            cpus=cpus,
            gpus=gpus,
            slots=slots,
        )
    except InvalidPlan as error:
        cli.end(str(error), cli.WRONG_USE)
    if data_dir is not None and not data_dir.is_dir():
        cli.end(f"--data-dir: {data_dir} is no folder.", cli.WRONG_USE)
    cli.set_up_log(as_json)
    # An option goes before the environment, the environment before what is usual.
    log = (
        {**environment(), "TINYFRONT_LOG": "json"}
        if as_json
        else {"TINYFRONT_LOG": "text", **environment()}
    )
    errand = Errand(
        server=server,
        study=study,
        trial_limit_s=trial_limit_s,
        lease_s=lease_s,
        verify=verify,
        environment=log,
    )
    try:
        _run(plan, errand, address, data_dir, show_logs=not as_json)
    except FleetError as error:
        cli.end(str(error), error.code)


def _run(
    plan: "Plan", errand: "Errand", address: str, data_dir: Path | None, show_logs: bool
) -> None:
    from worker.fleet import stock
    from worker.fleet.cluster import Cluster
    from worker.fleet.crew import Crew
    from worker.fleet.plan import room

    api = cli.api_of(errand.server)
    try:
        _meet(api, plan, errand.study)
        cluster = Cluster.opened(address, show_logs)
        try:
            stopping = cli.stopped_by_signals()  # after Ray, which sets handlers of its own
            _check_reach(cluster, errand.server)
            room(cluster.nodes(), plan)
            items = [] if data_dir is None else stock.packed(data_dir, cluster.keep)
            errand = replace(errand, versions={"ray": cluster.version})
            demand = partial(_demand, api, plan, errand.study)
            Crew(plan, errand, items, cluster, demand, stopping).run()
        finally:
            cluster.close()
    finally:
        api.close()


def _meet(api: "Api", plan: "Plan", study: str | None) -> None:
    """Find out here, once, whether the server is there and lets these workers work."""
    from worker.errors import Refused, ServerAway
    from worker.loop import FIRST_ANSWER_S
    from worker.patience import Patience

    def ask() -> None:
        if plan.least < plan.most or study is not None:
            _demand(api, plan, study)
        else:
            api.busy(plan.name)

    try:
        Patience(threading.Event(), FIRST_ANSWER_S).persist(ask)
    except ServerAway as away:
        cli.end(f"{away} {cli.NO_SERVER}", cli.AWAY)
    except Refused as refused:
        if refused.status == FORBIDDEN and study is None and plan.least < plan.most:
            cli.end(ELASTIC_KEY, cli.NOT_ALLOWED)
        cli.end(str(refused), cli.NOT_ALLOWED if refused.bars else cli.FAILED)


def _demand(api: "Api", plan: "Plan", study: str | None) -> "Demand":
    from worker.fleet.crew import Demand

    own = {name for number in range(plan.most) for name in plan.workers(number)}
    return Demand(api.waiting(study), frozenset(api.busy(f"{plan.name}-") & own))


def _check_reach(cluster: "Cluster", server: str) -> None:
    """An address of this machine alone is no address for the others.

    Raises:
        NotAllNodes: there are others.
    """
    import httpx

    from worker.api import LOOPBACK
    from worker.fleet.errors import NotAllNodes

    others = sorted({n.name for n in cluster.nodes() if n.address != cluster.own_address})
    if others and httpx.URL(server).host in LOOPBACK:
        raise NotAllNodes(
            f"--server: {server} is this machine alone, and the cluster has {', '.join(others)}, "
            "too: give the server an address that all nodes reach."
        )
