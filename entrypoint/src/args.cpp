// SPDX-License-Identifier: Apache-2.0
#include "args.hpp"

namespace muster::init {
namespace {

bool set_grace(Options& options, std::string_view text) {
    const auto grace = parse_duration(text);
    if (grace) {
        options.grace = *grace;
    }
    return grace.has_value();
}

bool set_on_end(Options& options, std::string_view text) {
    if (text != "exit" && text != "rejoin") {
        return false;
    }
    options.on_end = text == "exit" ? OnEnd::exit : OnEnd::rejoin;
    return true;
}

constexpr std::string_view grace_hint = ": must be a duration such as 25, 25s, 500ms or 2m";
constexpr std::string_view on_end_hint = ": must be exit or rejoin";

/// One variable, unless its flag was given.
void apply_variable(Parsed& parsed, const char* name, const char* value,
                    bool (*set)(Options&, std::string_view), std::string_view hint) {
    const std::string_view text(value != nullptr ? value : "");
    if (text.empty() || text.find("://") != std::string_view::npos || !parsed.problem.empty()) {
        return;
    }
    if (!set(parsed.options, text)) {
        parsed.problem << "environment variable " << name << "=" << text << hint;
    }
}

/// If `word` is `--NAME` or `--NAME=VALUE`: the value, from the next word if need be (`at` moves
/// on). A flag at the end of the line has a null value.
bool is_flag(std::string_view word, std::string_view name, char**& at, const char*& value) {
    if (!starts_with(word, name)) {
        return false;
    }
    if (word.size() == name.size()) {
        value = at[1];
        at += value != nullptr ? 1 : 0;
        return true;
    }
    value = word.data() + name.size() + 1;
    return word[name.size()] == '=';
}

/// One word that begins with '-'; sets `problem` when it cannot be used.
void apply_flag(Parsed& parsed, char**& at) {
    Options& options = parsed.options;
    const std::string_view word(*at);
    const char* value = nullptr;
    const auto need = [&](bool good, std::string_view hint) {
        if (!good) {
            parsed.problem << word << " " << (value != nullptr ? value : "") << hint;
        }
    };
    const bool program = options.ask == Ask::program;
    if (is_flag(word, "--grace", at, value)) {
        need(value != nullptr && set_grace(options, value), grace_hint);
        options.grace_text = value;
    } else if (!program && is_flag(word, "--on-end", at, value)) {
        need(value != nullptr && set_on_end(options, value), on_end_hint);
        options.on_end_given = true;
    } else if (program && is_flag(word, "--status", at, value)) {
        need(value != nullptr && *value != '\0', ": must be the path of a file");
        options.status = value;
    } else if (word == "--help" || word == "-h") {
        options.ask = Ask::help;
    } else if (word == "--version") {
        options.ask = Ask::version;
    } else {
        parsed.problem << "unknown flag " << word << "; muster-init --help lists them";
    }
}

}  // namespace

Parsed parse_args(char** argv, Lookup lookup) {
    Parsed parsed;
    Options& options = parsed.options;
    char** at = argv[0] != nullptr ? argv + 1 : argv;
    if (*at != nullptr && std::string_view(*at) == "program") {
        options.ask = Ask::program;
        ++at;
    }
    for (; *at != nullptr && parsed.problem.empty(); ++at) {
        const std::string_view word(*at);
        if (word == "--") {
            ++at;
            break;
        }
        if (!starts_with(word, "-")) {
            break;
        }
        apply_flag(parsed, at);
        if (options.ask == Ask::help || options.ask == Ask::version) {
            return parsed;
        }
    }
    options.command = at;
    if (options.grace_text == nullptr) {
        apply_variable(parsed, "MUSTER_GRACE", lookup("MUSTER_GRACE"), set_grace, grace_hint);
    }
    if (!options.on_end_given && options.ask == Ask::supervise) {
        apply_variable(parsed, "MUSTER_ON_END", lookup("MUSTER_ON_END"), set_on_end, on_end_hint);
    }
    if (!parsed.problem.empty()) {
        return parsed;
    }
    if (*at == nullptr || **at == '\0') {
        parsed.problem << "no command to run: usage: muster-init [FLAGS] [--] CMD [ARGS...]";
    } else if (options.ask == Ask::program && options.status == nullptr) {
        parsed.problem << "program: --status PATH is missing";
    }
    return parsed;
}

std::string_view help_text() {
    return "usage: muster-init [--grace DURATION] [--on-end exit|rejoin] [--] CMD [ARGS...]\n"
           "       muster-init program --status PATH [--grace DURATION] [--] CMD [ARGS...]\n"
           "\n"
           "The first form is PID 1 of a pod: it runs CMD, forwards signals, reaps every process,\n"
           "starts a follower's broker again when it fails, and ends with CMD's exit code (128+n\n"
           "for a signal) within the grace. The second form runs the leader's program inside the\n"
           "broker, turns SIGHUP into SIGTERM and then SIGKILL, and records its end in PATH.\n"
           "\n"
           "  --grace DURATION  from the request to stop until everything is gone: 25, 500ms, 2m\n"
           "                    (default 25 s; MUSTER_GRACE)\n"
           "  --on-end WHAT     a follower whose instance ended in order exits, or goes back to\n"
           "                    its gates (default exit; MUSTER_ON_END)\n"
           "  --help, --version\n";
}

}  // namespace muster::init
