# SPDX-License-Identifier: Apache-2.0
"""The pods of tests/support/pods.py are what they say: checked with nothing of muster's in them."""
import os
import signal
import subprocess
import sys
import textwrap
import time

import pods
import pytest
from muster_testing import wait_until

FOREVER = ["sh", "-c", "echo up; trap 'exit 7' TERM; sleep 1000 & wait"]


def test_a_pod_has_a_hostname_an_address_and_names_of_its_peers(cluster):
    first, second = cluster.pod(0, FOREVER), cluster.pod(1, FOREVER)
    cluster.start([first, second])
    assert first.exec("hostname").out == "pod-0\n"
    assert first.exec("getent", "hosts", "pod-1.muster.lab.svc.cluster.test.").out.split()[0] == second.address
    assert first.exec("getent", "ahostsv4", "pod-1.muster").out.split()[0] == second.address
    assert second.exec("printenv", "JOB_COMPLETION_INDEX").out == "1\n"
    assert [p.inside for p in first.processes()][0] == 1
    assert first.exec("sh", "-c", "echo /proc/[0-9]*").out.split()[0] == "/proc/1"


def test_a_name_exists_only_while_it_is_published(cluster):
    pod = cluster.pod(0, FOREVER).start()
    assert cluster.resolve(pod.name) == []
    assert pod.exec("getent", "hosts", "pod-9.muster.lab.svc.cluster.test.").code == 2
    cluster.publish(pod)
    assert cluster.resolve(pod.name) == [pod.address]
    cluster.withdraw(pod)
    assert cluster.resolve(pod.name) == []


def test_a_replaced_pod_has_a_new_address_a_fresh_root_and_a_fresh_log(cluster):
    pod = cluster.pod(0, FOREVER)
    cluster.start([pod])
    old = pod.address
    pod.exec("sh", "-c", "echo x > /tmp/left")
    pod.replace()
    assert pod.address != old and cluster.resolve(pod.name) == [pod.address]
    assert pod.exec("cat", "/tmp/left").code != 0
    pod.wait_log("^up$")


@pytest.mark.parametrize("argv, code", [(["sh", "-c", "exit 3"], 3), (["sh", "-c", "kill -9 $$; exit 4"], 4),  # PID 1 is not killed from inside
                                       
                                        (["/bin/true"], 0)])
def test_exit_codes_are_those_of_pid_1(cluster, argv, code):
    assert cluster.pod(0, argv).start().wait() == code


def test_a_program_that_cannot_be_executed_is_said(cluster):
    with pytest.raises(AssertionError, match="No such file"):
        cluster.pod(0, ["/nope"]).start()


def test_signals_reach_pid_1(cluster):
    pod = cluster.pod(0, FOREVER).start()
    pod.wait_log("^up$")
    pod.signal(signal.SIGTERM)
    assert pod.wait() == 7
    pod = cluster.pod(1, FOREVER).start()
    pod.signal(signal.SIGKILL)
    assert pod.wait() == 137


def test_an_arbitrary_uid_on_a_read_only_root_can_write_only_where_it_may(cluster):
    pod = cluster.pod(0, FOREVER, uid=pods.ARBITRARY_UID, read_only=True).start()
    assert pod.exec("id", "-u").out == f"{pods.ARBITRARY_UID}\n"
    assert pod.exec("id", "-un").code != 0, "it must have no passwd entry"
    for place in ("/tmp", "/run/muster"):
        assert pod.exec("touch", f"{place}/x").code == 0, place
    for place in ("/", "/etc", "/var/tmp", "/run", "/usr", pods.MUSTER_BIN):
        refusal = pod.exec("touch", f"{place}/x")
        assert refusal.code == 1 and "Read-only file system" in refusal.err, place


def test_root_in_a_pod_is_a_containers_root(cluster):
    pod = cluster.pod(0, FOREVER).start()
    status = pod.read("/proc/1/status")
    assert "CapEff:\t00000000a80425fb" in status
    assert pod.exec("touch", "/root/x").code == 0


def test_nothing_leaves_the_cluster(cluster):
    cluster.pod(0, FOREVER).start()
    interfaces = {line.split(": ")[1].split("@")[0] for line in cluster.run("ip", "-o", "link").splitlines()}
    assert interfaces == {"lo", "cluster0", "pod0"}
    assert "Network is unreachable" in cluster.run("sh", "-c", "ip route get 192.0.2.1 2>&1 || true")


def test_an_unplugged_pod_hears_nothing(cluster):
    first, second = cluster.pod(0, FOREVER), cluster.pod(1, FOREVER)
    cluster.start([first, second])
    knock = ["/usr/bin/python3", "-I", "-S", "-c",
             f"import socket, sys; s = socket.socket(); s.settimeout(float(sys.argv[1])); s.connect(('{second.address}', 9))"]
    assert "ConnectionRefused" in first.exec(*knock, "20").err
    second.unplug()
    assert "Refused" not in first.exec(*knock, "0.5").err


def test_sixteen_pods_are_up_together(cluster):
    members = [cluster.pod(n, FOREVER) for n in range(16)]
    started = time.monotonic()
    cluster.start(members)
    for pod in members:
        pod.wait_log("^up$")
    print(f"16 pods in {time.monotonic() - started:.2f} s")
    assert len({pod.address for pod in members}) == 16


def test_nothing_is_left_when_the_test_process_is_killed(output, tmp_path):
    """The negative control of all cleaning up: a test process that dies by SIGKILL leaves no process behind."""
    if pods.why_not():
        pytest.skip(pods.why_not())
    script = textwrap.dedent(f"""
        import sys, time
        sys.path.insert(0, {os.path.dirname(pods.__file__)!r})
        import pods
        cluster = pods.Cluster({str(output)!r}, {str(tmp_path / "c")!r}).__enter__()
        pod = cluster.pod(0, ["sh", "-c", "sleep 1000 & exec sleep 1001"]).start()
        pod.wait_process("sleep 1000"), pod.wait_process("sleep 1001")
        print(cluster.pid, cluster._dnsmasq.pid, *(p.pid for p in pod.processes()), flush=True)
        time.sleep(1000)
    """)
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    pids = [int(word) for word in child.stdout.readline().split()]
    assert len(pids) == 4, "the cluster's process, the name server, two in the pod"
    child.kill()
    child.wait()
    child.stdout.close()
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), f"end of {pids}")


def test_a_secret_volume_is_a_read_only_tmpfs(cluster):
    cluster.certificate = "text\n"
    pod = cluster.pod(0, FOREVER).start()
    assert pod.exec("cat", pods.CERTIFICATE).out == "text\n"
    assert pod.exec("stat", "-f", "-c", "%T", pods.CERTIFICATE).out == "tmpfs\n"
    assert "Read-only file system" in pod.exec("touch", pods.CERTIFICATE).err
