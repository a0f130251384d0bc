# SPDX-License-Identifier: Apache-2.0
"""Fixtures of all Python tests. tests/run sets MUSTER_BIN, MUSTER_TEST_OUTPUT and MUSTER_TEST_FLUX."""
import os
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))

import inits  # noqa: E402
import muster_testing  # noqa: E402
import pods  # noqa: E402
import secret_scan  # noqa: E402


def pytest_configure(config):
    # A shell starts background commands with the first two ignored, nohup the third, and what is ignored stays so over
    # exec: every pod of ours would be deaf to them.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    config.addinivalue_line("markers", "slow: left out by tests/run --quick")
    config.addinivalue_line("markers", "asan: also run with the asan preset's programs")
    if not hasattr(config.option, "timeout") or config.option.timeout is None:
        config.option.timeout = 300


@pytest.fixture
def output(request, tmp_path):
    """This test's directory for outputs. When the test ends, what lies there is searched for every certificate and
    shared secret below tmp_path, and for what remember_secrets() kept; and for what a sanitizer said."""
    directory = muster_testing.directory_of(request)
    muster_testing.REMEMBERED.clear()
    yield directory
    secrets = secret_scan.secrets_under(tmp_path)
    secrets += [secret_scan.secret_of(text, "a remembered file") for text in muster_testing.REMEMBERED]
    secrets = [secret for secret in secrets if secret]
    findings = secret_scan.Scanner(secrets).scan(directory) if secrets else []
    assert not findings, "a secret was shown:\n" + "\n".join(map(str, findings))
    assert not (said := muster_testing.sanitizer_reports(directory)), said


@pytest.fixture
def bench(output):
    """Starts processes and ends them (muster_testing.Bench)."""
    bench = muster_testing.Bench(output)
    yield bench
    bench.close()


@pytest.fixture
def cluster(output, tmp_path):
    """A network with a name server for pods (pods.Cluster)."""
    reason = pods.why_not()
    if reason:
        pytest.skip(reason)
    with pods.Cluster(output, tmp_path / "cluster") as made:
        yield made


def flux_of(kind):
    """The program `flux` of a kind of broker: a path, or "none" for the rehearsal. Skips where there is none."""
    if kind == "rehearsal":
        return "none"
    flux = muster_testing.real_flux()
    if not flux:
        pytest.skip("no real flux: tests/run --flux DIR names one")
    return flux


@pytest.fixture(params=["rehearsal", "flux"])
def flux(request):
    """MUSTER_FLUX for the test, which runs once with the rehearsal and once with real Flux where there is one."""
    return flux_of(request.param)


@pytest.fixture
def table(output):
    """Starts muster-init, tini and catatonit (inits.Table); nothing that they started outlives the test."""
    with inits.table(output) as made:
        yield made
