// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/base/environment.hpp"
#include "muster/base/result.hpp"

namespace muster::bootstrap {

enum class Mode { submit, launcher, batch, batch_raw, interactive };
enum class IpFamily { any, ipv4, ipv6 };
enum class OnEnd { exit, rejoin };

/// What the user asks for. Absent values come from the platform (discovery) or from this pod
/// (resources).
struct Settings {
    std::optional<std::string> name;
    std::optional<std::uint32_t> rank;
    std::optional<std::uint32_t> size;
    std::optional<std::uint32_t> max_size;
    std::optional<std::uint32_t> min_size;
    std::optional<std::string> service;
    std::optional<std::string> namespace_name;
    std::optional<std::string> domain;
    std::optional<std::string> hosts;
    std::optional<std::string> addresses;
    std::optional<std::uint32_t> ordinals_start;
    std::uint16_t port = 8050;
    std::string bind = "*";
    IpFamily ip = IpFamily::any;
    std::optional<std::string> leader_address;
    std::string topology = "flat";
    std::optional<std::string> cert;
    std::optional<std::string> secret;
    std::optional<std::uint32_t> cores;
    std::optional<std::uint32_t> gpus;
    std::optional<std::string> resources;
    std::optional<std::string> exclude;
    std::string flux = "flux";  ///< program, path or directory; "none" is the rehearsal
    Mode mode = Mode::submit;
    std::optional<std::uint32_t> tasks;
    std::optional<std::uint32_t> nodes;
    std::vector<std::string> flags;
    std::vector<std::string> wrap;
    std::optional<std::string> config;
    std::vector<std::string> options;  ///< "NAME=VALUE", in order
    std::string dir = "/run/muster";
    std::optional<std::string> statedir;
    std::optional<std::string> restore;
    std::optional<std::string> dump;
    std::chrono::milliseconds wait = std::chrono::minutes(10);
    std::chrono::milliseconds grace = std::chrono::seconds(25);
    OnEnd on_end = OnEnd::exit;
    std::string dns;
    std::string log_level = "info";
};

/// A row of the one table from which flags, variables, --help and the reference page are made.
struct SettingRow {
    std::string_view name;      ///< flag "--NAME"; variable MUSTER_NAME with '-' as '_'
    std::string_view value;     ///< what it takes, for help: "N", "FILE", "flat|kary:K|..."
    std::string_view fallback;  ///< the default, for help
    std::string_view meaning;   ///< one line
    Result<void> (*apply)(Settings& settings,
                          std::string_view text);  ///< checks and stores one value
};

std::span<const SettingRow> setting_rows();

/// "MUSTER_MAX_SIZE" for "max-size".
std::string variable_name(std::string_view setting);

/// What a command line asked for: settings, and what stands after them.
struct CommandLine {
    Settings settings;
    std::vector<std::string> command;  ///< CMD ARGS..., exactly as given
    /// The settings' flags as they were given: name and value, in order.
    std::vector<std::pair<std::string_view, std::string>> flags;
    bool help = false;
    std::vector<std::string> warnings;  ///< about variables that look like settings but are none
    std::vector<std::string> links;     ///< of Kubernetes, where a setting could have stood
};

/// Extra flags of one command, in getopt_long's terms: name and whether it takes a value. The
/// values come back by name.
struct ExtraFlag {
    std::string_view name;
    char letter;  ///< 0 when it has none
    bool takes_value;
    std::string_view meaning;
    Result<void> (*apply)(void* target, std::string_view text);
};

/// Variables first, then flags over them. A variable with a Service link's value ("tcp://...") is
/// ignored. Flags end at "--" or at the first word that is none. Errors: usage, naming flag or
/// variable, its value, and what it takes.
Result<CommandLine> parse_command_line(std::span<const std::string> words,
                                       const Environment& environment,
                                       std::span<const ExtraFlag> extra = {},
                                       void* extra_target = nullptr);

/// "--help" of the settings (of those whose names `is_wanted` takes), and the whole table as a
/// Markdown reference page.
std::string format_settings_help(const std::function<bool(std::string_view)>& is_wanted = {});
std::string format_settings_reference();

}  // namespace muster::bootstrap
