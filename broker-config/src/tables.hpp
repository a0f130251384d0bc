// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "muster/base/result.hpp"
#include "muster/broker_config/config.hpp"
#include "value.hpp"

namespace muster::broker_config {

/// Each reads and checks the tables of one module of Flux from the whole configuration; nothing to
/// read is no error. Errors: config, as parse() in config.hpp says.
Result<std::optional<Bootstrap>> read_bootstrap(const Table& root);
Result<Tbon> read_tbon(const Table& root);
Result<Heartbeat> read_heartbeat(const Table& root);
Result<Resource> read_resource(const Table& root);
/// [access], and the tables whose unknown keys Flux ignores: only the types of known keys.
Result<void> check_other_tables(const Table& root);
/// [policy] and [queues.*] (RFC 33).
Result<void> check_policy(const Table& root);
/// The queue-policy of [sched-fluxion-qmanager]; [sched-fluxion-resource] is checked too.
Result<std::optional<std::string>> read_fluxion(const Table& root);

}  // namespace muster::broker_config
