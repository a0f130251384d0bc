// SPDX-License-Identifier: Apache-2.0
// [tbon] (src/modules/overlay/ovconf.c of Flux 0.88) and [heartbeat] (src/modules/heartbeat).
#include <cmath>

#include "muster/broker_config/duration.hpp"
#include "muster/broker_config/topology.hpp"
#include "reader.hpp"
#include "tables.hpp"

namespace muster::broker_config {
namespace {

double seconds_of(const std::optional<std::string>& text, double fallback) {
    if (!text) return fallback;
    return parse_duration(*text).value_or(fallback);
}

/// Of what --topology takes, Flux knows all but "flat", and "custom" besides.
void check_topo(TableReader& reader, const std::optional<std::string>& topo) {
    if (!topo || *topo == "custom" || (*topo != "flat" && Topology::parse(*topo))) return;
    reader.fail("topo", fmt::format("Error creating {} topology: Flux knows custom, kary:K, "
                                    "mincrit, mincrit:K and binomial",
                                    *topo));
}

void check_torpid(TableReader& reader, const Tbon& tbon) {
    constexpr double default_min = 5;
    constexpr double default_max = 30;
    const double min = seconds_of(tbon.torpid_min, default_min);
    const double max = seconds_of(tbon.torpid_max, default_max);
    if (min == 0) reader.fail("torpid_min", "must be nonzero");
    if (max != 0 && min >= max)
        reader.fail_either("torpid_min", "torpid_max", "torpid_min must be less than torpid_max");
}

}  // namespace

Result<Tbon> read_tbon(const Table& root) {
    const Value* table = root.find("tbon");
    if (table == nullptr) return Tbon{};
    TableReader reader(*table, "tbon");
    Tbon tbon;
    reader.string("interface-hint");
    tbon.topo = reader.string("topo");
    check_topo(reader, tbon.topo);
    tbon.torpid_min = reader.duration("torpid_min");
    tbon.torpid_max = reader.duration("torpid_max");
    check_torpid(reader, tbon);
    tbon.tcp_user_timeout = reader.duration("tcp_user_timeout");
    tbon.connect_timeout = reader.duration("connect_timeout");
    reader.integer("zmqdebug");
    const auto high_water = reader.integer("child_rcvhwm").value_or(0);
    if (high_water < 0 || high_water == 1)
        reader.fail("child_rcvhwm", "must be 0 (unlimited) or >= 2");
    if (reader.integer("zmq_io_threads").value_or(1) < 1)
        reader.fail("zmq_io_threads", "must be >= 1");
    TRY(reader.finish_ignoring_others());
    return tbon;
}

Result<Heartbeat> read_heartbeat(const Table& root) {
    constexpr double default_period = 2;
    constexpr double default_timeout = 300;
    const Value* table = root.find("heartbeat");
    if (table == nullptr) return Heartbeat{};
    TableReader reader(*table, "heartbeat");
    Heartbeat heartbeat;
    heartbeat.period = reader.duration("period");
    heartbeat.timeout = reader.duration("timeout");
    heartbeat.warn_thresh = reader.integer("warn_thresh");
    TRY(reader.finish());
    const double period = seconds_of(heartbeat.period, default_period);
    const double timeout = seconds_of(heartbeat.timeout, default_timeout);
    if (period <= 0) reader.fail("period", "must be a positive FSD value");
    if (timeout != 0 && timeout < 2 * period)
        reader.fail_either("timeout", "period",
                           "timeout must be >= 2*heartbeat.period, infinity, or 0");
    if (heartbeat.warn_thresh.value_or(1) <= 0) reader.fail("warn_thresh", "must be positive");
    TRY(reader.finish_ignoring_others());
    return heartbeat;
}

}  // namespace muster::broker_config
