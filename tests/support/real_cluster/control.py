# SPDX-License-Identifier: Apache-2.0
"""The control plane: etcd, the API server, the controller manager, the scheduler and cluster DNS, on one machine."""
import json
import ssl
import urllib.error
import urllib.request

from real_cluster.programs import program

ADDRESS, PORT = "10.200.0.1", 16443
SERVICES, FIRST_SERVICE = "10.202.0.0/16", "10.202.0.1"
DOMAIN = "cluster.local"
ETCD = "http://127.0.0.1:12379"

# What a pod's denied name costs: `cache-30` is what EKS, AKS, k3s and older kubeadm ship, `recent` kubeadm's since 1.34.
CACHES = {"cache-30": "cache 30", "recent": f"cache 30 {{\n        disable success {DOMAIN}\n        disable denial {DOMAIN}\n    }}"}
COREFILE = """\
{domain}:53 in-addr.arpa:53 {{
    bind {address}
    errors
    kubernetes {domain} in-addr.arpa ip6.arpa {{
        kubeconfig {kubeconfig} cluster
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }}
    {cache}
    loadbalance
}}
.:53 {{
    bind {address}
    template ANY ANY . {{
        rcode NXDOMAIN
    }}
}}
"""

# Who asks what, one JSON object a request, without bodies: of everybody but the cluster's own programs.
AUDIT = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [
    {"level": "None", "userGroups": ["system:nodes", "system:serviceaccounts:kube-system"]},
    {"level": "None", "users": ["coredns", "system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy", "system:apiserver",
                                "system:anonymous"]},
    {"level": "None", "nonResourceURLs": ["/readyz*", "/livez*"]},
    {"level": "Metadata"}]}


class Control:
    def __init__(self, machine, keys):
        self.machine, self.keys = machine, keys
        self.directory = machine.directory

    def start(self, url, dns):
        """Returns when the API server at `url` is ready; the rest may start a moment later."""
        self.start_etcd()
        self.start_api(url)
        self.start_controllers()
        self.start_dns(dns)

    def start_etcd(self):
        self.machine.start("etcd", program("etcd"), f"--data-dir={self.directory}/etcd", f"--listen-client-urls={ETCD}", f"--advertise-client-urls={ETCD}",
                           "--listen-peer-urls=http://127.0.0.1:12380", "--unsafe-no-fsync", "--log-level=warn", "--quota-backend-bytes=4294967296")

    def start_api(self, url):
        key = self.keys.path
        (self.directory / "audit.json").write_text(json.dumps(AUDIT))
        self.machine.start(
            "apiserver", program("kube-apiserver"), f"--etcd-servers={ETCD}", "--bind-address=0.0.0.0", f"--advertise-address={ADDRESS}",
            f"--secure-port={PORT}", f"--tls-cert-file={key('apiserver.crt')}", f"--tls-private-key-file={key('apiserver.key')}",
            f"--client-ca-file={key('ca.crt')}", f"--token-auth-file={key('tokens.csv')}", "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true", f"--service-cluster-ip-range={SERVICES}",
            f"--service-account-issuer=https://kubernetes.default.svc.{DOMAIN}", f"--service-account-key-file={key('accounts.key')}",
            f"--service-account-signing-key-file={key('accounts.key')}", f"--kubelet-client-certificate={key('apiserver-kubelet.crt')}",
            f"--kubelet-client-key={key('apiserver-kubelet.key')}", f"--kubelet-certificate-authority={key('ca.crt')}",
            "--kubelet-preferred-address-types=InternalIP", f"--audit-policy-file={self.directory}/audit.json",
            f"--audit-log-path={self.directory}/audit.log")
        self.machine.wait_for("apiserver", lambda: self.answers(url), f"the API server answers at {url}")

    def answers(self, url):
        context = ssl.create_default_context(cafile=self.keys.path("ca.crt"))
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2, context=context) as answer:
                return answer.read() == b"ok"
        except (OSError, urllib.error.URLError):
            return False

    def start_controllers(self):
        key = self.keys.path
        for name, user, more in (
                ("kube-controller-manager", "controller-manager", [
                    f"--service-account-private-key-file={key('accounts.key')}", f"--root-ca-file={key('ca.crt')}", "--controllers=*",
                    f"--cluster-signing-cert-file={key('ca.crt')}", f"--cluster-signing-key-file={key('ca.key')}", "--use-service-account-credentials=true",
                    "--horizontal-pod-autoscaler-sync-period=2s"]),  # not 15
                ("kube-scheduler", "scheduler", [])):
            kubeconfig = self.keys.kubeconfig(user, f"https://127.0.0.1:{PORT}")
            self.machine.start(name, program(name), f"--kubeconfig={kubeconfig}", f"--authentication-kubeconfig={kubeconfig}",
                               f"--authorization-kubeconfig={kubeconfig}", "--leader-elect=false", *more)

    def start_dns(self, kind):
        kubeconfig = self.keys.kubeconfig("coredns", f"https://127.0.0.1:{PORT}")
        corefile = self.directory / "Corefile"
        corefile.write_text(COREFILE.format(domain=DOMAIN, address=ADDRESS, kubeconfig=kubeconfig, cache=CACHES[kind]))
        self.machine.start("coredns", program("coredns"), "-conf", corefile)

    def change_dns(self, kind):
        """Another CoreDNS, with an empty cache."""
        self.machine.signal("coredns")
        self.start_dns(kind)
