// SPDX-License-Identifier: Apache-2.0
#include "shell_text.hpp"

namespace muster::controller {
namespace {

/// sh stays for what follows: it passes signals on, waits again when one has interrupted it, and
/// ends with the command's code, or with that of the text where the command's is 0.
constexpr const char* run_and_stay =
    "code=0\n"
    "\"$@\" <&0 &\n"
    "command=$!\n"
    "trap 'kill -s TERM \"$command\"' TERM\n"
    "trap 'kill -s INT \"$command\"' INT\n"
    "while wait \"$command\" && code=0 || code=$?; kill -s 0 \"$command\" 2>/dev/null; do :; done\n"
    "trap - TERM INT\n"
    "trap '[ \"$code\" = 0 ] || exit \"$code\"' EXIT\n";

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

std::string before(const Container& container, const std::string& archive) {
    auto text = line(container.init) + line(container.pre) + line(container.service_pre) +
                for_role("=", container.broker_pre) + for_role("!=", container.worker_pre);
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
