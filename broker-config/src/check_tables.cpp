// SPDX-License-Identifier: Apache-2.0
// [access], strict (src/modules/connector-local/local.c and librouter/roleconf.c of Flux 0.88), and
// the tables of which Flux only checks the keys that it knows.
#include <array>
#include <span>

#include "muster/broker_config/duration.hpp"
#include "reader.hpp"
#include "tables.hpp"

namespace muster::broker_config {
namespace {

enum class Type : std::uint8_t {
    string,
    integer,
    natural,   // an integer >= 0
    positive,  // an integer > 0
    number,
    boolean,
    duration,
    nonzero_duration,
    duration_or_none,
    array,
    strings,
    string_table,
};

struct KeyType {
    std::string_view key;
    Type type;
};

// src/modules/job-exec/{job-exec,exec_config}.c
constexpr std::array exec_keys{
    KeyType{"imp", Type::string},
    KeyType{"job-shell", Type::string},
    KeyType{"service", Type::string},
    KeyType{"method", Type::string},
    KeyType{"sdexec-properties", Type::string_table},
    KeyType{"sdexec-stop-timer-sec", Type::integer},
    KeyType{"sdexec-stop-timer-signal", Type::integer},
    KeyType{"sdexec-constrain-resources", Type::boolean},
    KeyType{"barrier-timeout", Type::duration},
    KeyType{"shell-exit-timeout", Type::duration_or_none},
    KeyType{"max-start-delay-percent", Type::number},
    KeyType{"kill-timeout", Type::nonzero_duration},
    KeyType{"term-signal", Type::string},
    KeyType{"kill-signal", Type::string},
    KeyType{"max-kill-count", Type::positive},
    KeyType{"max-kill-timeout", Type::nonzero_duration},
};
// src/modules/job-manager/{purge,queue,jobtap}.c
constexpr std::array job_manager_keys{
    KeyType{"inactive-age-limit", Type::duration},
    KeyType{"inactive-num-limit", Type::natural},
    KeyType{"stop-queues-on-restart", Type::boolean},
    KeyType{"plugins", Type::array},
};
// src/modules/job-ingest/{job-ingest,pipeline}.c
constexpr std::array ingest_keys{
    KeyType{"batch-count", Type::integer},
    KeyType{"buffer-size", Type::string},
};
constexpr std::array ingest_worker_keys{
    KeyType{"args", Type::strings},
    KeyType{"plugins", Type::strings},
    KeyType{"disable", Type::boolean},
};
// src/modules/kvs/kvs_checkpoint.c
constexpr std::array kvs_keys{KeyType{"checkpoint-period", Type::duration}};
// src/modules/content-sqlite/content-sqlite.c
constexpr std::array content_sqlite_keys{
    KeyType{"journal_mode", Type::string},
    KeyType{"synchronous", Type::string},
    KeyType{"max_checkpoints", Type::positive},
};
// src/modules/{sdbus,sdexec,resource}
constexpr std::array systemd_keys{
    KeyType{"enable", Type::boolean},
    KeyType{"sdbus-debug", Type::boolean},
    KeyType{"sdexec-debug", Type::boolean},
};

struct Section {
    std::string_view table;
    std::string_view below;  // the table that it is in, if any
    std::span<const KeyType> keys;
};

constexpr std::array sections{
    Section{"exec", "", exec_keys},
    Section{"job-manager", "", job_manager_keys},
    Section{"ingest", "", ingest_keys},
    Section{"validator", "ingest", ingest_worker_keys},
    Section{"frobnicator", "ingest", ingest_worker_keys},
    Section{"kvs", "", kvs_keys},
    Section{"content-sqlite", "", content_sqlite_keys},
    Section{"systemd", "", systemd_keys},
};

bool is_string_table(const Value& value) {
    if (value.table() == nullptr) return false;
    for (const auto& [key, item] : value.table()->members())
        if (item.string() == nullptr) return false;
    return true;
}

void check_duration(TableReader& reader, const KeyType& known) {
    const Value* value = reader.any(known.key);
    if (known.type == Type::duration_or_none && value != nullptr && value->string() != nullptr &&
        *value->string() == "none")
        return;
    const auto text = reader.duration(known.key);
    if (text && known.type == Type::nonzero_duration && parse_duration(*text).value_or(1) == 0)
        reader.fail(known.key, "must not be 0");
}

void check_integer(TableReader& reader, const KeyType& known) {
    const auto number = reader.integer(known.key);
    if (!number) return;
    if (known.type == Type::natural && *number < 0) reader.fail(known.key, "must be >= 0");
    if (known.type == Type::positive && *number <= 0) reader.fail(known.key, "must be > 0");
}

void check_other(TableReader& reader, const KeyType& known) {
    const Value* value = reader.any(known.key);
    if (value == nullptr) return;
    const bool is_number = std::holds_alternative<std::int64_t>(value->data) ||
                           std::holds_alternative<double>(value->data);
    if (known.type == Type::number && !is_number)
        reader.fail(known.key, fmt::format("Expected real or integer, got {}", value->type_name()));
    if (known.type == Type::array && value->array() == nullptr)
        reader.fail(known.key, "must be an array");
    if (known.type == Type::strings && !strings_of(*value))
        reader.fail(known.key, "must be an array of strings");
    if (known.type == Type::string_table && !is_string_table(*value))
        reader.fail(known.key, "must be a table of strings");
}

void check_key(TableReader& reader, const KeyType& known) {
    switch (known.type) {
        case Type::string:
            reader.string(known.key);
            return;
        case Type::boolean:
            reader.boolean(known.key);
            return;
        case Type::integer:
        case Type::natural:
        case Type::positive:
            check_integer(reader, known);
            return;
        case Type::duration:
        case Type::nonzero_duration:
        case Type::duration_or_none:
            check_duration(reader, known);
            return;
        case Type::number:
        case Type::array:
        case Type::strings:
        case Type::string_table:
            check_other(reader, known);
    }
}

Result<void> check_section(const Table& root, const Section& section) {
    const Table* table = &root;
    std::string path(section.table);
    if (!section.below.empty()) {
        const Value* below = root.find(section.below);
        if (below == nullptr) return {};
        table = below->table();  // its own section came first, so it is a table
        path = fmt::format("{}.{}", section.below, section.table);
    }
    const Value* value = table->find(section.table);
    if (value == nullptr) return {};
    TableReader reader(*value, std::move(path));
    for (const auto& known : section.keys) check_key(reader, known);
    return reader.finish_ignoring_others();
}

Result<void> check_role(std::string_view name, const Value& role) {
    const std::string path = fmt::format("access.roles.{}", name);
    if (name != "admin")
        return refuse(role.place, path, fmt::format("unknown role '{}' in [access.roles]", name));
    TableReader reader(role, path);
    for (const std::string_view key : {"users", "groups"}) {
        const Value* names = reader.any(key);
        if (names != nullptr && !strings_of(*names)) reader.fail(key, "must be a string array");
    }
    return reader.finish();
}

Result<void> check_access(const Table& root) {
    const Value* table = root.find("access");
    if (table == nullptr) return {};
    TableReader reader(*table, "access");
    reader.boolean("allow-guest-user");
    reader.boolean("allow-root-owner");
    reader.boolean("private-mode");
    const Value* roles = reader.any("roles");
    if (roles != nullptr && roles->table() == nullptr) reader.fail("roles", "must be a table");
    TRY(reader.finish());
    if (roles == nullptr) return {};
    for (const auto& [name, role] : roles->table()->members()) TRY(check_role(name, role));
    return {};
}

/// [job-manager.housekeeping] is strict (src/modules/job-manager/housekeeping.c).
Result<void> check_housekeeping(const Table& root) {
    const Value* manager = root.find("job-manager");
    const Value* table = manager == nullptr ? nullptr : manager->table()->find("housekeeping");
    if (table == nullptr) return {};
    TableReader reader(*table, "job-manager.housekeeping");
    const Value* command = reader.any("command");
    if (command != nullptr && !strings_of(*command))
        reader.fail("command", "must be an array of strings");
    reader.duration("release-after");
    reader.boolean("use-systemd-unit");
    reader.boolean("exit-on-first-error");
    return reader.finish();
}

}  // namespace

Result<void> check_other_tables(const Table& root) {
    TRY(check_access(root));
    for (const auto& section : sections) TRY(check_section(root, section));
    return check_housekeeping(root);
}

}  // namespace muster::broker_config
