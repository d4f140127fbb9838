"""Who may call what: one table for all routes under /api/v1; what is not in it is closed."""

from collections.abc import Mapping

from service.states import Role

ADMIN, USER, WORKER, VIEWER = Role.ADMIN, Role.USER, Role.WORKER, Role.VIEWER

ADMINS = frozenset({ADMIN})
USERS = frozenset({ADMIN, USER})
TRAINS = frozenset({ADMIN, USER, WORKER})
READS = frozenset({ADMIN, USER, VIEWER})
ALL = frozenset(Role)

# A sign-in brings its key, a sign-out needs none.
PUBLIC = frozenset({("POST", "/session"), ("DELETE", "/session")})

MAY: Mapping[tuple[str, str], frozenset[Role]] = {
    ("GET", "/session"): ALL,
    # Administration.
    ("GET", "/keys"): ADMINS,
    ("POST", "/keys"): ADMINS,
    ("DELETE", "/keys/{key_id}"): ADMINS,
    ("GET", "/projects"): ADMINS,
    ("POST", "/projects"): ADMINS,
    # What a user decides.
    ("POST", "/studies"): USERS,
    ("POST", "/studies/import"): USERS,
    ("PATCH", "/studies/{study}"): USERS,
    ("DELETE", "/studies/{study}"): USERS,
    ("POST", "/studies/{study}/trials"): USERS,
    ("POST", "/studies/{study}/confirm"): USERS,
    ("POST", "/trials/{trial_id}/cancel"): USERS,
    # What a worker does; a user's own loop is one, too.
    ("POST", "/leases"): TRAINS,
    ("POST", "/studies/{study}/leases"): TRAINS,
    ("POST", "/trials/{trial_id}/renew"): TRAINS,
    ("POST", "/trials/{trial_id}/reports"): TRAINS,
    ("POST", "/trials/{trial_id}/complete"): TRAINS,
    ("POST", "/trials/{trial_id}/fail"): TRAINS,
    ("POST", "/trials/{trial_id}/release"): TRAINS,
    ("PUT", "/attempts/{attempt_id}/artefacts/{name}"): TRAINS,
    ("PUT", "/trials/{trial_id}/verification"): TRAINS,
    ("PUT", "/workers/{name}"): TRAINS,
    ("PUT", "/workers/{name}/log"): TRAINS,
    # What a worker reads: whether its study has ended, the files of parents, what to verify.
    ("GET", "/studies/{study}"): ALL,
    ("GET", "/trials/{trial_id}/artefacts"): ALL,
    ("GET", "/trials/{trial_id}/artefacts/{name}"): ALL,
    ("GET", "/trials/{trial_id}/verification"): ALL,
    ("GET", "/workers"): ALL,
    ("GET", "/workers/{name}"): ALL,
    ("GET", "/workers/{name}/log"): ALL,
    ("GET", "/data"): ALL,
    ("GET", "/devices"): ALL,
    # What people look at.
    ("GET", "/studies"): READS,
    ("GET", "/fronts"): READS,
    ("GET", "/events"): READS,
    ("GET", "/studies/{study}/trials"): READS,
    ("GET", "/studies/{study}/confirmed"): READS,
    ("GET", "/studies/{study}/front"): READS,
    ("GET", "/studies/{study}/hypervolume"): READS,
    ("GET", "/studies/{study}/points"): READS,
    ("GET", "/studies/{study}/export"): READS,
    ("GET", "/studies/{study}/events"): READS,
    ("GET", "/studies/{study}/figures/front"): READS,
    ("GET", "/studies/{study}/figures/front3d"): READS,
    ("GET", "/studies/{study}/figures/hypervolume"): READS,
    ("GET", "/studies/{study}/figures/prediction"): READS,
    ("GET", "/studies/{study}/figures/thinking"): READS,
    ("GET", "/studies/{study}/figures/importance"): READS,
    ("GET", "/studies/{study}/figures/parallel"): READS,
    ("GET", "/studies/{study}/figures/timeline"): READS,
    ("GET", "/studies/{study}/importance"): READS,
    ("GET", "/figures/hypervolume"): READS,
    ("GET", "/trials/{trial_id}"): READS,
    ("GET", "/trials/{trial_id}/figures/learning"): READS,
    ("GET", "/trials/{trial_id}/figures/memory"): READS,
    ("GET", "/trials/{trial_id}/lineage"): READS,
    ("GET", "/trials/{trial_id}/network"): READS,
}
