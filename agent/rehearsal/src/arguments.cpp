// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"

#include <algorithm>
#include <array>

namespace muster::rehearsal {
namespace {

constexpr std::array broker_options = {
    OptionRow{'c', "config-path", true},
    OptionRow{'S', "setattr", true},
    OptionRow{'v', "verbose", false},
};

/// The attributes that Flux 0.88 knows (flux-broker-attributes(7)), and whether a user may give
/// them a value when the broker starts. Since 0.82 any other is refused; before, it did nothing.
struct AttributeRow {
    std::string_view name;
    bool may_be_set = true;
};
constexpr std::array attributes = {
    AttributeRow{"rank", false},
    AttributeRow{"size", false},
    AttributeRow{"version", false},
    AttributeRow{"rundir"},
    AttributeRow{"rundir-cleanup"},
    AttributeRow{"statedir"},
    AttributeRow{"statedir-cleanup"},
    AttributeRow{"security.owner", false},
    AttributeRow{"local-uri"},
    AttributeRow{"parent-uri", false},
    AttributeRow{"instance-level", false},
    AttributeRow{"jobid", false},
    AttributeRow{"jobid-path", false},
    AttributeRow{"parent-kvs-namespace", false},
    AttributeRow{"hostlist"},
    AttributeRow{"hostname"},
    AttributeRow{"broker.mapping", false},
    AttributeRow{"broker.critical-ranks"},
    AttributeRow{"broker.boot-method"},
    AttributeRow{"broker.pid", false},
    AttributeRow{"broker.quorum"},
    AttributeRow{"broker.quorum-warn"},
    AttributeRow{"broker.shutdown-warn"},
    AttributeRow{"broker.shutdown-timeout"},
    AttributeRow{"broker.cleanup-timeout"},
    AttributeRow{"broker.unload-builtins-timeout"},
    AttributeRow{"broker.rc1_path"},
    AttributeRow{"broker.rc3_path"},
    AttributeRow{"broker.rc2_none"},
    AttributeRow{"broker.rc2_pgrp"},
    AttributeRow{"broker.exit-restart"},
    AttributeRow{"broker.module-nopanic"},
    AttributeRow{"broker.starttime", false},
    AttributeRow{"broker.sd-notify"},
    AttributeRow{"broker.sd-stop-timeout"},
    AttributeRow{"broker.exit-norestart"},
    AttributeRow{"broker.recovery-mode"},
    AttributeRow{"broker.uuid", false},
    AttributeRow{"conf.shell_initrc"},
    AttributeRow{"conf.shell_pluginpath"},
    AttributeRow{"config.path"},
    AttributeRow{"tbon.topo"},
    AttributeRow{"tbon.descendants", false},
    AttributeRow{"tbon.level", false},
    AttributeRow{"tbon.maxlevel", false},
    AttributeRow{"tbon.endpoint", false},
    AttributeRow{"tbon.parent-endpoint", false},
    AttributeRow{"tbon.zmqdebug"},
    AttributeRow{"tbon.zmq_io_threads"},
    AttributeRow{"tbon.child_rcvhwm"},
    AttributeRow{"tbon.prefertcp"},
    AttributeRow{"tbon.interface-hint"},
    AttributeRow{"tbon.torpid_min"},
    AttributeRow{"tbon.torpid_max"},
    AttributeRow{"tbon.tcp_user_timeout"},
    AttributeRow{"tbon.connect_timeout"},
    AttributeRow{"tbon.fanout"},
    AttributeRow{"log-ring-size"},
    AttributeRow{"log-forward-level"},
    AttributeRow{"log-critical-level"},
    AttributeRow{"log-filename"},
    AttributeRow{"log-syslog-enable"},
    AttributeRow{"log-syslog-level"},
    AttributeRow{"log-stderr-mode"},
    AttributeRow{"log-stderr-level"},
    AttributeRow{"log-level"},
    AttributeRow{"content.backing-module"},
    AttributeRow{"content.hash"},
    AttributeRow{"content.dump"},
    AttributeRow{"content.restore"},
    AttributeRow{"cron.directory"},
};

Result<void> check_attribute(std::string_view name) {
    if (name.starts_with("vendor.") || name.starts_with("test.")) return {};
    const auto row = std::ranges::find(attributes, name, &AttributeRow::name);
    if (row == attributes.end()) return fail(Kind::usage, "{}: unknown attribute", name);
    if (!row->may_be_set)
        return fail(Kind::usage, "{}: attribute may not be set on the command line", name);
    return {};
}

/// Takes in the options of one word, which may want the next word as a value.
class Scanner {
  public:
    Scanner(std::span<const std::string> words, std::span<const OptionRow> rows)
        : words_(words), rows_(rows) {}

    Result<ScannedOptions> run() {
        for (; at_ < words_.size(); ++at_) {
            const std::string_view word = words_[at_];
            if (word == "--") {
                ++at_;
                break;
            }
            if (word.size() < 2 || word[0] != '-') break;
            TRY(word[1] == '-' ? take_long(word.substr(2)) : take_short(word.substr(1)));
        }
        options_.rest.assign(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end());
        return std::move(options_);
    }

  private:
    Result<std::string> next_value(std::string_view option) {
        if (at_ + 1 >= words_.size())
            return fail(Kind::usage, "option '{}' requires an argument", option);
        return words_[++at_];
    }

    Result<void> take_long(std::string_view text) {
        const auto equals = text.find('=');
        const auto name = text.substr(0, equals);
        const auto row = std::ranges::find(rows_, name, &OptionRow::name);
        if (row == rows_.end() || name.empty())
            return fail(Kind::usage, "unrecognized arguments: --{}", text);
        std::string value;
        if (row->takes_value && equals == std::string_view::npos) {
            TRY_ASSIGN(value, next_value(fmt::format("--{}", name)));
        } else if (row->takes_value) {
            value = text.substr(equals + 1);
        } else if (equals != std::string_view::npos) {
            return fail(Kind::usage, "option '--{}' doesn't allow an argument", name);
        }
        options_.given.emplace_back(row->name, std::move(value));
        return {};
    }

    Result<void> take_short(std::string_view letters) {
        while (!letters.empty()) {
            const auto row = std::ranges::find(rows_, letters[0], &OptionRow::letter);
            if (row == rows_.end())
                return fail(Kind::usage, "unrecognized arguments: -{}", letters);
            letters.remove_prefix(1);
            std::string value;
            if (row->takes_value && !letters.empty()) {
                value = std::exchange(letters, "");
            } else if (row->takes_value) {
                TRY_ASSIGN(value, next_value(fmt::format("-{}", row->letter)));
            }
            options_.given.emplace_back(row->name, std::move(value));
        }
        return {};
    }

    std::span<const std::string> words_;
    std::span<const OptionRow> rows_;
    std::size_t at_ = 0;
    ScannedOptions options_;
};

}  // namespace

bool ScannedOptions::has(std::string_view name) const {
    return value(name).has_value();
}

std::optional<std::string> ScannedOptions::value(std::string_view name) const {
    for (auto row = given.rbegin(); row != given.rend(); ++row)
        if (row->first == name) return row->second;
    return std::nullopt;
}

Result<ScannedOptions> scan_options(std::span<const std::string> arguments,
                                    std::span<const OptionRow> rows) {
    return Scanner(arguments, rows).run();
}

Result<BrokerArguments> parse_broker_arguments(std::span<const std::string> arguments) {
    TRY_ASSIGN(auto options, scan_options(arguments, broker_options));
    BrokerArguments result;
    for (auto& [name, value] : options.given) {
        if (name == "config-path") result.config_path = std::move(value);
        if (name != "setattr") continue;
        const auto equals = value.find('=');
        const auto attribute = value.substr(0, equals);
        TRY(check_attribute(attribute));
        result.attributes[attribute] = equals == std::string::npos ? "" : value.substr(equals + 1);
    }
    result.program = std::move(options.rest);
    return result;
}

}  // namespace muster::rehearsal
