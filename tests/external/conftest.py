"""Servers that the tests of this folder need: found, or the tests skip and say how to get them."""

import re
import shutil
import subprocess

import pytest

#: Everything in one folder, on loopback, at a port that the system chooses.
CONFIG = """\
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:0"
  log-enabled = false
  auth-enabled = {auth}
  max-row-limit = 10000
[monitor]
  store-enabled = false
"""


@pytest.fixture(scope="session")
def start_influxdb(tmp_path_factory):
    """Return a function that starts influxd and returns its port; all are stopped at the end."""
    program = shutil.which("influxd")
    version = (
        program and subprocess.run([program, "version"], capture_output=True, text=True).stdout
    )
    if not version or " v1." not in version:
        pytest.skip("influxd 1.x is not there; on Debian: apt-get install influxdb")
    processes = []

    def start(*, auth=False):
        folder = tmp_path_factory.mktemp("influxdb")
        config = folder / "influxdb.conf"
        config.write_text(CONFIG.format(folder=folder, auth=str(auth).lower()))
        process = subprocess.Popen(
            [program, "-config", config],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={"HOME": str(folder)},
        )
        processes.append(process)
        log = []
        for line in process.stderr:
            log.append(line)
            if 'msg="Listening on HTTP"' in line:
                return int(re.search(r"addr=\S+:(\d+)", line)[1])
        raise AssertionError(f"influxd did not start:\n{''.join(log)}")

    yield start
    for process in processes:
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture(scope="session")
def influxdb_port(start_influxdb):
    """Return the port of an InfluxDB 1.x that asks for no password."""
    return start_influxdb()
