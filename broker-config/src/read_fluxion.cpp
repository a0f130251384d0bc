// SPDX-License-Identifier: Apache-2.0
// [sched-fluxion-*], as flux-sched (qmanager_opts.cpp, resource_match_opts.cpp) reads them: it
// takes values of any type as text, and refuses keys that it does not know.
#include <algorithm>
#include <array>
#include <span>

#include "reader.hpp"
#include "tables.hpp"

namespace muster::broker_config {
namespace {

constexpr std::array<std::string_view, 7> qmanager_keys{
    "queue-policy",           "queue-params",           "policy-params",
    "queue-policy-per-queue", "queue-params-per-queue", "policy-params-per-queue",
    "vqueue-parents"};
constexpr std::array<std::string_view, 11> resource_keys{
    "load-file",     "load-format",     "load-allowlist", "policy",
    "match-policy",  "match-format",    "subsystems",     "reserve-vtx-vec",
    "prune-filters", "update-interval", "traverser"};
constexpr std::array<std::string_view, 10> match_policies{
    "first",  "firstnodex", "high",    "low",      "lonode",
    "hinode", "lonodex",    "hinodex", "locality", "variation"};
constexpr std::array<std::string_view, 3> match_switches{"node_centric", "stop_on_1_matches",
                                                         "node_exclusive"};

template <std::size_t size>
bool has(const std::array<std::string_view, size>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// Why one term of a custom match policy ("policy=high node_centric=true") is wrong, or "".
std::string wrong_term(std::string_view term) {
    const auto equals = term.find('=');
    const std::string_view option = term.substr(0, equals);
    if (option != "policy" && !has(match_switches, option))
        return fmt::format("invalid policy option: {}", option);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : term.substr(equals + 1);
    if (option == "policy")
        return value == "high" || value == "low"
                   ? ""
                   : "policy key within custom policy accepts only low or high";
    return value == "true" || value == "false"
               ? ""
               : fmt::format("Policy option {} requires true or false, got {}", option, value);
}

void check_match_policy(TableReader& reader, std::string_view key) {
    const Value* value = reader.any(key);
    if (value == nullptr || value->string() == nullptr || has(match_policies, *value->string()))
        return;
    std::string_view rest = *value->string();
    while (true) {
        const auto blank = rest.find(' ');
        if (const std::string wrong = wrong_term(rest.substr(0, blank)); !wrong.empty()) {
            reader.fail(key, fmt::format("unknown match policy ({}): {}", *value->string(), wrong));
            return;
        }
        if (blank == std::string_view::npos) return;
        rest.remove_prefix(blank + 1);
    }
}

Result<void> refuse_unknown(const Value& table, std::string_view path,
                            std::span<const std::string_view> known) {
    for (const auto& [key, value] : table.table()->members())
        if (std::find(known.begin(), known.end(), key) == known.end())
            return refuse(value.place, fmt::format("{}.{}", path, key),
                          fmt::format("unknown option ({})", key));
    return {};
}

/// [sched-fluxion-resource] and [sched-fluxion-feasibility] take the same keys.
Result<void> check_matcher(const Table& root, std::string_view path) {
    const Value* table = root.find(path);
    if (table == nullptr) return {};
    TableReader reader(*table, std::string(path));
    check_match_policy(reader, "policy");
    check_match_policy(reader, "match-policy");
    const auto traverser = reader.string("traverser");
    if (traverser && *traverser != "simple" && *traverser != "flexible")
        reader.fail("traverser", fmt::format("unknown traverser policy ({})", *traverser));
    TRY(reader.finish_ignoring_others());
    return refuse_unknown(*table, path, resource_keys);
}

}  // namespace

Result<std::optional<std::string>> read_fluxion(const Table& root) {
    constexpr std::string_view path = "sched-fluxion-qmanager";
    TRY(check_matcher(root, "sched-fluxion-resource"));
    TRY(check_matcher(root, "sched-fluxion-feasibility"));
    const Value* table = root.find(path);
    if (table == nullptr) return std::nullopt;
    TableReader reader(*table, std::string(path));
    auto queue_policy = reader.string("queue-policy");
    if (reader.any("queues") != nullptr)
        reader.fail("queues", "'queues' key not supported, use RFC33 format instead");
    TRY(reader.finish_ignoring_others());
    TRY(refuse_unknown(*table, path, qmanager_keys));
    return queue_policy;
}

}  // namespace muster::broker_config
