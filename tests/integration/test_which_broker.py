# SPDX-License-Identifier: Apache-2.0
"""Which broker status and timeline ask, with which program, and what they make of one that does not answer."""
import json
import os
import signal
import socket
import struct

import jsonschema
import pytest
import up_driver
from muster_testing import REPOSITORY, plain_environment, program, real_flux

STATUS = json.loads((REPOSITORY / "tests" / "data" / "schema" / "status.schema.json").read_text())


@pytest.fixture
def start(bench):
    """Starts an instance of `muster up`; the directories of its pods, rank by rank."""
    with up_driver.place() as place:
        started = []

        def start(size, flux="none"):
            up = bench.start(program("muster"), "up", "-n", size, "--flux", flux, "--dir", place, env=plain_environment())
            started.append(up)
            up.wait_for("muster: ready: ")
            return [next(place.glob(f"*/pods/{rank}")) for rank in range(size)]
        yield start
        for up in started:
            up.signal(signal.SIGTERM)
            up.wait()


@pytest.fixture
def no_flux():
    """Variables of a shell that has no flux."""
    return {"PATH": "/usr/bin:/bin"}


def uri(pod):
    return f"local://{pod}/run/local"


def broker_of(pod):
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(str(pod / "run" / "local"))
        return struct.unpack("iII", asked.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]


@pytest.mark.parametrize("command", [["status"], ["timeline"]])
def test_the_variable_of_flux_names_the_broker(bench, start, no_flux, command):
    pods = start(2)
    done = bench.muster(*command, env={**no_flux, "FLUX_URI": uri(pods[1])})
    assert done.code == 0 and "up-1" in done.out, done
    # A directory that is given wins, by flag or by variable.
    for words, more in ((["--dir", pods[1]], {}), ([], {"MUSTER_DIR": pods[1]})):
        done = bench.muster(*command, *words, env={**no_flux, "FLUX_URI": "local:///nowhere/local", **more})
        assert done.code == 0 and "up-1" in done.out, done


@pytest.mark.parametrize("command", [["status"], ["timeline"]])
def test_a_broker_that_is_not_there_is_named_as_it_was_given(bench, no_flux, command):
    for words, more in ((["--dir", "/nowhere/m"], {"FLUX_URI": "local:///else/run/local"}),
                        ([], {"FLUX_URI": "local:///nowhere/m/run/local"})):
        done = bench.muster(*command, *words, env={**no_flux, **more})
        assert done.code == 69 and "/nowhere/m" in done.err and "/else" not in done.err, done


def test_a_broker_elsewhere_is_not_looked_at(bench):
    done = bench.muster("status", env={"FLUX_URI": "ssh://host/run/local"})
    assert done.code == 64 and "FLUX_URI is 'ssh://host/run/local'" in done.err and "--dir" in done.err, done


@pytest.mark.parametrize("flux", [[], ["--flux", "/bin/false"]])
def test_the_rehearsal_answers_for_its_own_broker(bench, start, no_flux, flux):
    """Whatever flux there is, or is not: it could not."""
    (pod,) = start(1)
    settings = ["--dir", pod, "--hosts", "up-0", "--rank", "0", *flux]
    for command in (["status"], ["check"], ["probe", "startup"], ["probe", "ready"], ["probe", "live"], ["timeline"]):
        done = bench.muster(*command, *settings, env=no_flux)
        assert done.code == 0, done
    assert "the broker answers" in bench.muster("probe", "live", *settings, env=no_flux).out


@pytest.mark.skipif(not real_flux(), reason="needs a real flux")
def test_flux_answers_for_its_own_broker(bench, start, no_flux):
    """Also where the settings say that it is the rehearsal; and where no flux is found, it is said which it was."""
    (pod,) = start(1, real_flux())
    in_path = {"PATH": f"{os.path.dirname(real_flux())}:/usr/bin:/bin"}
    for command in ("status", "timeline"):
        done = bench.muster(command, "--flux", "none", "--dir", pod, env=in_path)
        assert done.code == 0 and "up-0" in done.out, done
        done = bench.muster(command, "--dir", pod, env=no_flux)
        assert done.code == 127 and f"--flux {real_flux()}" in done.err, done


def test_of_a_broker_that_hangs_the_others_are_shown(bench, start, tmp_path, flux):
    pods = start(3, flux)
    hangs = broker_of(pods[1])
    os.kill(hangs, signal.SIGSTOP)
    try:
        settings = ["--for=3s", "--dir", pods[0], "--flux", flux]
        waits = "muster: info: waiting since 1 s for brokers that have not answered, 3 s at most (--for)"
        sentence = "rank 1 (up-1) did not answer in 3 s, though it is online"
        done = bench.muster("timeline", "--out", tmp_path / "t.html", *settings)
        assert done.code == 69 and f"muster: error: timeline: {sentence}" in done.err, done
        assert done.err.splitlines()[0] == waits, done
        assert sentence in (tmp_path / "t.html").read_text()
        done = bench.muster("timeline", *settings)
        assert done.code == 69 and "up-2" in done.out and "rank 1 (up-1) did not answer" in " ".join(done.out.split()), done
        done = bench.muster("timeline", "--json", *settings)
        found = json.loads(done.out)
        assert (done.code, found["code"]) == (69, 69) and found["error"].startswith(sentence), done
        assert [row["rank"] for row in found["ranks"]] == [0, 2] and found["notes"] == [found["error"]]
        done = bench.muster("status", *settings)
        assert done.code == 69 and "up-2" in done.out and done.err.splitlines()[0] == waits and sentence in done.err, done
        done = bench.muster("status", "--json", *settings)
        jsonschema.validate(json.loads(done.out), STATUS)
        assert done.code == 69 and json.loads(done.out)["error"] == found["error"], done
    finally:
        os.kill(hangs, signal.SIGCONT)
    assert bench.muster("timeline", "--dir", pods[0], "--flux", flux).code == 0
