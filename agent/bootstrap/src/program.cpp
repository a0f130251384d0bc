// SPDX-License-Identifier: Apache-2.0
#include "program.hpp"

namespace muster::bootstrap {
namespace {

using Words = std::vector<std::string>;

void append(Words& words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
}

/// -N and -n as users of the Flux Operator know them: fewer tasks than nodes leave the nodes to the
/// scheduler.
Words size_flags(const Settings& settings, std::uint32_t size) {
    const std::uint32_t nodes = settings.nodes.value_or(size);
    const std::uint32_t tasks = settings.tasks.value_or(nodes);
    Words flags;
    if (settings.nodes || tasks >= nodes) flags.push_back(fmt::format("-N{}", nodes));
    flags.push_back(fmt::format("-n{}", tasks));
    return flags;
}

Result<void> check_sizes(const Settings& settings, std::uint32_t max_size) {
    if (settings.nodes && *settings.nodes > max_size)
        return fail(Kind::usage, "--nodes {} is larger than the instance, which has {} ranks",
                    *settings.nodes, max_size);
    if (settings.nodes && settings.tasks && *settings.tasks < *settings.nodes)
        return fail(Kind::usage, "--tasks {} is smaller than --nodes {}: every node gets a task",
                    *settings.tasks, *settings.nodes);
    return {};
}

Result<Words> make_words(const Settings& settings, const Words& command, const LocalFacts& facts,
                         std::uint32_t size, const Paths& paths) {
    Words words;
    switch (settings.mode) {
        case Mode::interactive:
            return fail(
                Kind::usage,
                "--mode interactive takes no program: leave it out, or choose --mode launcher");
        case Mode::launcher:
            return command;
        case Mode::submit:
            // flux run submits and watches. flux submit --watch would hold the output back until
            // the job ends, wherever it is not a terminal, and lose it when it is stopped (0.88).
            words = {facts.flux, "run"};
            append(words, size_flags(settings, size));
            append(words, settings.flags);
            words.emplace_back("--");
            append(words, command);
            return words;
        case Mode::batch:
            if (command.size() != 1)
                return fail(Kind::usage,
                            "--mode batch takes one script, of which every line is a job");
            if (facts.batch_lines.empty())
                return fail(Kind::usage, "--mode batch: {} has no command line", command.front());
            // Without --input the jobs wait for an end of their standard input that never comes.
            words = {facts.flux, "bulksubmit", "--watch", "--quiet", "--input=/dev/null"};
            append(words, settings.flags);
            // From a file: among the arguments a line of the user's could be taken for a separator.
            append(words, {"sh", "-c", "{}", "::::", paths.batch});
            return words;
        case Mode::batch_raw:
            break;
    }
    words = {facts.flux, "alloc"};
    append(words, size_flags(settings, size));
    append(words, settings.flags);
    append(words, command);
    return words;
}

}  // namespace

Result<Words> make_initial_program(const Settings& settings, const Words& command,
                                   const LocalFacts& facts, std::uint32_t size,
                                   const Paths& paths) {
    TRY(check_sizes(settings, settings.max_size.value_or(size)));
    if (command.empty()) {
        if (settings.mode == Mode::launcher)
            return fail(Kind::usage,
                        "--mode launcher (MUSTER_MODE): which program? Give it "
                        "after --");
        if (settings.mode == Mode::batch || settings.mode == Mode::batch_raw)
            return fail(Kind::usage, "--mode {} (MUSTER_MODE): which script? Give it after --",
                        settings.mode == Mode::batch ? "batch" : "batch-raw");
        return Words{};
    }
    TRY_ASSIGN(const Words words, make_words(settings, command, facts, size, paths));
    // The shim executes these words as they are; Flux would hand a lone argument with blanks to a
    // shell.
    Words program{facts.muster_init,
                  "program",
                  "--status",
                  paths.status,
                  "--grace",
                  fmt::format("{}ms", settings.grace.count()),
                  "--"};
    append(program, settings.wrap);
    append(program, words);
    return program;
}

}  // namespace muster::bootstrap
