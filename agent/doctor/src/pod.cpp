// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/pod.hpp"

#include <algorithm>

#include "muster/base/fd.hpp"
#include "muster/json.hpp"

namespace muster::doctor {
namespace {

/// The strings of a file of /proc that ends each with a zero byte.
std::vector<std::string> read_strings(const std::string& path) {
    const auto text = read_file(path, 4u << 20).value_or("");
    std::vector<std::string> strings;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\0', begin), text.size());
        strings.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return strings;
}

std::string base_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

}  // namespace

Entrypoint read_entrypoint(const std::string& root) {
    Entrypoint entrypoint;
    const auto words = read_strings(root + "/proc/1/cmdline");
    if (words.empty() || base_name(words.front()) != "muster-init") return entrypoint;
    auto at = std::ranges::find_if(
        words, [](const std::string& word) { return base_name(word) == "muster"; });
    if (at == words.end() || ++at == words.end() || *at != "run") return entrypoint;
    // Up to the program: what is no flag, or "--".
    if (const auto line = bootstrap::parse_command_line(std::span(&*at + 1, &*words.end()), {}))
        for (const auto& [name, value] : line->flags)
            entrypoint.words.push_back(fmt::format("--{}={}", name, value));
    for (const auto& variable : read_strings(root + "/proc/1/environ")) {
        const auto equals = variable.find('=');
        if (equals != std::string::npos && variable.starts_with("MUSTER_"))
            entrypoint.environment[variable.substr(0, equals)] = variable.substr(equals + 1);
    }
    return entrypoint;
}

std::vector<std::string> words_over(const Entrypoint& entrypoint,
                                    std::span<const std::string> words) {
    auto all = entrypoint.words;
    all.insert(all.end(), words.begin(), words.end());
    return all;
}

Environment environment_over(const Entrypoint& entrypoint, Environment environment) {
    for (const auto& [name, value] : entrypoint.environment) environment.try_emplace(name, value);
    return environment;
}

Result<std::string> choose_flux(const bootstrap::Settings& settings) {
    const auto report =
        json::Value::parse(read_file(bootstrap::Paths(settings.dir).report).value_or(""))
            .value_or(json::Value());
    const bool says_none = settings.flux == "none";
    const bool is_rehearsal = report.get("rehearsal").as_boolean().value_or(says_none);
    const auto rehearsal = bootstrap::find_own_program("muster-rehearsal");
    if (is_rehearsal) return rehearsal;
    const auto& wanted = says_none ? std::string("flux") : settings.flux;
    if (auto found = bootstrap::find_flux(wanted); !found.empty()) return found;
    if (const auto other = report.get("flux").as_string())
        return fail(Kind::no_program,
                    "{} is not there, and the broker of {} was {}: name flux with --flux {} "
                    "(MUSTER_FLUX)",
                    wanted, settings.dir, *other, *other);
    if (wanted == "flux" && !bootstrap::find_program(rehearsal).empty()) return rehearsal;
    return fail(Kind::no_program, "{} is not there: name flux with --flux (MUSTER_FLUX)", wanted);
}

Result<Pod> load_pod(const bootstrap::Settings& settings, const Environment& environment) {
    Pod pod;
    pod.settings = settings;
    pod.settings.mode = bootstrap::Mode::interactive;  // the program is not our business
    TRY_ASSIGN(pod.facts, bootstrap::gather_facts(pod.settings, {}));
    TRY_ASSIGN(pod.plan, bootstrap::make_plan(pod.settings, {}, pod.facts));
    const auto flux = choose_flux(settings).value_or(pod.facts.flux);
    pod.flux = {.program = flux, .socket = pod.plan.paths.socket, .environment = environment};
    return pod;
}

Result<void> check_whose_directory(const Pod& pod) {
    const auto& paths = pod.plan.paths;
    if (look_at_socket(paths.socket).state != Socket::State::open) return {};
    const auto report =
        json::Value::parse(read_file(paths.report).value_or("")).value_or(json::Value());
    const auto rank = report.get("rank").as_integer();
    const auto size = report.get("max_size").as_integer();
    const auto& identity = pod.plan.identity;
    if (!rank || !size || (*rank == identity.rank && *size == identity.max_size)) return {};
    return fail(Kind::config,
                "{} is of rank {} of {}, and these settings make rank {} of {}: give that pod's "
                "settings, those of its muster run",
                paths.dir, *rank, *size, identity.rank, identity.max_size);
}

}  // namespace muster::doctor
