// SPDX-License-Identifier: Apache-2.0
// flux resource list, status, drain, undrain and R.
#include <unistd.h>

#include <array>

#include "arguments.hpp"
#include "client.hpp"
#include "commands.hpp"
#include "resource_table.hpp"

namespace muster::rehearsal {
namespace {

void print(std::string_view text) {
    static_cast<void>(write_all(STDOUT_FILENO, text));
}

Result<int> show(Client& client, ResourceView view, const ScannedOptions& options) {
    TRY_ASSIGN(const auto answer, client.ask(topic::resources, json::Value::object()));
    const auto format = options.value("format");
    const bool header = !options.has("no-header");
    const bool by_reason = format ? mentions_reason(*format) : view == ResourceView::drain;
    const auto rows = resource_rows(view, answer, by_reason);
    if (!format) {
        print(format_default(view, rows, header));
        return 0;
    }
    TRY_ASSIGN(const auto text, format_custom(*format, rows, header));
    print(text);
    return 0;
}

/// Flux takes the reason as the words that follow the targets.
Result<int> drain(Client& client, const ScannedOptions& options) {
    std::string reason;
    for (const auto& word : std::span(options.rest).subspan(1))
        reason += (reason.empty() ? "" : " ") + word;
    auto body = json::Value::object();
    body.set("targets", json::Value::string(options.rest[0]))
        .set("reason", json::Value::string(reason))
        .set("force", json::Value::boolean(options.has("force") || options.has("update")));
    TRY(client.ask(topic::drain, std::move(body)));
    return 0;
}

Result<int> undrain(Client& client, const ScannedOptions& options) {
    if (options.rest.size() != 1) return fail(Kind::usage, "undrain takes one set of targets");
    TRY(client.ask(topic::undrain,
                   json::Value::object().set("targets", json::Value::string(options.rest[0]))));
    return 0;
}

Result<int> print_R(Client& client) {
    TRY_ASSIGN(const auto answer, client.ask(topic::resources, json::Value::object()));
    const auto r = answer.get("R").as_string();
    if (!r) return fail(Kind::usage, "No such file or directory");
    print(*r);
    return 0;
}

}  // namespace

Result<int> run_resource(const Invocation& call) {
    constexpr std::array rows = {OptionRow{'o', "format", true}, OptionRow{'n', "no-header", false},
                                 OptionRow{'f', "force", false}, OptionRow{'u', "update", false}};
    const std::string what = call.words.empty() ? "" : call.words.front();
    if (what != "list" && what != "status" && what != "drain" && what != "undrain" && what != "R")
        return fail(Kind::usage,
                    "the rehearsal knows 'resource list', 'status', 'drain', 'undrain' and 'R'");
    TRY_ASSIGN(const auto options, scan_options(call.words.subspan(1), rows));
    TRY_ASSIGN(auto client, Client::connect(call.environment));
    if (what == "R") return print_R(client);
    if (what == "undrain") return undrain(client, options);
    if (what == "drain" && !options.rest.empty()) return drain(client, options);
    return show(client,
                what == "list"     ? ResourceView::list
                : what == "status" ? ResourceView::status
                                   : ResourceView::drain,
                options);
}

}  // namespace muster::rehearsal
