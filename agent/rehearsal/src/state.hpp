// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "muster/base/clock.hpp"

namespace muster::rehearsal {

/// The states of a Flux broker, in the order of a life (flux-broker.md, section 5).
enum class State {
    load_builtins,
    join,
    config_sync,
    init,
    quorum,
    run,
    cleanup,
    shutdown,
    finalize,
    goodbye,
    unload_builtins,
    exit,
};

/// "load-builtins", "join", ...
std::string_view name(State state);
std::optional<State> parse_state(std::string_view name);

/// A row of the table: `event` leads from `current` to `next`.
struct Transition {
    std::string_view event;
    State current;
    State next;
};
std::span<const Transition> transitions();

/// Where `event` leads from `current`; nothing when it means nothing there.
std::optional<State> next_state(State current, std::string_view event);

/// A duration as Flux logs it: the largest unit of ms, s, m, h, d that keeps it at least 1, six
/// significant digits.
std::string format_fsd(Duration duration);

}  // namespace muster::rehearsal
