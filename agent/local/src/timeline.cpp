// SPDX-License-Identifier: Apache-2.0
#include "muster/local/timeline.hpp"

namespace muster::local {

void Timeline::started(std::uint32_t rank, std::string directory, TimePoint now) {
    pods_.at(rank).directory = std::move(directory);
    pods_.at(rank).started = now;
}

void Timeline::entered(std::uint32_t rank, std::string_view state, TimePoint now) {
    auto& states = pods_.at(rank).states;
    if (state == "join") states.clear();  // another life
    states.emplace_back(state, now);
}

void Timeline::ended(std::uint32_t rank, int code, TimePoint now) {
    pods_.at(rank).ended = now;
    pods_.at(rank).code = code;
}

}  // namespace muster::local
