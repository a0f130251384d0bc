// SPDX-License-Identifier: Apache-2.0
#include "trouble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "muster/base/own_status.hpp"
#include "read.hpp"
#include "state.hpp"

namespace muster::controller {
namespace {

using json::Value;

/// A status is no log.
constexpr std::size_t longest = 500;

std::string shortened(std::string text) {
    if (const auto end = text.find('\n'); end != text.npos) text.resize(end);
    text.resize(text.find_last_not_of(' ') + 1);
    if (text.size() <= longest) return text;
    auto cut = longest;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0u) == 0x80u) --cut;  // UTF-8
    return text.substr(0, cut) + "...";
}

/// What a program wrote may be anything; what muster wrote begins so. Where it wrote no message the
/// kubelet takes the end of the log, which says nothing about the end.
std::string own_words(const Value& terminated) {
    constexpr std::string_view mark = "muster: ";
    auto message = text_at(terminated, "message");
    if (!message.starts_with(mark)) return {};
    message.erase(0, mark.size());
    constexpr std::array levels{"debug: ", "info: ", "warning: "};
    const auto is_log = [&](const char* level) { return message.starts_with(level); };
    return std::ranges::any_of(levels, is_log) ? "" : shortened(std::move(message));
}

/// What 128 and a signal's number are: nobody else says so.
std::string signal_of(std::int64_t code) {
    const auto* name = code > 128 && code < 128 + 32
                           ? ::sigabbrev_np(static_cast<int>(code - 128))
                           : nullptr;
    return name == nullptr ? "" : fmt::format(" (SIG{})", name);
}

std::string describe(const Value& terminated) {
    const auto code = terminated.get("exitCode").as_integer().value_or(0);
    const auto text = fmt::format("exit code {}", code);
    auto words = own_words(terminated);
    if (const auto again = fmt::format(" ({})", text); words.ends_with(again))
        words.resize(words.size() - again.size());
    if (!words.empty()) return text + ": " + words;
    const auto reason = text_at(terminated, "reason");
    if (reason == "OOMKilled") return text + " (out of memory)";
    if (reason.empty() || reason == "Error" || reason == "Completed") return text + signal_of(code);
    // The container runtime's words: the program was not there, or could not be run.
    const auto message = shortened(text_at(terminated, "message"));
    return fmt::format("{} ({}){}{}", text, reason, message.empty() ? "" : ": ", message);
}

std::string waiting_of(const Value& status) {
    const auto waiting = at(status, {"state", "waiting"});
    const auto reason = text_at(waiting, "reason");
    const auto name = text_at(status, "name");
    // These two take turns, with another message each time.
    if (reason == "ErrImagePull" || reason == "ImagePullBackOff")
        return fmt::format("the image {} cannot be pulled", text_at(status, "image"));
    if (reason == "InvalidImageName")
        return fmt::format("{} is no name of an image", text_at(status, "image"));
    if (reason == "ErrImageNeverPull")
        return fmt::format("the image {} is not on its node", text_at(status, "image"));
    if (reason == "CrashLoopBackOff") {
        const auto last = at(status, {"lastState", "terminated"});
        return fmt::format("container {} ends again and again, with {}", name, describe(last));
    }
    constexpr std::array failures{"CreateContainerConfigError", "CreateContainerError",
                                  "RunContainerError", "StartError"};
    if (std::ranges::find(failures, reason) == failures.end()) return {};
    return fmt::format("container {} cannot be started: {}", name,
                       shortened(text_at(waiting, "message")));
}

/// Of a container beside Flux that has failed; empty where it has not.
std::string failed_beside(const Value& status, const char* what) {
    const auto terminated = at(status, {"state", "terminated"});
    if (terminated.get("exitCode").as_integer().value_or(0) == 0) return {};
    return fmt::format("{} {} ended with {}", what, text_at(status, "name"), describe(terminated));
}

/// Evicted, preempted, or its node is gone: nothing that ran in it is to blame.
std::string disruption_of(const Value& pod) {
    const auto status = pod.get("status");
    if (text_at(status, "reason") == "Evicted")
        return fmt::format("evicted: {}", shortened(text_at(status, "message")));
    const auto disruption = find_item(status.get("conditions"), "type", "DisruptionTarget");
    if (text_at(disruption, "status") != "True") return {};
    return fmt::format("stopped by the cluster ({}): {}", text_at(disruption, "reason"),
                       shortened(text_at(disruption, "message")));
}

}  // namespace

Value flux_status(const Value& pod) {
    const auto containers = at(pod, {"spec", "containers"}).items();
    if (containers.empty()) return {};
    return find_item(at(pod, {"status", "containerStatuses"}), "name",
                     text_at(containers.front(), "name"));
}

bool is_online(const Value& pod) {
    return is_set(flux_status(pod), "ready") && !pod.get("metadata").has("deletionTimestamp");
}

std::string trouble_of(const Value& pod) {
    if (auto text = disruption_of(pod); !text.empty()) return text;
    const auto scheduled = find_item(at(pod, {"status", "conditions"}), "type", "PodScheduled");
    if (text_at(scheduled, "reason") == "Unschedulable")
        return fmt::format("no node takes it: {}", shortened(text_at(scheduled, "message")));
    const auto end = end_of(pod);
    if (end && end->exit_code != 0) return end->text;
    const bool has_failed = text_at(pod.get("status"), "phase") == "Failed";
    for (const auto* list : {"initContainerStatuses", "containerStatuses"}) {
        const bool is_init = std::string_view(list) == "initContainerStatuses";
        for (const auto& status : at(pod, {"status", list}).items()) {
            if (auto text = waiting_of(status); !text.empty()) return text;
            // An init container that lasts as long as Flux is told to end after it; and another
            // container's end is the pod's only when all have ended.
            if (is_init ? end.has_value() : !has_failed) continue;
            const auto* const what = is_init ? "init container" : "container";
            if (auto text = failed_beside(status, what); !text.empty()) return text;
        }
    }
    return {};
}

std::optional<End> end_of(const Value& pod) {
    const auto terminated = at(flux_status(pod), {"state", "terminated"});
    const auto code = terminated.get("exitCode").as_integer();
    if (!code) return {};
    return End{*code, describe(terminated)};
}

bool program_has_failed(const Value& pod) {
    if (text_at(pod.get("status"), "phase") != "Failed" || !disruption_of(pod).empty() ||
        pod.get("metadata").has("deletionTimestamp"))
        return false;
    const auto words = own_words(at(flux_status(pod), {"state", "terminated"}));
    return words.find(own_status) != words.npos;
}

std::string keeper_of(const Value& pod) {
    const auto end = end_of(pod);
    const auto phase = text_at(pod.get("status"), "phase");
    if (!end || phase == "Failed" || pod.get("metadata").has("deletionTimestamp")) return {};
    if (end->exit_code != 0 && text_at(pod.get("spec"), "restartPolicy") == "OnFailure") return {};
    for (const auto& status : at(pod, {"status", "containerStatuses"}).items())
        if (!status.get("state").has("terminated")) return text_at(status, "name");
    return {};
}

}  // namespace muster::controller
