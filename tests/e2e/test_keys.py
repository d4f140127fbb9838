"""A server as `make up` starts it: with keys from a file, and a worker that has its own."""

from pathlib import Path

import psutil
import pytest

from service import bootstrap
from tests.e2e.conftest import Site, until
from tests.e2e.test_lineage import announced
from tinyfront import Client, Cnn, NotAllowed, minimize


def keys_of(folder: Path) -> dict[str, str]:
    path = folder / ".env"
    bootstrap.write_env(path)
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_a_worker_with_a_key_trains_and_nothing_shows_the_keys(
    sqlite_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, keys = sqlite_site, keys_of(tmp_path)
    for name, text in keys.items():
        monkeypatch.setenv(name, text)
    admin, workers = keys.values()
    monkeypatch.setenv("TINYFRONT_API_KEY", admin)
    site.start_server()
    monkeypatch.setenv("TINYFRONT_API_KEY", workers)
    site.start_worker()
    with Client(site.url, api_key=workers) as stranger, pytest.raises(NotAllowed):
        list(stranger.studies())
    with Client(site.url, api_key=admin) as client:
        announced(client)
        study = client.create_study(
            "digits",
            space=Cnn(blocks=[1, 1], max_macs=100_000, pruning_scopes=["none"]),
            data="digits",
            objectives=[minimize("error"), minimize("model_size")],
            trials=1,
            training={"epochs": 1},
            designer="random",
        )
        study.wait(progress=False, timeout=90)
        (trial,) = study.trials()
        assert trial.status == "completed"
        assert {path.name for path in trial.download(tmp_path / "found")} == {
            "graph.json",
            "int8.json",
            "int8.safetensors",
            "model.onnx",
            "model.tflite",
            "vectors.safetensors",
            "weights.safetensors",
        }
    secrets = [text.split("_", 2)[2] for text in keys.values()]
    for process in (psutil.Process(started.pid) for started in site.running.values()):
        shown = " ".join(process.cmdline())
        assert not any(secret in shown for secret in secrets)
    logs = "".join((site.folder / f"{name}.log").read_text() for name in site.running)
    assert not any(secret in logs for secret in secrets)


def test_a_worker_without_a_key_ends_and_says_why(
    sqlite_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = keys_of(tmp_path)
    monkeypatch.setenv("TINYFRONT_BOOTSTRAP_ADMIN_KEY", keys["TINYFRONT_BOOTSTRAP_ADMIN_KEY"])
    monkeypatch.setenv("TINYFRONT_API_KEY", keys["TINYFRONT_BOOTSTRAP_ADMIN_KEY"])
    sqlite_site.start_server()
    monkeypatch.delenv("TINYFRONT_API_KEY")
    sqlite_site.start_worker()
    until(lambda: sqlite_site.running["worker"].poll() is not None, "the worker has ended")
    assert sqlite_site.running["worker"].returncode == 4
    assert "This server asks for a key. Set TINYFRONT_API_KEY" in sqlite_site.log("worker")
