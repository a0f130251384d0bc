// SPDX-License-Identifier: Apache-2.0
// Run by muster-init when a broker has failed: one sentence with cause and mend.
#include <array>
#include <charconv>
#include <cstring>

#include "commands.hpp"
#include "muster/base/fd.hpp"
#include "muster/log.hpp"
#include "termination.hpp"

namespace muster::commands {
namespace {

struct Question {
    int status = 0;
    std::string role;
    bool has_tail = false;       ///< on stdin
    std::string program_status;  ///< the shim's record; empty on a follower
};

constexpr std::array<bootstrap::ExtraFlag, 4> extra{{
    {"status", 0, true, "exit code of the broker (128 + n for signal n)",
     [](void* target, std::string_view text) -> Result<void> {
         auto& status = static_cast<Question*>(target)->status;
         const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
         if (error != std::errc{} || end != text.data() + text.size() || status < 0 || status > 255)
             return fail(Kind::usage, "'{}' is not a number from 0 to 255", text);
         return {};
     }},
    {"role", 0, true, "leader or follower",
     [](void* target, std::string_view text) -> Result<void> {
         if (text != "leader" && text != "follower")
             return fail(Kind::usage, "'{}' is neither leader nor follower", text);
         static_cast<Question*>(target)->role = text;
         return {};
     }},
    {"program-status", 0, true, "file in which muster-init program has recorded the program's end",
     [](void* target, std::string_view text) -> Result<void> {
         static_cast<Question*>(target)->program_status = text;
         return {};
     }},
    {"tail", 0, false, "the end of what the broker wrote to stderr is on standard input",
     [](void* target, std::string_view) -> Result<void> {
         static_cast<Question*>(target)->has_tail = true;
         return {};
     }},
}};

std::string describe_end(int status) {
    if (status <= 128) return fmt::format("exit code {}", status);
    const char* name = ::sigabbrev_np(status - 128);
    return name != nullptr ? fmt::format("signal {} (SIG{})", status - 128, name)
                           : fmt::format("signal {}", status - 128);
}

/// What the program's end says, recorded by the shim ("exit 3", "signal 9"); empty when it never
/// ended.
std::string recorded_status(const std::string& path) {
    auto text = read_file(path, 64).value_or("");
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

std::string sentence(const Question& question, const std::string& recorded) {
    if (question.role == "leader" && !recorded.empty()) {
        if (recorded == "exit 127")
            return "the program was not found (exit code 127, the program's): check its name and "
                   "PATH in the image";
        if (recorded == "exit 126")
            return "the program cannot be executed (exit code 126, the program's): check its mode "
                   "and format";
        return fmt::format("the program ended with {} (its own status, not muster's)",
                           recorded.starts_with("signal ")
                               ? recorded
                               : "exit code " + recorded.substr(recorded.find(' ') + 1));
    }
    const auto end = describe_end(question.status);
    if (question.status == 137)
        return fmt::format(
            "the {}'s broker was killed ({}): out of memory, or killed by hand; raise the memory "
            "limit, or see the node's log",
            question.role, end);
    if (question.status > 128)
        return fmt::format(
            "the {}'s broker ended by {}: it was asked to stop before the program had ended",
            question.role, end);
    if (question.status == 0)
        return fmt::format(
            "the {}'s broker ended in order without a program's status: it was shut down before "
            "the program ran",
            question.role);
    if (question.role == "follower")
        return fmt::format(
            "the follower's broker ended with {}: it lost its parent or was rejected by it; the "
            "lines 'overlay.crit' or 'broker.err' above say why; it rejoins when restarted",
            end);
    return fmt::format(
        "the leader's broker ended with {} before the program had a status: the lines "
        "'broker.crit' or 'broker.err' above name the cause (configuration, rc1 or the network)",
        end);
}

}  // namespace

Result<int> explain(Words words) {
    Question question;
    TRY_ASSIGN(const auto line,
               bootstrap::parse_command_line(words, environment(), extra, &question));
    if (line.help) return print_help("explain", extra);
    if (question.role.empty()) return fail(Kind::usage, "--role is missing: leader or follower");
    const auto text = sentence(
        question, question.program_status.empty() ? "" : recorded_status(question.program_status));
    log::error("{}", text);
    write_termination_message("muster: " + text);
    return 0;
}

}  // namespace muster::commands
