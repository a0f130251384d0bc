# SPDX-License-Identifier: Apache-2.0
"""An instance of muster in pods: the fixture `instance`."""
import contextlib

import pods as pods_module
import pytest
from instance import Instance
from pods import ARBITRARY_UID, Cluster


@pytest.fixture
def instance(cluster, bench):
    return Instance(cluster, bench)


@pytest.fixture
def make_instance(output, tmp_path, bench):
    """make_instance(families="6", ...): an instance in a cluster of that kind."""
    if reason := pods_module.why_not():
        pytest.skip(reason)
    with contextlib.ExitStack() as stack:
        yield lambda **options: Instance(stack.enter_context(Cluster(output, tmp_path / "cluster", **options)), bench)


@pytest.fixture(params=["root", "arbitrary"])
def user(request):
    """As whom pods run: root, or an uid without a passwd entry on a read-only root."""
    return {} if request.param == "root" else {"uid": ARBITRARY_UID, "read_only": True}
