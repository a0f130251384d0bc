// SPDX-License-Identifier: Apache-2.0
#include "muster/local/progress.hpp"

#include <fmt/core.h>

#include "muster/base/idset.hpp"

namespace muster::local {

void Progress::set_online(std::uint32_t rank, bool online) {
    if (ranks_.at(rank) == online) return;
    ranks_.at(rank) = online;
    online_ = online ? online_ + 1 : online_ - 1;
}

bool Progress::step(std::uint32_t rank, const Transition& transition) {
    // A broker is online from its "quorum" on: its rc1 has succeeded and its parent knows.
    const bool online = transition.to == "quorum" || transition.to == "run";
    const bool came = online && !ranks_.at(rank);
    set_online(rank, online);
    if (rank == 0 && transition.to == "run") formed_ = true;
    return came;
}

void Progress::begun(std::uint32_t rank) {
    set_online(rank, false);
}

void Progress::ended(std::uint32_t rank) {
    set_online(rank, false);
}

std::string Progress::missing() const {
    Idset missing;
    for (std::uint32_t rank = 0; rank < size(); ++rank)
        if (!ranks_[rank]) missing.insert(rank);
    return missing.format();
}

std::string Progress::bar(std::size_t width) const {
    const std::size_t filled = width * online_ / std::max(size(), 1u);
    return fmt::format("[{}{}] {} of {} brokers online", std::string(filled, '#'),
                       std::string(width - filled, '.'), online_, size());
}

Duration next_notice(Duration elapsed) {
    using std::chrono::seconds;
    for (const auto moment : {seconds(5), seconds(15), seconds(60)})
        if (elapsed < moment) return moment;
    return (elapsed / seconds(60) + 1) * seconds(60);
}

}  // namespace muster::local
