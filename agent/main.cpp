// SPDX-License-Identifier: Apache-2.0
// The command table of `muster`.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <string>
#include <vector>

#include "commands/commands.hpp"
#include "muster/base/fd.hpp"
#include "muster/log.hpp"

namespace muster::commands {
namespace {

constexpr std::array rows{
    Command{"run", "[FLAGS] [-- CMD ARGS...]", "become this pod's Flux broker; the leader runs CMD",
            &run},
    Command{"plan", "[--rank N] [--json] [FLAGS] [-- CMD ARGS...]",
            "print what run would do, for any rank; never a secret", &plan},
    Command{"up", "-n N [FLAGS] [-- CMD ARGS...]",
            "N brokers on this machine, without privilege; the leader runs CMD", &up},
    Command{"keygen", "[--secret] [--name NAME] FILE", "make a certificate, or a shared secret",
            &keygen},
    Command{"resources", "[FLAGS]", "print R (RFC 20) for this pod, or for given shapes",
            &resources},
    Command{"check", "[--json] [--for DURATION] [FLAGS]",
            "find out what keeps this pod from its instance, and how to mend it", &check},
    Command{"peers", "[--json] [--for DURATION] [FLAGS]",
            "names, addresses and reachability of all ranks", &peers},
    Command{"status", "[--json] [FLAGS]", "state of all ranks, by the broker and by their pods",
            &status},
    Command{"probe", "startup|ready|live [--for DURATION] [FLAGS]",
            "exec probe for Kubernetes; says why it fails", &probe},
    Command{"leave", "[--for DURATION] [FLAGS]",
            "preStop of a pod that goes for good: drain, wait for its jobs", &leave},
    Command{"explain", "--status N --role leader|follower",
            "say in one sentence why a broker ended", &explain},
    Command{"install", "[--verify] [--list] DIR",
            "copy muster to DIR as a bundle that runs in any image of this architecture", &install},
    Command{"timeline", "[--out FILE.html|FILE.json] [--json] [FLAGS] [FILE|DIR...]",
            "show what each pod of an instance did when, and what cost time", &timeline},
    Command{"help", "[settings|exit-codes]", "print this, the settings, or the exit codes", &help},
};

}  // namespace

std::span<const Command> table() {
    return rows;
}

Result<void> print(std::string_view text) {
    return within("standard output", write_all(STDOUT_FILENO, text));
}

}  // namespace muster::commands

namespace {

muster::Result<int> dispatch(const std::vector<std::string>& words) {
    using namespace muster;
    if (words.empty()) return fail(Kind::usage, "no command: try 'muster help'");
    const std::string& name = words.front();
    if (name == "--help" || name == "-h") return commands::help({});
    if (name == "--version" || name == "version") {
        TRY(commands::print("muster " MUSTER_VERSION "\n"));
        return 0;
    }
    const auto table = commands::table();
    const auto command = std::find_if(table.begin(), table.end(),
                                      [&name](const auto& row) { return row.name == name; });
    if (command == table.end())
        return fail(Kind::usage, "unknown command '{}': try 'muster help'", name);
    return within(name, command->run(std::span(words).subspan(1)));
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    const auto result = dispatch(words);
    if (result) return *result;
    muster::log::error("{}", result.error().message);
    return muster::exit_code(result.error().kind);
}
