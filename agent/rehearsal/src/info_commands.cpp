// SPDX-License-Identifier: Apache-2.0
// uptime, getattr, dmesg, overlay, resource, shutdown: questions to the broker.
#include <unistd.h>

#include <ctime>

#include "client.hpp"
#include "commands.hpp"

namespace muster::rehearsal {
namespace {

void print(std::string_view text) {
    static_cast<void>(write_all(STDOUT_FILENO, text));
}

Result<json::Value> ask(const Invocation& call, std::string_view what,
                        json::Value body = json::Value::object()) {
    TRY_ASSIGN(auto client, Client::connect(call.environment));
    return client.ask(what, std::move(body));
}

std::string clock_time() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    ::localtime_r(&now, &local);
    std::string text(16, '\0');
    text.resize(std::strftime(text.data(), text.size(), "%H:%M:%S", &local));
    return text;
}

/// Two significant digits, as flux uptime shows durations.
std::string rounded(double seconds) {
    if (seconds < 1.0) return fmt::format("{:.2g}s", seconds);
    if (seconds < 60.0) return fmt::format("{:.2g}s", seconds);
    if (seconds < 3600.0) return fmt::format("{:.2g}m", seconds / 60.0);
    if (seconds < 86400.0) return fmt::format("{:.2g}h", seconds / 3600.0);
    return fmt::format("{:.2g}d", seconds / 86400.0);
}

/// The subtree of `rank`, a line a broker, as flux overlay status draws it.
void draw(const std::vector<json::Value>& ranks, std::size_t rank, const std::string& indent,
          std::string& text) {
    std::vector<std::size_t> children;
    for (std::size_t i = 0; i < ranks.size(); ++i)
        if (ranks[i].get("parent").as_integer() == static_cast<std::int64_t>(rank))
            children.push_back(i);
    for (const auto child : children) {
        const bool last = child == children.back();
        text += fmt::format("{}{} {} {}: {}\n", indent, last ? "└─" : "├─", child,
                            ranks[child].get("host").as_string().value_or(""),
                            ranks[child].get("health").as_string().value_or("?"));
        draw(ranks, child, indent + (last ? "   " : "│  "), text);
    }
}

}  // namespace

Result<int> run_uptime(const Invocation& call) {
    TRY_ASSIGN(auto client, Client::connect(call.environment));
    TRY_ASSIGN(const auto answer, client.ask(topic::uptime, json::Value::object()));
    const auto state = answer.get("state").as_string().value_or("?");
    std::size_t drained = 0;
    std::size_t offline = 0;
    bool stopped = false;
    if (state == "run") {  // as Flux: what only the leader knows is asked of a running broker only
        TRY_ASSIGN(const auto resources, client.ask(topic::resources, json::Value::object()));
        for (const auto& rank : resources.get("ranks").items()) {
            if (rank.has("reason")) ++drained;
            if (!rank.get("online").as_boolean().value_or(false)) ++offline;
        }
        stopped = resources.get("stopped").as_boolean().value_or(false);
    }
    print(fmt::format(" {} {} {},  owner {},  depth 0,  size {}{}{}\n{}", clock_time(), state,
                      rounded(answer.get("seconds").as_number().value_or(0.0)),
                      answer.get("owner").as_string().value_or("?"),
                      answer.get("size").as_integer().value_or(0),
                      drained > 0 ? fmt::format(",  {} drained", drained) : "",
                      offline > 0 ? fmt::format(",  {} offline", offline) : "",
                      stopped ? "  scheduler stopped\n" : ""));
    return 0;
}

Result<int> run_getattr(const Invocation& call) {
    if (call.words.size() != 1) return fail(Kind::usage, "attribute name is missing");
    auto body = json::Value::object();
    body.set("name", json::Value::string(call.words[0]));
    const auto answer = ask(call, topic::attribute, body);
    if (!answer && answer.error().kind == Kind::usage) {
        static_cast<void>(write_all(
            STDERR_FILENO,
            fmt::format("flux-getattr: {}: {}\n", call.words[0], answer.error().message)));
        return 1;
    }
    if (!answer) return tl::unexpected<Error>(answer.error());
    print(answer->get("value").as_string().value_or("") + '\n');
    return 0;
}

Result<int> run_dmesg(const Invocation& call) {
    if (!call.words.empty()) return fail(Kind::usage, "the rehearsal's dmesg takes no options");
    TRY_ASSIGN(const auto answer, ask(call, topic::log));
    print(answer.get("text").as_string().value_or(""));
    return 0;
}

Result<int> run_overlay(const Invocation& call) {
    if (call.words.size() != 1 || call.words[0] != "status")
        return fail(Kind::usage, "the rehearsal knows 'overlay status' only");
    TRY_ASSIGN(auto client, Client::connect(call.environment));
    const auto answer = client.ask(topic::resources, json::Value::object());
    if (!answer) {
        // As flux-overlay, which has no ERROR there.
        static_cast<void>(
            write_all(STDERR_FILENO, "flux-overlay: Resource temporarily unavailable\n"));
        return 1;
    }
    const auto ranks = answer->get("ranks").items();
    const auto root = ranks.empty() ? json::Value::object() : ranks[0];
    auto text = fmt::format("0 {}: {}\n", root.get("host").as_string().value_or(""),
                            root.get("health").as_string().value_or("?"));
    draw(ranks, 0, "", text);
    print(text);
    return 0;
}

Result<int> run_shutdown(const Invocation& call) {
    TRY_ASSIGN(auto client, Client::connect(call.environment));
    TRY(client.ask(topic::shutdown, json::Value::object()));
    // The broker's end is the answer.
    while (client.receive()) {
    }
    return 0;
}

}  // namespace muster::rehearsal
