// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "muster/base/idset.hpp"
#include "muster/timeline/findings.hpp"
#include "muster/timeline/format.hpp"
#include "text.hpp"

namespace muster::timeline {
namespace {

using json::Value;

Value seconds(double number) {
    return Value::real(std::round(number * 1e6) / 1e6);
}

Value findings_of(const Timeline& timeline) {
    auto array = Value::array();
    for (const auto& finding : find_causes(timeline)) {
        Idset ranks;
        for (const auto rank : finding.ranks) ranks.insert(rank);
        auto object = Value::object();
        object.set("ranks", Value::string(ranks.format()))
            .set("worst", Value::integer(finding.ranks.empty() ? 0 : finding.ranks.front()))
            .set("seconds", seconds(finding.cost))
            .set("failure", Value::boolean(finding.failure))
            .set("text", Value::string(harmless(finding.text)));
        if (finding.stage) object.set("at", Value::string(label(*finding.stage)));
        array.append(object);
    }
    return array;
}

}  // namespace

std::string format_json(const Timeline& timeline, const Records& records, const Value& more) {
    const auto since_zero = [&timeline](WallTime at) {
        return seconds(std::chrono::duration<double>(at - timeline.zero).count());
    };
    auto ranks = Value::array();
    for (const auto& [rank, record] : records) {
        auto row = Value::object();
        row.set("rank", Value::integer(rank));
        const auto* pod = timeline.find(rank);
        if (pod != nullptr) {
            if (!pod->host.empty()) row.set("host", Value::string(harmless(pod->host)));
            if (pod->online) row.set("online", seconds(*pod->online));
            if (pod->shift != 0) row.set("clock_shift", seconds(pod->shift));
        }
        if (record.started) row.set("started", since_zero(*record.started));
        auto states = Value::object();
        for (const auto& state : last_life(record))
            states.set(harmless(state.name), since_zero(state.entered));
        row.set("states", states);
        if (record.ended) row.set("ended", since_zero(*record.ended));
        if (record.one_clock) row.set("one_clock", Value::boolean(true));
        if (record.code) row.set("code", Value::integer(*record.code));
        if (record.report) row.set("report", record.report->raw);
        ranks.append(row);
    }
    auto notes = Value::array();
    for (const auto& note : timeline.notes) notes.append(Value::string(note));
    auto object = Value::object();
    object.set("version", Value::integer(1))
        .set("size", Value::integer(timeline.size))
        .set("instance", Value::string(harmless(timeline.instance)))
        .set("start_wall_us", Value::integer(std::chrono::duration_cast<std::chrono::microseconds>(
                                                 timeline.zero.time_since_epoch())
                                                 .count()));
    if (timeline.formed) object.set("formed", seconds(*timeline.formed));
    for (const auto& [key, value] : more.members()) object.set(key, value);
    object.set("ended", seconds(timeline.end))
        .set("headline", Value::string(headline(timeline)))
        .set("findings", findings_of(timeline))
        .set("notes", notes)
        .set("ranks", ranks);
    return object.format(1) + '\n';
}

}  // namespace muster::timeline
