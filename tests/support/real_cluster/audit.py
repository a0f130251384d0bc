# SPDX-License-Identifier: Apache-2.0
"""The API server's audit log: who has asked what, without asking anybody."""
import collections
import datetime
import json
import os

from real_cluster import companion


class Audit:
    """What muster-controller asks a cluster of this machine from now on."""

    def __init__(self, cluster, account=companion.account()):
        self.account, self.path = account, cluster.control.directory / "audit.log"
        self.begin = os.stat(self.path).st_size

    def rows(self):
        """Of each request its last record."""
        with open(self.path, "rb") as file:
            file.seek(self.begin)
            rows = [json.loads(line) for line in file if self.account.encode() in line and line.endswith(b"\n")]
        return list({row["auditID"]: row for row in rows if row["user"]["username"] == self.account}.values())

    def work(self):
        """Those that are neither a watch nor about the Lease."""
        return [row for row in self.rows() if row["verb"] != "watch" and row.get("objectRef", {}).get("resource") != "leases"]


def counted(rows):
    """"create secrets 4, ...": how many of each kind, and how many were refused."""
    counts = collections.Counter()
    for row in rows:
        about = row.get("objectRef", {})
        code = row.get("responseStatus", {}).get("code", 0)
        counts[f"{row['verb']} {'/'.join(filter(None, (about.get('resource'), about.get('subresource'))))}{f' ({code})' if code >= 300 else ''}"] += 1
    return ", ".join(f"{what} {count}" for what, count in sorted(counts.items()))


def moment(text):
    """Seconds since the epoch of a time as Kubernetes writes it, down to the nanosecond."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.datetime.fromisoformat(whole + "+00:00").timestamp() + float(f"0.{fraction or 0}")
