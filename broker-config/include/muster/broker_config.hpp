// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What `flux broker --config-path` reads: a typed model, its TOML, and the checks of Flux.
#include "muster/broker_config/config.hpp"
#include "muster/broker_config/duration.hpp"
#include "muster/broker_config/hosts.hpp"
#include "muster/broker_config/instance.hpp"
#include "muster/broker_config/topology.hpp"
