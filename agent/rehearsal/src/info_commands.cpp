// SPDX-License-Identifier: Apache-2.0
// uptime, getattr, overlay, resource, shutdown: questions to the broker.
#include <unistd.h>

#include <ctime>

#include "client.hpp"
#include "commands.hpp"
#include "muster/base/hostlist.hpp"
#include "muster/broker_config.hpp"

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
        text += fmt::format(
            "{}{} {} {}: {}\n", indent, last ? "└─" : "├─", child,
            ranks[child].get("host").as_string().value_or(""),
            ranks[child].get("online").as_boolean().value_or(false) ? "full" : "offline");
        draw(ranks, child, indent + (last ? "   " : "│  "), text);
    }
}

}  // namespace

Result<int> run_uptime(const Invocation& call) {
    TRY_ASSIGN(const auto answer, ask(call, topic::uptime));
    const auto offline = answer.get("offline").as_integer().value_or(0);
    print(fmt::format(" {} {} {},  owner {},  depth 0,  size {}{}\n", clock_time(),
                      answer.get("state").as_string().value_or("?"),
                      rounded(answer.get("seconds").as_number().value_or(0.0)),
                      answer.get("owner").as_string().value_or("?"),
                      answer.get("size").as_integer().value_or(0),
                      offline > 0 ? fmt::format(",  {} offline", offline) : ""));
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

Result<int> run_overlay(const Invocation& call) {
    if (call.words.size() != 1 || call.words[0] != "status")
        return fail(Kind::usage, "the rehearsal knows 'overlay status' only");
    TRY_ASSIGN(const auto answer, ask(call, topic::resources));
    const auto ranks = answer.get("ranks").items();
    bool all = true;
    for (const auto& rank : ranks) all = all && rank.get("online").as_boolean().value_or(false);
    auto text = fmt::format("0 {}: {}\n",
                            ranks.empty() ? "" : ranks[0].get("host").as_string().value_or(""),
                            all ? "full" : "partial");
    draw(ranks, 0, "", text);
    print(text);
    return 0;
}

Result<int> run_resource(const Invocation& call) {
    if (call.words.size() != 1 || call.words[0] != "list")
        return fail(Kind::usage, "the rehearsal knows 'resource list' only");
    TRY_ASSIGN(const auto answer, ask(call, topic::resources));
    const auto ranks = answer.get("ranks").items();
    std::string text = "     STATE NNODES NCORES NGPUS NODELIST\n";
    for (const std::string_view state : {"free", "allocated", "down"}) {
        Hostlist hosts;
        std::int64_t cores = 0;
        for (const auto& node : answer.get("nodes").items()) {
            const auto used = node.get("used").as_integer().value_or(0);
            const auto all = node.get("cores").as_integer().value_or(0);
            const bool up = node.get("up").as_boolean().value_or(false);
            const auto count = !up                    ? (state == "down" ? all : 0)
                               : state == "free"      ? all - used
                               : state == "allocated" ? used
                                                      : 0;
            if (count == 0) continue;
            cores += count;
            const auto rank = static_cast<std::size_t>(node.get("rank").as_integer().value_or(0));
            if (rank < ranks.size()) hosts.append(ranks[rank].get("host").as_string().value_or(""));
        }
        text += fmt::format("{:>10} {:>6} {:>6} {:>5} {}\n", state, hosts.size(), cores, 0,
                            hosts.format());
    }
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
