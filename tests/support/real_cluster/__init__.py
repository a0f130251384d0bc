# SPDX-License-Identifier: Apache-2.0
"""A real Kubernetes cluster on this machine: control plane and nodes are machines (machine.py) with namespaces of their own, so
that all of it ends with them. cluster.py brings it up and down; tests/e2e/kubernetes/cluster is its command."""
