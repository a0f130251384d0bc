// SPDX-License-Identifier: Apache-2.0
#include "state.hpp"

#include <fmt/core.h>

#include <array>

namespace muster::rehearsal {
namespace {

constexpr std::array<std::string_view, 12> names = {
    "load-builtins", "join",     "config-sync", "init",    "quorum",          "run",
    "cleanup",       "shutdown", "finalize",    "goodbye", "unload-builtins", "exit"};

constexpr std::array table = {
    Transition{"builtins-success", State::load_builtins, State::join},
    Transition{"builtins-fail", State::load_builtins, State::unload_builtins},
    Transition{"parent-none", State::join, State::config_sync},
    Transition{"parent-ready", State::join, State::config_sync},
    Transition{"parent-fail", State::join, State::shutdown},
    Transition{"sync-none", State::config_sync, State::init},
    Transition{"sync-success", State::config_sync, State::init},
    Transition{"rc1-none", State::init, State::quorum},
    Transition{"rc1-fail", State::init, State::shutdown},
    Transition{"quorum-full", State::quorum, State::run},
    Transition{"quorum-fail", State::quorum, State::shutdown},
    Transition{"rc2-none", State::run, State::run},
    Transition{"rc2-success", State::run, State::cleanup},
    Transition{"rc2-fail", State::run, State::cleanup},
    Transition{"shutdown", State::run, State::cleanup},
    Transition{"parent-fail", State::run, State::cleanup},
    Transition{"cleanup-none", State::cleanup, State::shutdown},
    Transition{"cleanup-success", State::cleanup, State::shutdown},
    Transition{"cleanup-fail", State::cleanup, State::shutdown},
    Transition{"children-none", State::shutdown, State::finalize},
    Transition{"children-complete", State::shutdown, State::finalize},
    Transition{"rc3-none", State::finalize, State::goodbye},
    Transition{"goodbye", State::goodbye, State::unload_builtins},
    Transition{"builtins-done", State::unload_builtins, State::exit},
};

}  // namespace

std::string_view name(State state) {
    return names.at(static_cast<std::size_t>(state));
}

std::optional<State> parse_state(std::string_view text) {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == text) return static_cast<State>(i);
    return std::nullopt;
}

std::span<const Transition> transitions() {
    return table;
}

std::optional<State> next_state(State current, std::string_view event) {
    for (const auto& row : table)
        if (row.current == current && row.event == event) return row.next;
    return std::nullopt;
}

std::string format_fsd(Duration duration) {
    const double seconds = std::chrono::duration<double>(duration).count();
    if (seconds < 1.0) return fmt::format("{:.6g}ms", seconds * 1e3);
    if (seconds < 60.0) return fmt::format("{:.6g}s", seconds);
    if (seconds < 3600.0) return fmt::format("{:.6g}m", seconds / 60.0);
    if (seconds < 86400.0) return fmt::format("{:.6g}h", seconds / 3600.0);
    return fmt::format("{:.6g}d", seconds / 86400.0);
}

}  // namespace muster::rehearsal
