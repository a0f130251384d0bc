// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/plan.hpp"
#include "muster/json.hpp"

namespace muster::bootstrap {
namespace {

/// A word as a POSIX shell would need it, for people to read.
std::string quoted(const std::string& word) {
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
    std::string text = "'";
    for (const char c : word) text.append(c == '\'' ? "'\\''" : std::string(1, c));
    return text + "'";
}

json::Value strings(const std::vector<std::string>& words) {
    auto array = json::Value::array();
    for (const auto& word : words) array.append(json::Value::string(word));
    return array;
}

}  // namespace

std::string format_plan(const Plan& plan) {
    const auto& identity = plan.identity;
    std::string text = fmt::format(
        "rank       {} of {} ({} at start, quorum {}), from {}\nhost       {}\nhosts      {}\n",
        identity.rank, identity.max_size, identity.size, plan.quorum,
        discovery::format(identity.platform), identity.host(), identity.hosts.format());
    text += plan.parent ? fmt::format("parent     rank {} at {} port {}\n", plan.parent->rank,
                                      plan.parent->name, plan.parent->port)
                        : "parent     none: the leader\n";
    text += fmt::format("listens    {}\n", plan.listens ? "yes" : "no, it has no children");
    text += fmt::format("\n# {} (mode 0600, not shown)\n\n# {}\n{}", plan.certificate,
                        plan.paths.broker_toml, plan.broker_toml);
    if (!plan.broker_toml.ends_with('\n')) text += '\n';
    if (!plan.resources_json.empty())
        text += fmt::format("\n# {}\n{}", plan.paths.resources, plan.resources_json);
    text += "\n# the broker\n";
    for (const auto& [name, value] : plan.environment)
        text += fmt::format("{}={} \\\n", name, quoted(value));
    for (std::size_t i = 0; i < plan.argv.size(); ++i)
        text += (i == 0 ? "" : " ") + quoted(plan.argv[i]);
    text += '\n';
    for (const auto& note : plan.notes) text += fmt::format("\nnote: {}\n", note);
    return text;
}

std::string format_plan_json(const Plan& plan) {
    const auto& identity = plan.identity;
    auto environment = json::Value::object();
    for (const auto& [name, value] : plan.environment)
        environment.set(name, json::Value::string(value));
    auto object = json::Value::object();
    object.set("rank", json::Value::integer(identity.rank))
        .set("size", json::Value::integer(identity.size))
        .set("max_size", json::Value::integer(identity.max_size))
        .set("quorum", json::Value::integer(plan.quorum))
        .set("platform", json::Value::string(discovery::format(identity.platform)))
        .set("host", json::Value::string(identity.host()))
        .set("hosts", json::Value::string(identity.hosts.format()))
        .set("listens", json::Value::boolean(plan.listens));
    if (plan.parent) {
        object.set("parent", json::Value::object()
                                 .set("rank", json::Value::integer(plan.parent->rank))
                                 .set("host", json::Value::string(plan.parent->host))
                                 .set("name", json::Value::string(plan.parent->name))
                                 .set("port", json::Value::integer(plan.parent->port)));
    }
    object.set("broker_toml", json::Value::string(plan.broker_toml));
    if (!plan.resources_json.empty())
        object.set("R", json::Value::parse(plan.resources_json).value_or(json::Value()));
    object.set("argv", strings(plan.argv))
        .set("environment", std::move(environment))
        .set("notes", strings(plan.notes));
    return object.format(2) + "\n";
}

}  // namespace muster::bootstrap
