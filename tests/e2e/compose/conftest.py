# SPDX-License-Identifier: Apache-2.0
"""The engine and the image, once for all tests of this folder (which one process runs)."""
import engine as engines
import pytest


@pytest.fixture(scope="session")
def docker():
    with engines.engine() as made:
        engines.build(made)
        yield made
