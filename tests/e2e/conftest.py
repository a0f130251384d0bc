# SPDX-License-Identifier: Apache-2.0
"""An instance of muster in pods: the fixture `instance`."""
import pytest
from instance import Instance
from pods import ARBITRARY_UID


@pytest.fixture
def instance(cluster, bench):
    return Instance(cluster, bench)


@pytest.fixture(params=["root", "arbitrary"])
def user(request):
    """As whom pods run: root, or an uid without a passwd entry on a read-only root."""
    return {} if request.param == "root" else {"uid": ARBITRARY_UID, "read_only": True}
