// SPDX-License-Identifier: Apache-2.0
// The settings table. A new setting is one row here and one member of Settings.
#include <array>
#include <charconv>

#include "muster/base/words.hpp"
#include "muster/bootstrap/duration.hpp"
#include "muster/bootstrap/settings.hpp"

namespace muster::bootstrap {
namespace {

Result<std::uint32_t> parse_number(std::string_view text, std::uint32_t least, std::uint32_t most) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most)
        return fail(Kind::usage, "'{}' is not a number from {} to {}", text, least, most);
    return static_cast<std::uint32_t>(number);
}

template <auto Member, std::uint32_t Least, std::uint32_t Most>
Result<void> number(Settings& settings, std::string_view text) {
    TRY_ASSIGN(settings.*Member, parse_number(text, Least, Most));
    return {};
}

Result<void> port(Settings& settings, std::string_view text) {
    TRY_ASSIGN(const std::uint32_t value, parse_number(text, 1, 65535));
    settings.port = static_cast<std::uint16_t>(value);
    return {};
}

template <auto Member>
Result<void> word(Settings& settings, std::string_view text) {
    if (text.empty()) return fail(Kind::usage, "the value is empty");
    if (text.find('\0') != std::string_view::npos || text.find('\n') != std::string_view::npos)
        return fail(Kind::usage, "the value has more than one line");
    settings.*Member = std::string(text);
    return {};
}

/// The addresses are the resolver's to judge, which takes a port for what is left of it in 16 bits.
Result<void> name_servers(Settings& settings, std::string_view text) {
    TRY(word<&Settings::dns>(settings, text));
    while (!text.empty()) {
        const auto end = std::min(text.find(','), text.size());
        const auto server = text.substr(0, end);
        const auto colon = server.rfind(':');
        // "::1" is an address alone, "[::1]:53" has a port.
        const bool has_port = colon != std::string_view::npos &&
                              (server.find(':') == colon || server.substr(0, colon).ends_with(']'));
        if (has_port && !parse_number(server.substr(colon + 1), 1, 65535))
            return fail(Kind::usage,
                        "'{}' has no port from 1 to 65535 after its last colon: leave the port out "
                        "for 53",
                        server);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return {};
}

template <auto Member>
Result<void> duration(Settings& settings, std::string_view text) {
    TRY_ASSIGN(const auto value, parse_bounded_duration(text));
    if (value.count() == 0) return fail(Kind::usage, "'{}' is no time at all", text);
    settings.*Member = value;
    return {};
}

template <auto Member>
Result<void> words(Settings& settings, std::string_view text) {
    TRY_ASSIGN(settings.*Member, split_words(text));
    return {};
}

Result<void> option(Settings& settings, std::string_view text) {
    // Several in one variable, one a line; a flag may be repeated.
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = text.substr(0, end);
        if (line.find('=') == std::string_view::npos || line.starts_with('='))
            return fail(Kind::usage, "'{}' is not NAME=VALUE", line);
        settings.options.emplace_back(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return {};
}

template <class Enum>
struct Choice {
    std::string_view name;
    Enum value;
};

template <class Enum, std::size_t Count>
Result<Enum> choose(std::string_view text, const std::array<Choice<Enum>, Count>& choices) {
    std::string names;
    for (const auto& choice : choices) {
        if (choice.name == text) return choice.value;
        names.append(names.empty() ? "" : ", ").append(choice.name);
    }
    return fail(Kind::usage, "'{}' is none of {}", text, names);
}

Result<void> mode(Settings& settings, std::string_view text) {
    static constexpr std::array<Choice<Mode>, 5> modes{{{"submit", Mode::submit},
                                                        {"launcher", Mode::launcher},
                                                        {"batch", Mode::batch},
                                                        {"batch-raw", Mode::batch_raw},
                                                        {"interactive", Mode::interactive}}};
    TRY_ASSIGN(settings.mode, choose(text, modes));
    return {};
}

Result<void> ip(Settings& settings, std::string_view text) {
    static constexpr std::array<Choice<IpFamily>, 3> families{
        {{"auto", IpFamily::any}, {"4", IpFamily::ipv4}, {"6", IpFamily::ipv6}}};
    TRY_ASSIGN(settings.ip, choose(text, families));
    return {};
}

Result<void> on_end(Settings& settings, std::string_view text) {
    static constexpr std::array<Choice<OnEnd>, 2> ends{
        {{"exit", OnEnd::exit}, {"rejoin", OnEnd::rejoin}}};
    TRY_ASSIGN(settings.on_end, choose(text, ends));
    return {};
}

Result<void> log_level(Settings& settings, std::string_view text) {
    static constexpr std::array<Choice<std::string_view>, 4> levels{
        {{"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}}};
    TRY_ASSIGN(const std::string_view level, choose(text, levels));
    settings.log_level = level;
    return {};
}

constexpr std::uint32_t most_ranks = 1u << 20;
using S = Settings;

constexpr std::array rows{
    SettingRow{"name", "NAME", "from the platform", "stem of the host names; in a list, this host",
               word<&S::name>},
    SettingRow{"rank", "N", "from the platform", "this pod's rank",
               number<&S::rank, 0, most_ranks>},
    SettingRow{"size", "N", "length of --hosts, else 1 where the platform has no peers",
               "brokers at start", number<&S::size, 1, most_ranks>},
    SettingRow{"max-size", "N", "size", "ranks configured; absent ones are down until they come",
               number<&S::max_size, 1, most_ranks>},
    SettingRow{"min-size", "N", "size", "quorum: brokers online before the program starts",
               number<&S::min_size, 1, most_ranks>},
    SettingRow{"service", "NAME", "the pod's subdomain",
               "headless Service under which the names live", word<&S::service>},
    SettingRow{"namespace", "NAME", "resolv.conf", "namespace of the Service",
               word<&S::namespace_name>},
    SettingRow{"domain", "NAME", "resolv.conf", "cluster domain", word<&S::domain>},
    SettingRow{"hosts", "HOSTLIST", "computed", "an explicit list of hosts in rank order (RFC 29)",
               word<&S::hosts>},
    SettingRow{"addresses", "HOSTLIST", "-",
               "numeric addresses in rank order; brokers bind and connect by them",
               word<&S::addresses>},
    SettingRow{"ordinals-start", "N", "0",
               "spec.ordinals.start of the StatefulSet, which nothing in a pod tells",
               number<&S::ordinals_start, 0, 1u << 31>},
    SettingRow{"port", "PORT", "8050", "port on which brokers with children listen", port},
    SettingRow{"bind", "ADDRESS", "*", "interface or address to listen on", word<&S::bind>},
    SettingRow{"ip", "4|6|auto", "auto",
               "address family of the peers; auto takes what this pod has, IPv6 first", ip},
    SettingRow{"leader-address", "ADDRESS", "-",
               "dial this name or address instead of the leader's name (a ClusterIP, say)",
               word<&S::leader_address>},
    SettingRow{"topology", "TOPOLOGY", "flat", "flat, kary:K, mincrit[:K] or binomial",
               word<&S::topology>},
    SettingRow{"cert", "FILE", "-", "the instance's CURVE certificate", word<&S::cert>},
    SettingRow{"secret", "FILE", "-",
               "a shared secret (muster keygen --secret) from which the certificate is derived",
               word<&S::secret>},
    SettingRow{"cores", "N", "what this pod may use", "cores of every pod in R",
               number<&S::cores, 1, 65536>},
    SettingRow{"gpus", "N", "what hwloc finds", "GPUs of every pod in R",
               number<&S::gpus, 0, 1024>},
    SettingRow{"resources", "SHAPES", "-", "unequal pods, \"[0-3]:cores=4;[4-7]:cores=8,gpus=1\"",
               word<&S::resources>},
    SettingRow{"exclude", "RANKS", "-", "ranks or hosts that get no jobs", word<&S::exclude>},
    SettingRow{"flux", "PATH|none", "flux in PATH",
               "the flux program or its directory; none is the rehearsal broker", word<&S::flux>},
    SettingRow{"mode", "MODE", "submit", "submit, launcher, batch, batch-raw or interactive", mode},
    SettingRow{"tasks", "N", "nodes", "tasks of the submitted program",
               number<&S::tasks, 1, 1u << 24>},
    SettingRow{"nodes", "N", "size", "nodes of the submitted program",
               number<&S::nodes, 1, most_ranks>},
    SettingRow{"flags", "WORDS", "-",
               "more flags for flux run, bulksubmit or alloc; quoted as in a shell",
               words<&S::flags>},
    SettingRow{"wrap", "WORDS", "-", "words put before the initial program; quoted as in a shell",
               words<&S::wrap>},
    SettingRow{"config", "FILE", "-", "your TOML, merged over muster's", word<&S::config>},
    SettingRow{"option", "NAME=VALUE", "-",
               "a broker attribute (-S); may be repeated; in the variable one a line", option},
    SettingRow{"dir", "DIR", "/run/muster", "where muster writes its files", word<&S::dir>},
    SettingRow{"statedir", "DIR", "-", "where the leader keeps its state", word<&S::statedir>},
    SettingRow{"restore", "FILE", "-", "content to load at start", word<&S::restore>},
    SettingRow{"dump", "FILE", "-", "where to dump the content at an orderly end", word<&S::dump>},
    SettingRow{"wait", "DURATION", "10m", "how long to wait for the parent", duration<&S::wait>},
    SettingRow{"grace", "DURATION", "25s",
               "how long a stop may take (below the pod's terminationGracePeriodSeconds)",
               duration<&S::grace>},
    SettingRow{"on-end", "exit|rejoin", "exit",
               "what a follower does when the instance has ended in order", on_end},
    SettingRow{"dns", "ADDRESS[:PORT],...", "resolv.conf", "name servers to ask instead",
               name_servers},
    SettingRow{"log-level", "LEVEL", "info", "debug, info, warning or error", log_level},
};

}  // namespace

std::span<const SettingRow> setting_rows() {
    return rows;
}

}  // namespace muster::bootstrap
