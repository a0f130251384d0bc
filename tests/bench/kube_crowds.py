# SPDX-License-Identifier: Apache-2.0
"""Many MiniClusters, and one of many pods. No node takes the pods: what is measured is the controller, and what it asks the API server."""
import time
from concurrent.futures import ThreadPoolExecutor

from kube_objects import NOWHERE, minicluster
from kube_scene import SPACE, until_quiet, wait_for
from real_cluster.audit import counted, moment

JOBS = f"/apis/batch/v1/namespaces/{SPACE}/jobs"


def nowhere(scene, name, size):
    return minicluster(scene.kubernetes.images, name, size, "none", pod={"nodeSelector": NOWHERE})


def create(scene, names, size):
    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(scene.create, nowhere(scene, name, size)) for name in names]:
            each.result()


def delete_all(scene):
    """Returns when there is nothing of them any more."""
    scene.api.call("DELETE", f"/apis/flux-framework.org/v1alpha2/namespaces/{SPACE}/miniclusters", {"propagationPolicy": "Background"})
    scene.api.call("DELETE", JOBS, {"propagationPolicy": "Background"})
    wait_for(lambda: not scene.api.call("GET", f"/api/v1/namespaces/{SPACE}/pods?limit=1")["items"] and not scene.api.call("GET", f"{JOBS}?limit=1")["items"],
               "all is gone", 300)


def idle(table, scene, count, seconds):
    """Memory with none and with `count` of them, and what is asked while nothing changes."""
    scene.companion.start()
    empty, _ = scene.companion.memory()
    audit = scene.audit()
    create(scene, [f"idle-{number}" for number in range(count)], 2)
    made = until_quiet(audit)
    resident, most = scene.companion.memory()
    audit = scene.audit()
    time.sleep(seconds)
    rows, work = audit.rows(), audit.work()
    table.add(f"resident with {count} MiniClusters of 2 pods", f"{resident:.1f} MiB, {most:.1f} at the most", f"{empty:.1f} MiB with none", "<= 25 MiB")
    table.add(f"requests in {seconds} idle seconds", f"{len(work)}{': ' + counted(work) if work else ''}", f"{len(rows) - len(work)} of the Lease and renewed watches", "0")
    table.add("requests to make them, each MiniCluster", f"{len(made) / count:.1f}", counted(made), "-")
    delete_all(scene)
    scene.companion.end()


def many(table, scene, count):
    """`count` MiniClusters of 2 pods, as fast as they can be created."""
    scene.companion.start()
    audit, begin = scene.audit(), time.time()
    create(scene, [f"many-{number}" for number in range(count)], 2)
    created = time.time() - begin
    rows = until_quiet(audit)
    jobs = max(moment(row["stageTimestamp"]) for row in rows if row["verb"] == "create" and row["objectRef"]["resource"] == "jobs") - begin
    settled = max(moment(row["stageTimestamp"]) for row in rows) - begin
    _, most = scene.companion.memory()
    table.add(f"{count} MiniClusters of 2 pods at once: all objects are there; all statuses settled", f"{jobs:.1f} s; {settled:.1f} s; {most:.1f} MiB at the most",
              f"{created:.1f} s to create them", "-")
    table.add("requests that this took", f"{len(rows)}, {len(rows) / count:.1f} each: {counted(rows)}", "-", "-")
    delete_all(scene)
    scene.companion.end()


def large(table, scene, size):
    """One MiniCluster of so many pods, beside the Job controller's own time."""
    scene.companion.start()

    def pods_made(name):
        job = scene.api.call("GET", f"{JOBS}/{name}")
        return job is not None and job["status"].get("active", 0) == size
    audit, begin = scene.audit(), time.time()
    create(scene, ["large"], size)
    wait_for(lambda: pods_made("large"), f"{size} pods", 600)
    took = time.time() - begin
    rows = until_quiet(audit)
    settled = max(moment(row["stageTimestamp"]) for row in rows) - begin
    _, most = scene.companion.memory()
    job = scene.api.call("GET", f"{JOBS}/large")
    delete_all(scene)
    by_hand = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "by-hand"},
               "spec": {key: job["spec"][key] for key in ("completionMode", "completions", "parallelism", "backoffLimit")}}
    by_hand["spec"]["template"] = {"metadata": {"labels": {"app": "by-hand"}}, "spec": job["spec"]["template"]["spec"]}
    begin = time.time()
    scene.create([by_hand])
    wait_for(lambda: pods_made("by-hand"), f"{size} pods", 600)
    alone = time.time() - begin
    table.add(f"a MiniCluster of {size} pods: all are there; its status settled", f"{took:.1f} s; {settled:.1f} s; {most:.1f} MiB at the most", f"{alone:.1f} s, an Indexed Job by hand", "-")
    table.add("requests that this took", f"{len(rows)}: {counted(rows)}", "-", "-")
    delete_all(scene)
    scene.companion.end()
