// SPDX-License-Identifier: Apache-2.0
// Exec probes for kubelet: quick, and on failure a sentence for the pod's events.
#include "muster/doctor/probe.hpp"

#include <sys/prctl.h>

#include <array>

#include "commands.hpp"
#include "doctor_flags.hpp"
#include "muster/json.hpp"

namespace muster::commands {
namespace {

Result<int> try_probe(Words words, DoctorFlags& flags) {
    const std::array<bootstrap::ExtraFlag, 2> extra{
        json_flag(), limit_flag("how long it may take; kubelet's timeoutSeconds is 1 s [600ms]")};
    if (words.empty()) return fail(Kind::usage, "which one? startup, ready or live");
    if (words.front() == "--help") return print_help("probe", extra);
    TRY_ASSIGN(const auto which, doctor::parse_probe(words.front()));
    TRY_ASSIGN(const auto asked, ask_of_this_pod(words.subspan(1), extra, flags));
    if (asked.line.help) return print_help("probe", extra);
    ::prctl(PR_SET_DUMPABLE, 0);  // it may come to hold the secret key: no core dump of it
    const auto outcome =
        doctor::probe(which, asked.line.settings, asked.environment, flags.limit, SystemClock());
    const int code = outcome.passed() ? 0 : exit_code(outcome.error->kind);
    const auto& text = outcome.passed() ? outcome.text : outcome.error->message;
    if (flags.as_json) {
        auto object = json::Value::object();
        object.set("command", json::Value::string("probe"))
            .set("probe", json::Value::string(doctor::format(which)))
            .set("outcome", json::Value::string(outcome.passed() ? "passed" : "failed"))
            .set("exit_code", json::Value::integer(code))
            .set("text", json::Value::string(text));
        TRY(print(object.format() + "\n"));
    } else {
        TRY(print(fmt::format("{}: {}: {}\n", doctor::format(which),
                              outcome.passed() ? "ok" : "failed", text)));
    }
    return code;
}

}  // namespace

Result<int> probe(Words words) {
    DoctorFlags flags{.limit = std::chrono::milliseconds(600)};
    auto outcome = try_probe(words, flags);
    return ended("probe", std::move(outcome), flags.as_json);
}

}  // namespace muster::commands
