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

/// An error of broker_config, "FILE:LINE: KEY: reason", taken apart.
struct Complaint {
    std::string table;   ///< first part of KEY
    std::string key;     ///< all of it
    std::string reason;  ///< Flux's words
};

Complaint take_apart(const std::string& message) {
    const auto key_at = message.find(": ");
    const auto reason_at = key_at == std::string::npos ? key_at : message.find(": ", key_at + 2);
    if (reason_at == std::string::npos) return {"", "", message};
    const auto key = message.substr(key_at + 2, reason_at - key_at - 2);
    return {key.substr(0, key.find_first_of(".[")), key, message.substr(reason_at + 2)};
}

/// "[3]" of "bootstrap.hosts[3].bind"; empty when there is none.
std::string index_of(const std::string& key) {
    const auto from = key.find('[');
    const auto to = key.find(']');
    return from == std::string::npos || to == std::string::npos ? ""
                                                                : key.substr(from, to + 1 - from);
}

/// What the overlay module says of a topology that it does not know.
std::string topology_complaint(const std::string& topo) {
    const auto scheme = topo.substr(0, topo.find(':'));
    const bool known = scheme == "kary" || scheme == "mincrit" || scheme == "binomial";
    return fmt::format("Error creating {} topology: {}", topo,
                       known ? fmt::format("{} k value must be an integer >= 0", scheme)
                             : fmt::format("unknown topology scheme '{}'", scheme));
}

/// The line that Flux logs about a table that only one of its modules reads.
std::string in_words_of_module(const Complaint& complaint) {
    const auto& [table, key, reason] = complaint;
    const bool of_type = reason.starts_with("Expected ");
    if (reason.starts_with("Error creating "))
        return topology_complaint(reason.substr(15, reason.find(' ', 15) - 15));
    if (reason.starts_with("torpid_min must")) return fmt::format("tbon.{}", reason);
    if (reason.starts_with("must ")) return fmt::format("{} {}", key, reason);
    if (table == "tbon")
        return of_type ? fmt::format("Config file error [tbon]: {}", reason)
                       : fmt::format("Config file error parsing {}", key);
    if (table == "heartbeat")
        return reason.find(">=") != std::string::npos
                   ? fmt::format("heartbeat.{}", reason)
                   : fmt::format("error reading [heartbeat] config table: {}", reason);
    if (key.starts_with("resource.config"))
        return fmt::format(
            "error parsing [resource.config] array: {}{}",
            index_of(key).empty() ? "resource.config: " : "config" + index_of(key) + ": ", reason);
    return fmt::format("error parsing [{}] configuration: {}", table, reason);
}

Error as_bootstrap_error(std::string reason, const std::string& key) {
    if (reason.starts_with("must be in the range")) reason.insert(0, "default_port ");
    if (const auto index = index_of(key); !index.empty())
        reason.insert(0, fmt::format("invalid hosts{}: ", index));
    return Error{
        Kind::config,
        fmt::format("bootstrap: config: initialize: Config file error [bootstrap]: {}", reason)};
}

/// `text` without the lines of the table `name` and its subtables.
std::string without_table(std::string_view text, const std::string& name) {
    std::string rest;
    bool inside = false;
    while (!text.empty()) {
        const auto line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
        text.remove_prefix(line.size());
        auto header = line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
        if (header.starts_with('[')) {
            header.remove_prefix(std::min(header.find_first_not_of("[ \t"), header.size()));
            inside = header.starts_with(name) && header.size() > name.size() &&
                     std::string_view(".] \t").find(header[name.size()]) != std::string_view::npos;
        }
        if (!inside) rest += line;
    }
    return rest;
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

Result<std::vector<broker_config::UserFile>> read_files(const std::string& path) {
    std::vector<broker_config::UserFile> texts;
    if (path.empty()) return texts;
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0)
        return fail(Kind::io, "stat: {}: {}", path, os_error(errno));
    std::vector<std::string> files{path};
    if (S_ISDIR(info.st_mode)) {
        TRY_ASSIGN(files, list_toml(path));
    }
    for (const auto& file : files) {
        TRY_ASSIGN(auto text, read_file(file));
        texts.push_back({file, std::move(text)});
    }
    return texts;
}

Result<BrokerConfig> parse_files(const std::vector<broker_config::UserFile>& files) {
    if (files.empty()) return BrokerConfig{};
    if (files.size() == 1) return broker_config::parse(files[0].text, files[0].file);
    TRY_ASSIGN(auto merged, broker_config::merge(BrokerConfig{}, files));
    return std::move(merged.config);
}

/// Reads the configuration as Flux does: bootstrap at once, each module its own table when it
/// loads. So a bad table of a module is set aside, and the rest read again.
Result<BrokerConfig> read_config(Setup& setup, const std::string& path) {
    auto files = read_files(path);
    if (!files) return tl::unexpected<Error>(std::move(files.error()).within("Config file error"));
    while (true) {
        auto config = parse_files(*files);
        if (config) return config;
        if (config.error().kind != Kind::config)
            return tl::unexpected<Error>(std::move(config.error()).within("Config file error"));
        const auto complaint = take_apart(config.error().message);
        if (complaint.table == "bootstrap" || complaint.table.empty() ||
            setup.refusal(complaint.table) != nullptr)
            return tl::unexpected<Error>(as_bootstrap_error(complaint.reason, complaint.key));
        setup.refusals.push_back({complaint.table, in_words_of_module(complaint)});
        for (auto& file : *files) file.text = without_table(file.text, complaint.table);
    }
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

/// The parents of `topo`, as Flux's overlay module computes them. Errors: config.
Result<std::vector<std::optional<Rank>>> parents_by(const std::string& topo, Rank size) {
    auto parsed = topo == "flat" ? fail(Kind::usage, "unknown topology scheme 'flat'")
                                 : broker_config::Topology::parse(topo);
    if (!parsed) return fail(Kind::config, "{}", topology_complaint(topo));
    std::vector<std::optional<Rank>> parents(size);
    for (Rank rank = 0; rank < size; ++rank) parents[rank] = parsed->parent_of(rank, size);
    return parents;
}

Result<void> set_tree(Setup& setup, const BrokerConfig& config) {
    auto topo = choose(setup.attributes, "tbon.topo", config.tbon.topo);
    if (const auto fanout = setup.attributes.find("tbon.fanout"); fanout != setup.attributes.end())
        topo = "kary:" + fanout->second;
    const auto size = std::max<Rank>(static_cast<Rank>(setup.peers.size()), 1);
    setup.attributes["tbon.topo"] = topo.value_or("custom");
    std::vector<std::optional<Rank>> parents(size);
    for (const auto& peer : setup.peers) parents[peer.rank] = peer.parent;
    setup.overlay.tree = Tree(parents);
    if (!topo || *topo == "custom") return {};
    TRY_ASSIGN(parents, parents_by(*topo, size));
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
        if (!peers) {
            const auto complaint = take_apart(peers.error().message);
            return tl::unexpected<Error>(as_bootstrap_error(complaint.reason, complaint.key));
        }
        setup.peers = std::move(*peers);
        setup.curve_cert = bootstrap.curve_cert.value_or("");
        setup.overlay.ipv6 = bootstrap.enable_ipv6;
    }
    if (!setup.peers.empty()) {
        auto rank = broker_config::rank_of(setup.peers, setup.hostname);
        if (!rank) return tl::unexpected<Error>(as_bootstrap_error(rank.error().message, ""));
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

const Setup::Refusal* Setup::refusal(std::string_view table) const {
    const auto found = std::ranges::find(refusals, table, &Refusal::table);
    return found == refusals.end() ? nullptr : &*found;
}

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
    TRY_ASSIGN(const auto config, read_config(setup, arguments.config_path));
    setup.resource = config.resource;
    TRY(set_place(setup, config));
    for (const auto& set : {set_tree(setup, config), set_tbon(setup, config)})
        if (!set && setup.refusal("tbon") == nullptr)
            setup.refusals.push_back({"tbon", set.error().message});
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
