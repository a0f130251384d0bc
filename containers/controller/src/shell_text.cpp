// SPDX-License-Identifier: Apache-2.0
#include "shell_text.hpp"

namespace muster::controller {
namespace {

/// A part that fails is named where the kubelet looks for the cause, in a file of its own.
constexpr const char* name_failures =
    "trap '[ $? = 0 ] || [ ! -w /dev/termination-log ] || "
    "echo \"muster: $muster_part failed\" >|/dev/termination-log || :' EXIT\n";

/// sh stays for what follows: it passes signals on, those too that come before there is whom to pass
/// them to, waits again when one has interrupted it, and ends with the command's code, or with that
/// of the text where the command's is 0.
constexpr const char* run_and_stay =
    "muster_code=0 muster_child= muster_sent=\n"
    "muster_pass() {\n"
    "  if [ \"$muster_child\" ]; then kill -s \"$1\" \"$muster_child\" || :; else muster_sent=$1; fi\n"
    "}\n"
    "trap 'muster_pass TERM' TERM\n"
    "trap 'muster_pass INT' INT\n"
    "\"$@\" <&0 &\n"
    "muster_child=$!\n"
    "[ -z \"$muster_sent\" ] || muster_pass \"$muster_sent\"\n"
    "while wait \"$muster_child\" && muster_code=0 || muster_code=$?\n"
    "  kill -s 0 \"$muster_child\" 2>/dev/null; do :; done\n"
    "trap - TERM INT\n"
    "trap '[ \"$muster_code\" = 0 ] || exit \"$muster_code\"' EXIT\n";

std::string line(const std::string& text) {
    return text.empty() || text.back() == '\n' ? text : text + '\n';
}

/// As one word of sh.
std::string quoted(const std::string& text) {
    std::string made = "'";
    for (const char c : text) made += c == '\'' ? "'\\''" : std::string(1, c);
    return made + "'";
}

std::string for_role(const char* comparison, const std::string& text) {
    if (text.empty()) return {};
    return std::string("if [ \"$JOB_COMPLETION_INDEX\" ") + comparison + " 0 ]; then\n" +
           line(text) + "fi\n";
}

/// `text` of this field of commands.
std::string part(const char* name, const std::string& text) {
    if (text.empty()) return {};
    return std::string("muster_part=commands.") + name + "\n" + line(text);
}

std::string before(const Container& container, const std::string& archive) {
    auto text = part("init", container.init) + part("pre", container.pre) +
                part("servicePre", container.service_pre) +
                part("brokerPre", for_role("=", container.broker_pre)) +
                part("workerPre", for_role("!=", container.worker_pre));
    if (!text.empty()) text = name_failures + text + "trap - EXIT\n";
    if (!archive.empty())
        text += "if [ -e " + quoted(archive) + " ]; then export MUSTER_RESTORE=" + quoted(archive) +
                "; fi\n";
    return text;
}

}  // namespace

bool has_shell_text(const Container& container) {
    return !before(container, "").empty() || !container.post.empty();
}

std::vector<std::string> with_shell_text(const Container& container, const std::string& archive,
                                         std::vector<std::string> command) {
    const auto text = before(container, archive);
    if (text.empty() && container.post.empty()) return command;
    const auto rest =
        container.post.empty() ? "exec \"$@\"\n" : run_and_stay + line(container.post);
    command.insert(command.begin(), {"sh", "-c", "set -e\n" + text + rest, "sh"});
    return command;
}

}  // namespace muster::controller
