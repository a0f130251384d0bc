// SPDX-License-Identifier: Apache-2.0
// The Kubernetes API, in our own event loop: requests, list and watch, leader election.
#pragma once

#include "muster/kube/api_server.hpp"
#include "muster/kube/client.hpp"
#include "muster/kube/config.hpp"
#include "muster/kube/elector.hpp"
#include "muster/kube/list_watch.hpp"
#include "muster/kube/requests.hpp"
