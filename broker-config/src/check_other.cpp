// SPDX-License-Identifier: Apache-2.0
#include "tables.hpp"

namespace muster::broker_config {

Result<void> check_other_tables(const Table&) {
    return {};
}
Result<void> check_policy(const Table&) {
    return {};
}
Result<std::optional<std::string>> read_fluxion(const Table& root) {
    const Value* table = root.find("sched-fluxion-qmanager");
    if (!table || !table->table()) return std::nullopt;
    const Value* p = table->table()->find("queue-policy");
    if (!p || !p->string()) return std::nullopt;
    return *p->string();
}
}  // namespace muster::broker_config
