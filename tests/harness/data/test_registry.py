"""Files of others: downloaded once from a real server, and refused if they are not the same."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from heatpump_twin.cache import CACHE_VARIABLE
from heatpump_twin.harness.data.registry import DATA_VARIABLE, Registered, fetch
from heatpump_twin.model.errors import InputError

CONTENT = b"time,P\n0,1\n1,2\n" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(SimpleHTTPRequestHandler):
    """Serves files; one that is named so is cut off in the middle."""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if not self.path.endswith("cut.csv"):
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: len(CONTENT) // 2])
        return None


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server of a folder with files, and an empty cache."""
    served = tmp_path / "served"
    served.mkdir()
    (served / "log.csv").write_bytes(CONTENT)
    (served / "changed.csv").write_bytes(CONTENT.replace(b"2", b"3"))
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(served)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def registered(url: str | None) -> Registered:
    return Registered(sha256=SHA256, licence="MIT", url=url)


def test_a_file_is_downloaded_once(address: str, tmp_path: Path) -> None:
    path = fetch("log.csv", registered(f"{address}/log.csv"), tmp_path)
    assert path.read_bytes() == CONTENT
    (tmp_path / "served" / "log.csv").unlink()
    assert fetch("log.csv", registered(f"{address}/log.csv"), tmp_path) == path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("changed.csv", "is not the registered file: it was cut off or changed"),
        ("cut.csv", "cut off"),
        ("missing.csv", "the server answers 404"),
    ],
)
def test_another_file_is_refused_and_not_kept(
    address: str, tmp_path: Path, name: str, expected: str
) -> None:
    with pytest.raises(InputError, match=expected):
        fetch("log.csv", registered(f"{address}/{name}"), tmp_path)
    assert not list((tmp_path / "cache").rglob("*.csv"))


def test_no_connection_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    # Nobody listens on port 9.
    with pytest.raises(InputError, match=f"no connection; without a network, {DATA_VARIABLE}"):
        fetch("log.csv", registered("http://127.0.0.1:9/log.csv"), tmp_path)
    with pytest.raises(InputError, match="no address of it is known; put it into"):
        fetch("log.csv", registered(None), tmp_path)


def test_offline_files_come_from_the_folder_alone(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv(DATA_VARIABLE, str(folder))
    known = registered(f"{address}/log.csv")
    with pytest.raises(InputError, match=f"is not in .*data, which {DATA_VARIABLE} names"):
        fetch("log.csv", known, tmp_path)
    (folder / "log.csv").write_bytes(CONTENT)
    assert fetch("log.csv", known, tmp_path) == folder / "log.csv"
    (folder / "log.csv").write_bytes(CONTENT[:-1])
    with pytest.raises(InputError, match=r"is not the registered one or was changed: SHA-256"):
        fetch("log.csv", known, tmp_path)


def test_a_file_in_the_folder_of_the_data_set_comes_first(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(CONTENT)
    assert fetch("log.csv", registered(None), tmp_path) == tmp_path / "log.csv"
