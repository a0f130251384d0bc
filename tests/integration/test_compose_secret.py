# SPDX-License-Identifier: Apache-2.0
"""containers/compose/secret where there is no engine, no image, or something else in its files' places."""
import os
import shutil
import stat

import pytest
from muster_testing import REPOSITORY

TOOLS = ["bash", "cat", "chown", "cp", "dirname", "env", "grep", "id", "mv", "rm", "stat", "tar"]


@pytest.fixture
def secret(bench, tmp_path):
    """secret(docker): how the script ended in a directory of its own, where `docker` is this shell text, or missing."""
    place, tools = tmp_path / "compose", tmp_path / "bin"
    place.mkdir()
    tools.mkdir()
    shutil.copy(REPOSITORY / "containers" / "compose" / "secret", place)
    for tool in TOOLS:
        (tools / tool).symlink_to(shutil.which(tool))

    def run(docker=None):
        if docker:
            (tools / "docker").write_text(f"#!{shutil.which('bash')}\n{docker}\n")
            (tools / "docker").chmod(0o755)
        return bench.run(place / "secret", env={"PATH": str(tools)})
    run.place = place
    return run


@pytest.mark.parametrize("docker, sentence", [
    (None, "there is no docker in PATH"),
    ("echo 'Cannot connect to the Docker daemon at unix:///nope. Is the docker daemon running?' >&2; exit 1",
     "the engine does not answer: Cannot connect to the Docker daemon at unix:///nope. Is the docker daemon running?"),
    ("echo '[]'; echo 'Error: No such image: muster' >&2; exit 1", "there is no image muster: make it at the top of the checkout"),
])
def test_it_says_what_is_missing(secret, docker, sentence):
    done = secret(docker)
    assert (done.code, done.err.count("\n")) == (69, 1) and done.err.startswith(f"secret: {sentence}"), done
    assert [path.name for path in secret.place.iterdir()] == ["secret"]


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.touch()], ids=["directory", "empty"])
def test_what_is_no_secret_is_not_taken_for_one(secret, make):
    make(secret.place / "muster.secret")
    done = secret()
    assert done.code == 65 and "no secret: remove it" in done.err, done
    assert not (secret.place / ".env").exists()


def test_a_private_env_stays_private_and_whole(secret):
    (secret.place / "muster.secret").write_text("x")
    env = secret.place / ".env"
    env.write_text("PASSWORD=x\nMUSTER_USER=7:7\n")
    env.chmod(0o600)
    done = secret()
    assert done.code == 0, done
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert env.read_text() == f"PASSWORD=x\nMUSTER_USER={os.getuid()}:{os.getgid()}\n"
    assert sorted(path.name for path in secret.place.iterdir()) == [".env", "muster.secret", "secret"]
