// SPDX-License-Identifier: Apache-2.0
// Run by muster-init when a broker has failed: one sentence with cause and mend.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>

#include "commands.hpp"
#include "muster/base/atomic_file.hpp"
#include "muster/base/fd.hpp"
#include "muster/base/own_status.hpp"
#include "muster/bootstrap/plan.hpp"
#include "muster/diagnosis.hpp"
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

/// The end of what the broker wrote, from stdin; muster-init gives no more than 4 KiB.
std::string last_words() {
    constexpr std::size_t most = 4096;
    std::string words(most, '\0');
    std::size_t size = 0;
    while (size < words.size()) {
        const auto got = ::read(STDIN_FILENO, words.data() + size, words.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        size += static_cast<std::size_t>(got);
    }
    words.resize(size);
    // Where the beginning is cut off, so may be its first line.
    if (size == most) words.erase(0, words.find('\n') + 1);
    return words;
}

/// Processes of this pod that the kernel has killed for memory (cgroup v2, then v1); 0 where that
/// cannot be told.
int killed_for_memory() {
    for (const auto* path :
         {"/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"}) {
        const auto text = "\n" + read_file(path, 4096).value_or("");
        constexpr std::string_view name = "\noom_kill ";
        int count = 0;
        if (const auto at = text.find(name); at != text.npos)
            std::from_chars(text.data() + at + name.size(), text.data() + text.size(), count);
        if (count > 0) return count;
    }
    return 0;
}

/// "WHAT: cause: mend (its log: line)", as much of it as is known.
std::string with_finding(std::string what, const std::optional<diagnosis::Finding>& found,
                         std::string_view otherwise) {
    if (found && !found->cause.empty())
        what += fmt::format(": {}: {}", found->cause, found->mend);
    else if (!otherwise.empty())
        what += fmt::format(": {}", otherwise);
    if (found) what += fmt::format(" (its log: {})", found->evidence);
    return what;
}

/// What could not be started, as the last of those that said so calls it: Flux's shell, muster-init
/// or a shell. Empty when none did.
std::string missing_program(std::string_view tail) {
    while (!tail.empty()) {
        const auto newline = tail.rfind('\n');
        auto line = tail.substr(newline == tail.npos ? 0 : newline + 1);
        tail = tail.substr(0, newline == tail.npos ? 0 : newline);
        constexpr std::array<std::string_view, 3> ends{": No such file or directory",
                                                       ": command not found", ": not found"};
        for (const auto end : ends) {
            if (!line.ends_with(end)) continue;
            line.remove_suffix(end.size());
            if (const auto colon = line.rfind(": "); colon != line.npos)
                line.remove_prefix(colon + 2);
            constexpr std::string_view of_muster_init = "cannot execute the program ";
            if (line.starts_with(of_muster_init)) line.remove_prefix(of_muster_init.size());
            return std::string(line);
        }
    }
    return {};
}

std::string of_program(const std::string& recorded, const std::string& tail) {
    if (recorded == "exit 127") {
        const auto name = missing_program(tail);
        return fmt::format(
            "{} not found (exit code 127, the program's): check its name and PATH in the image",
            name.empty() ? "the program was" : name + ":");
    }
    if (recorded == "exit 126")
        return "the program cannot be executed (exit code 126, the program's): check its mode "
               "and format";
    if (recorded == "signal 9" && killed_for_memory() > 0)
        return "the program was killed (SIGKILL): out of memory: the kernel has ended a process of "
               "this pod; raise its memory limit";
    const auto ended =
        "the program ended with " + (recorded.starts_with("signal ")
                                         ? recorded
                                         : "exit code " + recorded.substr(recorded.find(' ') + 1));
    if (const auto lost = diagnosis::find_cause(tail, diagnosis::Of::rank))
        return with_finding(ended, lost, "");
    return with_finding(fmt::format("{} {}", ended, own_status),
                        diagnosis::find_cause(tail, diagnosis::Of::job), "");
}

std::string of_broker(const Question& question, const std::string& tail) {
    const auto end = describe_end(question.status);
    const auto broker = fmt::format("the {}'s broker", question.role);
    if (question.status == 137) {
        const auto count = killed_for_memory();
        return fmt::format(
            "{} was killed (SIGKILL): {}", broker,
            count > 0 ? fmt::format("out of memory: the kernel has ended {} {} of this pod; raise "
                                    "its memory limit",
                                    count, count == 1 ? "process" : "processes")
                      : "out of memory, or killed by hand; raise the memory limit, or see the "
                        "node's log");
    }
    if (question.status == 134 || question.status == 135 || question.status == 139)
        return fmt::format("{} crashed ({}): a fault of Flux or of its libraries; keep the log",
                           broker, end);
    if (question.status > 128)
        return fmt::format("{} ended by {}: it was asked to stop before the program had ended",
                           broker, end);
    if (question.status == 0)
        return fmt::format(
            "{} ended in order without a program's status: it was shut down before the program "
            "ran",
            broker);
    return with_finding(fmt::format("{} ended with {}", broker, end),
                        diagnosis::find_cause(tail, diagnosis::Of::broker),
                        question.role == "follower"
                            ? "it lost its parent or was refused by it; the lines above say why"
                            : "the program had not ended; the lines above say why");
}

}  // namespace

Result<int> explain(Words words) {
    Question question;
    TRY_ASSIGN(const auto line,
               bootstrap::parse_command_line(words, environment(), extra, &question));
    if (line.help) return print_help("explain", extra);
    if (question.role.empty()) return fail(Kind::usage, "--role is missing: leader or follower");
    const auto tail = question.has_tail ? last_words() : "";
    // "exit 3" or "signal 9", recorded by the shim; empty when the program never ended.
    const auto recorded = question.role == "leader" && !question.program_status.empty()
                              ? read_record(question.program_status, 64)
                              : "";
    const auto text = recorded.empty() ? of_broker(question, tail) : of_program(recorded, tail);
    log::error("{}", text);
    write_termination_message("muster: " + text);
    // For the doctor, which is asked later. Where it cannot be written, the log has it.
    static_cast<void>(write_file(bootstrap::Paths(line.settings.dir).explained, text + "\n", 0644));
    return 0;
}

}  // namespace muster::commands
