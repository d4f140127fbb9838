import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from resource_models.graph import Graph
from resource_models.weights import weights
from tests.deploy import networks
from tests.worker.samples import EVERYTHING
from worker.deploy import tflm
from worker.deploy.errors import RuntimeRefused
from worker.deploy.scales import is_long_sum
from worker.deploy.simulate import Simulation
from worker.deploy.tflite.plan import head_bytes, plan_file
from worker.deploy.tflite.writer import tflite_file
from worker.deploy.tflm import Limits, run, run_all

SMALL = networks.drawn_int8(networks.ENDS_FLAT)
MODEL, SAMPLES = tflite_file(SMALL), networks.bytes_for(SMALL.graph).numpy()


def check(graphs: list[Graph], bits: int = 8) -> None:
    """Answers equal to the byte, and an arena equal to the plan."""
    records = [networks.drawn_int8(graph, seed, bits) for seed, graph in enumerate(graphs)]
    samples = [networks.bytes_for(graph, 8, seed) for seed, graph in enumerate(graphs)]
    jobs = [(tflite_file(record), x.numpy()) for record, x in zip(records, samples, strict=True)]
    for record, x, found in zip(records, samples, run_all(jobs), strict=True):
        assert np.array_equal(found.answers, Simulation(record).run(x).numpy())
        arena_bytes = plan_file(record.graph, bits).arena_bytes
        assert head_bytes(record.graph, bits) <= found.head_bytes <= arena_bytes
        if bits == 8 and not any(map(is_long_sum, record.graph.nodes)):
            assert found.head_bytes == head_bytes(record.graph)
        assert found.total_bytes >= found.head_bytes + found.tail_bytes


@pytest.mark.parametrize("name", networks.SPACES)
def test_networks_of_the_spaces_run_in_tflm_bit_by_bit_as_simulated(name: str) -> None:
    check(networks.sampled(name, 10, seed=2))


def test_every_kind_of_node_runs_in_tflm_bit_by_bit_as_simulated() -> None:
    own = [EVERYTHING, networks.LONG_SUMS, networks.SHARED, networks.ENDS_FLAT]
    check([graph for graph in own for _ in range(3)])


def test_weights_of_4_bits_run_in_tflm_bit_by_bit_as_simulated() -> None:
    own = [EVERYTHING, networks.LONG_SUMS, networks.SHARED, networks.OVER]
    drawn = [graph for name in networks.SPACES for graph in networks.sampled(name, 3, seed=2)]
    check([*own, *drawn], bits=4)
    eight, four = (tflite_file(networks.drawn_int8(networks.OVER, 0, bits)) for bits in (8, 4))
    kernels = sum(part.kernel for part in weights(networks.OVER).values())
    # But for the 16 bytes at which buffers begin.
    saved = len(eight) - len(four)
    assert saved == pytest.approx(kernels / 2, abs=16 * len(weights(networks.OVER)))


def test_the_report_names_the_version() -> None:
    assert run(MODEL, SAMPLES).version == tflm.installed() is not None


@pytest.mark.parametrize(
    ("model", "need"),
    [
        (b"", "tflm.0: the runtime"),
        (b"\0" * 64, "tflm.0: the runtime"),
        (MODEL[:200], "tflm.0: the runtime"),
    ],
)
def test_a_file_that_is_none_is_refused_and_nothing_else_dies(model: bytes, need: str) -> None:
    with pytest.raises(RuntimeRefused) as error:
        run(model, SAMPLES)
    assert need in str(error.value)


def test_the_file_that_fails_is_named() -> None:
    with pytest.raises(RuntimeRefused, match=r"tflm\.1: the runtime"):
        run_all([(MODEL, SAMPLES), (MODEL, SAMPLES[:, :1]), (MODEL, SAMPLES)])


def test_an_arena_that_is_too_small_is_refused() -> None:
    with pytest.raises(RuntimeRefused, match="the runtime"):
        run(MODEL, SAMPLES, Limits(arena_bytes=512))


def test_it_ends_when_its_time_is_over() -> None:
    many = np.repeat(SAMPLES, 200_000, 0)
    start = time.monotonic()
    with pytest.raises(RuntimeRefused, match=r"no answer within 1 s|SIGXCPU|SIGKILL"):
        run(MODEL, many, Limits(seconds=1))
    assert time.monotonic() - start < 30


def test_memory_is_limited() -> None:
    with pytest.raises(RuntimeRefused, match="the runtime"):
        run(MODEL, SAMPLES, Limits(memory_bytes=32 * tflm.MIB))


def test_it_needs_samples_of_int8() -> None:
    with pytest.raises(RuntimeRefused, match=r"tflm\.0: need at least one sample, of int8"):
        run(MODEL, SAMPLES[:0])


def test_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tflm, "PACKAGE", "no-such-package")
    with pytest.raises(RuntimeRefused, match="need tflite-micro: pip install"):
        run(MODEL, SAMPLES)


def test_the_process_gets_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def noted(command: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
        seen.update(options)
        return subprocess.CompletedProcess(command, 1, stderr=b"enough")

    monkeypatch.setenv("TINYFRONT_API_KEY", "secret")
    monkeypatch.setattr(subprocess, "run", noted)
    with pytest.raises(RuntimeRefused, match="enough"):
        run(MODEL, SAMPLES)
    assert "secret" not in str(seen["env"])
    assert not Path(str(seen["cwd"])).exists()  # the scratch folder went with the failure


def test_writing_a_file_loads_no_interpreter() -> None:
    code = "import worker.deploy.tflite.writer, sys; print('tflite_micro' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert done.stdout.strip() == b"False"
