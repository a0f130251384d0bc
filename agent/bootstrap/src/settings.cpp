// SPDX-License-Identifier: Apache-2.0
#include "muster/bootstrap/settings.hpp"

#include <getopt.h>

#include <algorithm>

namespace muster::bootstrap {
namespace {

/// "tcp://10.0.0.1:8050": what a Service named muster puts into MUSTER_PORT and its like.
bool is_service_link(std::string_view value) {
    return value.starts_with("tcp://") || value.starts_with("udp://") ||
           value.starts_with("sctp://");
}

/// MUSTER_SERVICE_HOST, MUSTER_PORT_8050_TCP_ADDR, ...: the other variables of a Service link.
bool is_service_link_name(std::string_view name) {
    return name == "MUSTER_SERVICE_HOST" || name.starts_with("MUSTER_SERVICE_PORT") ||
           name.starts_with("MUSTER_PORT_");
}

/// Ours, but no setting: between muster-init and the agent.
bool is_internal_name(std::string_view name) {
    return name == "MUSTER_INIT_FD";
}

Result<void> apply_environment(const Environment& environment, CommandLine& line) {
    for (const auto& row : setting_rows()) {
        const auto variable = environment.find(variable_name(row.name));
        if (variable == environment.end() || variable->second.empty()) continue;
        if (is_service_link(variable->second)) {
            line.links.push_back(fmt::format("{} is '{}', a Service link of Kubernetes and no "
                                             "setting: ignored",
                                             variable->first, variable->second));
            continue;
        }
        TRY(within(variable->first, row.apply(line.settings, variable->second)));
    }
    for (const auto& [name, value] : environment) {
        if (!name.starts_with("MUSTER_") || is_service_link(value) || is_service_link_name(name) ||
            is_internal_name(name))
            continue;
        const auto rows = setting_rows();
        const bool known = std::any_of(
            rows.begin(), rows.end(),
            [&name = name](const SettingRow& row) { return variable_name(row.name) == name; });
        if (!known)
            line.warnings.push_back(fmt::format(
                "{} is set, but there is no such setting: see muster help settings", name));
    }
    return {};
}

/// How many letters must be put in, left out or replaced to make one word of the other.
std::size_t distance(std::string_view one, std::string_view other) {
    std::vector<std::size_t> previous(other.size() + 1);
    for (std::size_t i = 0; i < previous.size(); ++i) previous[i] = i;
    for (std::size_t i = 1; i <= one.size(); ++i) {
        std::vector<std::size_t> next{i};
        for (std::size_t j = 1; j <= other.size(); ++j)
            next.push_back(std::min({previous[j] + 1, next[j - 1] + 1,
                                     previous[j - 1] + (one[i - 1] == other[j - 1] ? 0u : 1u)}));
        previous = std::move(next);
    }
    return previous.back();
}

/// The flag that `wrong` was most likely meant to be, or "": less than half of it may be wrong.
std::string_view nearest_flag(std::string_view wrong, std::span<const ExtraFlag> extra) {
    std::string_view best;
    std::size_t best_distance = std::min<std::size_t>(3, wrong.size() / 2 + 1);
    const auto consider = [&](std::string_view name) {
        const auto here = distance(wrong, name);
        if (here >= best_distance) return;
        best_distance = here;
        best = name;
    };
    for (const auto& flag : extra) consider(flag.name);
    for (const auto& row : setting_rows()) consider(row.name);
    return best;
}

Error unknown_flag(std::string_view word, std::span<const ExtraFlag> extra) {
    const auto bare = word.substr(std::min(word.find_first_not_of('-'), word.size()));
    const auto near = nearest_flag(bare.substr(0, bare.find('=')), extra);
    return Error{Kind::usage,
                 near.empty() ? fmt::format("unknown flag '{}': see --help", word)
                              : fmt::format("unknown flag '{}': did you mean --{}?", word, near)};
}

}  // namespace

std::string variable_name(std::string_view setting) {
    std::string name = "MUSTER_";
    for (const char c : setting)
        name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return name;
}

Result<CommandLine> parse_command_line(std::span<const std::string> words,
                                       const Environment& environment,
                                       std::span<const ExtraFlag> extra, void* extra_target) {
    CommandLine line;
    TRY(apply_environment(environment, line));

    constexpr int first_row = 1000;
    std::vector<std::string> names;  // option keeps pointers into these
    names.reserve(setting_rows().size() + extra.size());
    std::vector<option> options;
    std::string letters = "+:h";  // stop at the first word that is no flag; report errors to us
    const auto add = [&](std::string_view name, bool takes_value) {
        names.emplace_back(name);
        options.push_back({names.back().c_str(), takes_value ? required_argument : no_argument,
                           nullptr, first_row + static_cast<int>(options.size())});
    };
    for (const auto& row : setting_rows()) add(row.name, true);
    for (const auto& flag : extra) {
        add(flag.name, flag.takes_value);
        if (flag.letter != 0) letters.append(1, flag.letter).append(flag.takes_value ? ":" : "");
    }
    options.push_back({"help", no_argument, nullptr, 'h'});
    options.push_back({});

    std::vector<std::string> copies{"muster"};
    copies.insert(copies.end(), words.begin(), words.end());
    std::vector<char*> argv;
    for (auto& copy : copies) argv.push_back(copy.data());
    argv.push_back(nullptr);
    const int argc = static_cast<int>(copies.size());

    bool first_option = true;
    ::optind = 0;  // glibc: start afresh
    for (;;) {
        const int before = std::max(::optind, 1);
        const int found =
            ::getopt_long(argc, argv.data(), letters.c_str(), options.data(), nullptr);
        if (found == -1) break;
        const std::string_view given = argv[static_cast<std::size_t>(before)] != nullptr
                                           ? argv[static_cast<std::size_t>(before)]
                                           : "";
        if (found == '?') return tl::unexpected<Error>(unknown_flag(given, extra));
        if (found == ':') return fail(Kind::usage, "flag '{}' needs a value: see --help", given);
        if (found == 'h') {
            line.help = true;
            continue;
        }
        const std::string_view value = ::optarg != nullptr ? ::optarg : "";
        if (const auto letter =
                std::find_if(extra.begin(), extra.end(),
                             [found](const ExtraFlag& flag) { return flag.letter == found; });
            letter != extra.end()) {
            TRY(within(fmt::format("-{}", letter->letter), letter->apply(extra_target, value)));
            continue;
        }
        const auto index = static_cast<std::size_t>(found - first_row);
        if (index >= setting_rows().size()) {
            const auto& flag = extra[index - setting_rows().size()];
            TRY(within(fmt::format("--{}", flag.name), flag.apply(extra_target, value)));
            continue;
        }
        const auto& row = setting_rows()[index];
        if (row.name == "option" && std::exchange(first_option, false))
            line.settings.options.clear();  // flags replace the variable
        TRY(within(fmt::format("--{}", row.name), row.apply(line.settings, value)));
        line.flags.emplace_back(row.name, value);
    }
    for (int i = ::optind; i < argc; ++i)
        line.command.emplace_back(copies[static_cast<std::size_t>(i)]);
    return line;
}

std::string format_settings_help(const std::function<bool(std::string_view)>& is_wanted) {
    std::string text;
    for (const auto& row : setting_rows())
        if (!is_wanted || is_wanted(row.name))
            text += fmt::format("  {:<32} {} [{}]\n", fmt::format("--{} {}", row.name, row.value),
                                row.meaning, row.fallback);
    return text;
}

std::string format_settings_reference() {
    const auto cell = [](std::string_view text) {
        std::string escaped;
        for (const char c : text) escaped.append(c == '|' ? "\\|" : std::string(1, c));
        return escaped;
    };
    std::string text =
        "# Settings\n\n"
        "Made by `muster help settings --markdown` from agent/bootstrap/src/setting_rows.cpp; a "
        "test keeps it so.\n"
        "A flag wins over a variable, a variable over what the platform tells, that over the "
        "default. A variable whose value is a\n"
        "Service link (`tcp://...`) is ignored.\n\n"
        "| flag | variable | default | meaning |\n| --- | --- | --- | --- |\n";
    for (const auto& row : setting_rows())
        text += fmt::format("| `--{} {}` | `{}` | {} | {} |\n", row.name, cell(row.value),
                            variable_name(row.name), cell(row.fallback), cell(row.meaning));
    return text;
}

}  // namespace muster::bootstrap
