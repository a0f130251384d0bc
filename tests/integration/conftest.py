# SPDX-License-Identifier: Apache-2.0
"""Fixtures of several integration tests."""
import agents
import inits
import pytest


@pytest.fixture(params=inits.MODES)
def pod(request, table, tmp_path):
    """muster-init over a fake agent (agents.Pod), once as PID 1 and once as a subreaper."""
    return agents.Pod(table, tmp_path / "pod", request.param)


@pytest.fixture
def one_pod(table, tmp_path):
    """The same as a subreaper only."""
    return agents.Pod(table, tmp_path / "pod")
