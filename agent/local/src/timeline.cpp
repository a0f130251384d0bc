// SPDX-License-Identifier: Apache-2.0
#include "muster/local/timeline.hpp"

#include "muster/base/atomic_file.hpp"
#include "muster/json.hpp"

namespace muster::local {

double Timeline::seconds(TimePoint at) const {
    return std::chrono::duration<double>(at - start_).count();
}

void Timeline::started(std::uint32_t rank, TimePoint now) {
    ranks_.at(rank).started = seconds(now);
}

void Timeline::entered(std::uint32_t rank, std::string_view state, TimePoint now) {
    auto& states = ranks_.at(rank).states;
    if (state == "join") states.clear();  // another life
    states.emplace_back(state, seconds(now));
}

void Timeline::ended(std::uint32_t rank, int code, TimePoint now) {
    ranks_.at(rank).ended = seconds(now);
    ranks_.at(rank).code = code;
}

void Timeline::formed(TimePoint now) {
    formed_ = seconds(now);
}

std::string Timeline::format(std::string_view flux, int code, TimePoint now) const {
    using json::Value;
    Value ranks = Value::array();
    for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
        const Rank& seen = ranks_[rank];
        Value row = Value::object();
        row.set("rank", Value::integer(static_cast<std::int64_t>(rank)));
        if (seen.started) row.set("started", Value::real(*seen.started));
        Value states = Value::object();
        for (const auto& [state, at] : seen.states) states.set(state, Value::real(at));
        row.set("states", states);
        if (seen.ended) {
            row.set("ended", Value::real(*seen.ended));
            row.set("code", Value::integer(seen.code));
        }
        ranks.append(row);
    }
    Value timeline = Value::object();
    timeline.set("version", Value::integer(1));
    timeline.set("size", Value::integer(static_cast<std::int64_t>(ranks_.size())));
    timeline.set("flux", Value::string(flux));
    if (formed_) timeline.set("formed", Value::real(*formed_));
    timeline.set("ended", Value::real(seconds(now)));
    timeline.set("code", Value::integer(code));
    timeline.set("ranks", ranks);
    return timeline.format(1) + '\n';
}

Result<void> Timeline::write(const std::string& path, std::string_view flux, int code,
                             TimePoint now) const {
    return within("timeline", write_file(path, format(flux, code, now), 0644));
}

}  // namespace muster::local
