# SPDX-License-Identifier: Apache-2.0
"""The engine and the image, once for all tests of this folder (which one process runs)."""
import engine as engines
import image
import pytest


@pytest.fixture(scope="session")
def docker():
    with engines.engine() as made:
        image.build(made)
        yield made


def pytest_collection_modifyitems(items):
    """The first test waits for the image to be built."""
    for item in items:
        if item.path.parent.name == "compose":
            item.add_marker(pytest.mark.timeout(1800))
