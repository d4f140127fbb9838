"""A Ray cluster on this machine, for tests of fleets; it always ends with them."""

import os
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import site, sqlite_site

__all__ = ["site", "sqlite_site"]

# Read by Ray when it is imported, and by all that it starts: nobody else may use the cluster.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))

NODE_BYTES = 80 << 20  # of a node's object store, the least that Ray takes
# A node that is gone is missed within a second or two, not after half a minute.
HEALTH = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 1000,
    "health_check_failure_threshold": 5,
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A head node with two processors; tests add others. Data and logs stay off the home folder."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        yield from _running()


def _running() -> Iterator[Any]:
    from ray import cluster_utils  # reads the environment above

    head = {"num_cpus": 2, "include_dashboard": False, "object_store_memory": NODE_BYTES}
    running = cluster_utils.Cluster(
        initialize_head=True, head_node_args={**head, "_system_config": HEALTH}
    )
    try:
        yield running
    finally:
        running.shutdown()
