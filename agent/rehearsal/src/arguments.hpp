// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"

namespace muster::rehearsal {

/// Broker attributes: what -S sets, and what the broker adds (flux-broker-attributes(7)).
using Attributes = std::map<std::string, std::string>;

/// The command line of `flux broker`.
struct BrokerArguments {
    std::string config_path;  ///< empty: none given
    Attributes attributes;
    std::vector<std::string> program;  ///< the initial program
};

/// Errors: usage, in Flux's words.
Result<BrokerArguments> parse_broker_arguments(std::span<const std::string> arguments);

/// An option of a command, for scan_options().
struct OptionRow {
    char letter;            ///< 0: none
    std::string_view name;  ///< without the dashes
    bool takes_value;
};

/// Options as getopt_long(3) reads them, up to the first word that is none: `-N4`, `-N 4`,
/// `--nodes=4`, `--nodes 4`; `--` ends them.
struct ScannedOptions {
    std::vector<std::pair<std::string_view, std::string>> given;  ///< (name, value), in order
    std::vector<std::string> rest;

    bool has(std::string_view name) const;
    /// The last value given, or nothing.
    std::optional<std::string> value(std::string_view name) const;
};
/// Errors: usage, naming the argument.
Result<ScannedOptions> scan_options(std::span<const std::string> arguments,
                                    std::span<const OptionRow> rows);

}  // namespace muster::rehearsal
