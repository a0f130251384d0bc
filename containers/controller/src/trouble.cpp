// SPDX-License-Identifier: Apache-2.0
#include "trouble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "read.hpp"
#include "state.hpp"

namespace muster::controller {
namespace {

using json::Value;

/// A status is no log.
constexpr std::size_t longest = 500;

std::string shortened(std::string text) {
    if (const auto end = text.find('\n'); end != text.npos) text.resize(end);
    if (text.size() <= longest) return text;
    auto cut = longest;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0u) == 0x80u) --cut;  // UTF-8
    return text.substr(0, cut) + "...";
}

/// The status of the container in which Flux runs, which is the first of a pod.
Value flux_status(const Value& pod) {
    const auto containers = at(pod, {"spec", "containers"}).items();
    if (containers.empty()) return {};
    return find_item(at(pod, {"status", "containerStatuses"}), "name",
                     text_at(containers.front(), "name"));
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

std::string describe(const Value& terminated) {
    auto text = fmt::format("exit code {}", terminated.get("exitCode").as_integer().value_or(0));
    const auto reason = text_at(terminated, "reason");
    if (reason == "OOMKilled") text += " (out of memory)";
    const auto words = own_words(terminated);
    if (!words.empty()) return text + ": " + words;
    return reason.empty() || reason == "Error" || reason == "Completed" || reason == "OOMKilled"
               ? text
               : fmt::format("{} ({})", text, reason);
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

/// An init container that has failed ends its pod.
std::string failed_init(const Value& status) {
    const auto terminated = at(status, {"state", "terminated"});
    if (terminated.get("exitCode").as_integer().value_or(0) == 0) return {};
    return fmt::format("init container {} ended with {}", text_at(status, "name"),
                       describe(terminated));
}

}  // namespace

bool is_online(const Value& pod) {
    return is_set(flux_status(pod), "ready") && !pod.get("metadata").has("deletionTimestamp");
}

std::string trouble_of(const Value& pod) {
    const auto scheduled = find_item(at(pod, {"status", "conditions"}), "type", "PodScheduled");
    if (text_at(scheduled, "reason") == "Unschedulable")
        return fmt::format("no node takes it: {}", shortened(text_at(scheduled, "message")));
    for (const auto* list : {"initContainerStatuses", "containerStatuses"}) {
        for (const auto& status : at(pod, {"status", list}).items()) {
            if (auto text = waiting_of(status); !text.empty()) return text;
            if (std::string_view(list) == "containerStatuses") continue;
            if (auto text = failed_init(status); !text.empty()) return text;
        }
    }
    if (const auto end = end_of(pod); end && end->exit_code != 0) return end->text;
    return {};
}

std::optional<End> end_of(const Value& pod) {
    const auto terminated = at(flux_status(pod), {"state", "terminated"});
    const auto code = terminated.get("exitCode").as_integer();
    if (!code) return {};
    return End{*code, describe(terminated)};
}

}  // namespace muster::controller
