// SPDX-License-Identifier: Apache-2.0
#include "setup.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <memory>

#include "muster/base/fd.hpp"

namespace muster::rehearsal {
namespace {

using broker_config::BrokerConfig;
using std::chrono::milliseconds;

/// "FILE:LINE: KEY: reason" as Flux words it: without the place, with the table.
Error as_flux(Error error) {
    if (error.kind != Kind::config) return std::move(error).within("Config file error");
    auto& text = error.message;
    const auto key_at = text.find(": ");
    const auto reason_at = key_at == std::string::npos ? key_at : text.find(": ", key_at + 2);
    if (reason_at == std::string::npos) return std::move(error).within("Config file error");
    const auto key = text.substr(key_at + 2, reason_at - key_at - 2);
    const auto table = key.substr(0, key.find('.'));
    text.erase(0, reason_at + 2);
    error = std::move(error).within(fmt::format("Config file error [{}]", table));
    return table == "bootstrap" ? std::move(error).within("bootstrap: config: initialize") : error;
}

Result<std::vector<std::string>> list_toml(const std::string& directory) {
    const std::unique_ptr<DIR, int (*)(DIR*)> opened(::opendir(directory.c_str()), &::closedir);
    if (!opened) return fail(Kind::io, "{}: {}", directory, os_error(errno));
    std::vector<std::string> files;
    while (const dirent* entry = ::readdir(opened.get())) {
        const std::string name(static_cast<const char*>(entry->d_name));
        if (name.ends_with(".toml")) files.push_back(directory + '/' + name);
    }
    std::ranges::sort(files);
    return files;
}

Result<BrokerConfig> read_config(const std::string& path) {
    if (path.empty()) return BrokerConfig{};
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0)
        return fail(Kind::io, "stat: {}: {}", path, os_error(errno));
    std::vector<std::string> files{path};
    if (S_ISDIR(info.st_mode)) {
        TRY_ASSIGN(files, list_toml(path));
    }
    std::vector<broker_config::UserFile> texts;
    for (const auto& file : files) {
        TRY_ASSIGN(auto text, read_file(file));
        texts.push_back({file, std::move(text)});
    }
    if (texts.empty()) return BrokerConfig{};
    if (texts.size() == 1) return broker_config::parse(texts[0].text, texts[0].file);
    TRY_ASSIGN(auto merged, broker_config::merge(BrokerConfig{}, texts));
    return std::move(merged.config);
}

/// An attribute that wins over the TOML key of the same name.
std::optional<std::string> choose(const Attributes& attributes, const std::string& name,
                                  const std::optional<std::string>& configured) {
    const auto found = attributes.find(name);
    return found == attributes.end() ? configured : std::optional(found->second);
}

/// Sets `target` from an FSD text; infinite is `never`.
Result<void> set_duration(milliseconds& target, const std::optional<std::string>& text,
                          std::string_view name, milliseconds never) {
    if (!text) return {};
    const auto seconds = broker_config::parse_duration(*text);
    if (!seconds) return fail(Kind::config, "Config file error parsing {}", name);
    target = std::isinf(*seconds) || *seconds > 1e6
                 ? never
                 : milliseconds(static_cast<std::int64_t>(*seconds * 1e3));
    return {};
}

/// A timeout attribute: "none" and infinity are no limit.
Result<std::optional<milliseconds>> limit(const Attributes& attributes, const std::string& name,
                                          std::optional<milliseconds> otherwise) {
    const auto found = attributes.find(name);
    if (found == attributes.end()) return otherwise;
    if (found->second == "none") return std::nullopt;
    const auto seconds = broker_config::parse_duration(found->second);
    if (!seconds) return fail(Kind::config, "Error parsing {} attribute", name);
    if (std::isinf(*seconds)) return std::nullopt;
    return milliseconds(static_cast<std::int64_t>(*seconds * 1e3));
}

Result<void> set_tbon(Setup& setup, const BrokerConfig& config) {
    auto& overlay = setup.overlay;
    const auto& given = setup.attributes;
    constexpr milliseconds day{86'400'000};
    constexpr milliseconds none{0};
    const auto& tbon = config.tbon;
    TRY(set_duration(overlay.connect_timeout,
                     choose(given, "tbon.connect_timeout", tbon.connect_timeout),
                     "tbon.connect_timeout", day));
    TRY(set_duration(overlay.tcp_user_timeout,
                     choose(given, "tbon.tcp_user_timeout", tbon.tcp_user_timeout),
                     "tbon.tcp_user_timeout", day));
    TRY(set_duration(overlay.torpid_min, choose(given, "tbon.torpid_min", tbon.torpid_min),
                     "tbon.torpid_min", day));
    TRY(set_duration(overlay.torpid_max, choose(given, "tbon.torpid_max", tbon.torpid_max),
                     "tbon.torpid_max", none));
    if (overlay.torpid_min.count() == 0) return fail(Kind::config, "tbon.torpid_min must be > 0");
    if (overlay.torpid_max.count() != 0 && overlay.torpid_min >= overlay.torpid_max)
        return fail(Kind::config, "tbon.torpid_min must be less than torpid_max");
    TRY(set_duration(overlay.heartbeat_period, config.heartbeat.period, "heartbeat.period", day));
    TRY(set_duration(overlay.heartbeat_timeout, config.heartbeat.timeout, "heartbeat.timeout",
                     none));
    overlay.heartbeat_warn_thresh = static_cast<int>(config.heartbeat.warn_thresh.value_or(3));
    return {};
}

Result<void> set_tree(Setup& setup, const BrokerConfig& config) {
    auto topo = choose(setup.attributes, "tbon.topo", config.tbon.topo);
    if (const auto fanout = setup.attributes.find("tbon.fanout"); fanout != setup.attributes.end())
        topo = "kary:" + fanout->second;
    const auto size = static_cast<Rank>(setup.peers.size());
    setup.attributes["tbon.topo"] = topo.value_or("custom");
    std::vector<std::optional<Rank>> parents(std::max<Rank>(size, 1));
    if (!topo || *topo == "custom") {
        for (Rank rank = 0; rank < size; ++rank) parents[rank] = setup.peers[rank].parent;
    } else {
        auto parsed = *topo == "flat" ? fail(Kind::usage, "unknown topology scheme 'flat'")
                                      : broker_config::Topology::parse(*topo);
        if (!parsed)
            return fail(Kind::config, "Error creating {} topology: {}", *topo,
                        parsed.error().message);
        for (Rank rank = 0; rank < size; ++rank) parents[rank] = parsed->parent_of(rank, size);
    }
    setup.overlay.tree = Tree(std::move(parents));
    return {};
}

Result<void> set_quorum(Setup& setup) {
    setup.quorum = setup.size();
    const auto given = setup.attributes.find("broker.quorum");
    if (given != setup.attributes.end()) {
        const auto& text = given->second;
        Rank number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        const bool whole = error == std::errc() && end == text.data() + text.size();
        if (text == fmt::format("0-{}", setup.size() - 1))
            number = setup.size();
        else if (text == "0" && setup.size() > 0)
            number = 1;
        else if (!whole || number < 1 || number > setup.size())
            return fail(Kind::config, "Error parsing broker.quorum attribute");
        setup.quorum = number;
    }
    setup.attributes["broker.quorum"] = std::to_string(setup.quorum);
    return {};
}

Result<void> set_place(Setup& setup, const BrokerConfig& config) {
    if (config.bootstrap) {
        const auto& bootstrap = *config.bootstrap;
        auto peers = broker_config::resolve_hosts(bootstrap);
        if (!peers) return tl::unexpected<Error>(as_flux(std::move(peers.error())));
        setup.peers = std::move(*peers);
        setup.curve_cert = bootstrap.curve_cert.value_or("");
        setup.overlay.ipv6 = bootstrap.enable_ipv6;
    }
    if (!setup.peers.empty()) {
        auto rank = broker_config::rank_of(setup.peers, setup.hostname);
        if (!rank)
            return fail(Kind::config,
                        "bootstrap: config: initialize: Config file error [bootstrap]: {}",
                        rank.error().message);
        setup.overlay.rank = *rank;
        for (const auto& peer : setup.peers) setup.overlay.hosts.push_back(peer.host);
    } else {
        setup.overlay.hosts = {setup.hostname};
    }
    return {};
}

Result<void> set_log(Setup& setup) {
    const auto mode = setup.attribute("log-stderr-mode", "leader");
    if (mode != "leader" && mode != "local")
        return fail(Kind::config, "invalid value '{}' for log-stderr-mode", mode);
    setup.log_mode = mode == "local" ? BrokerLog::Mode::local : BrokerLog::Mode::leader;
    const auto level = setup.attribute("log-stderr-level", "3");
    const auto [end, error] =
        std::from_chars(level.data(), level.data() + level.size(), setup.log_level);
    if (error != std::errc() || setup.log_level < 0 || setup.log_level > 7)
        return fail(Kind::config, "invalid value '{}' for log-stderr-level", level);
    return {};
}

}  // namespace

std::string Setup::attribute(const std::string& name, std::string_view otherwise) const {
    const auto found = attributes.find(name);
    return found == attributes.end() ? std::string(otherwise) : found->second;
}

std::string choose_hostname(const Attributes& attributes, const Environment& environment) {
    if (const auto given = attributes.find("hostname"); given != attributes.end())
        return given->second;
    if (const auto fake = environment.find("FLUX_FAKE_HOSTNAME"); fake != environment.end())
        return fake->second;
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

Result<Setup> load_setup(const BrokerArguments& arguments, const std::string& hostname,
                         std::string version) {
    Setup setup;
    setup.attributes = arguments.attributes;
    setup.hostname = hostname;
    setup.overlay.version = std::move(version);
    auto config = read_config(arguments.config_path);
    if (!config) return tl::unexpected<Error>(as_flux(std::move(config.error())));
    setup.resource = config->resource;
    TRY(set_place(setup, *config));
    TRY(set_tbon(setup, *config));
    TRY(set_tree(setup, *config));
    TRY(set_quorum(setup));
    TRY(set_log(setup));
    TRY_ASSIGN(setup.quorum_warn,
               limit(setup.attributes, "broker.quorum-warn", milliseconds(60'000)));
    TRY_ASSIGN(setup.cleanup_timeout, limit(setup.attributes, "broker.cleanup-timeout", {}));
    TRY_ASSIGN(setup.shutdown_timeout, limit(setup.attributes, "broker.shutdown-timeout", {}));
    auto& known = setup.attributes;
    known["hostname"] = hostname;
    known["rank"] = std::to_string(setup.rank());
    known["size"] = std::to_string(setup.size());
    known["version"] = setup.overlay.version;
    known["config.path"] = arguments.config_path;
    known["hostlist"] = Hostlist(setup.overlay.hosts).format();
    known["instance-level"] = "0";
    known["broker.boot-method"] = setup.peers.empty() ? "single" : "config";
    return setup;
}

}  // namespace muster::rehearsal
