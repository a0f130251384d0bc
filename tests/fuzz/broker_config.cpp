// SPDX-License-Identifier: Apache-2.0
#include "muster/broker_config.hpp"

#include "target.hpp"

using namespace muster;
using namespace muster::broker_config;

/// The input as a broker.toml: what is accepted is written so that it reads back the same, and its
/// hosts resolve. The input as a user's file: what merges with ours can be read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(fuzz::text_of(data, size));
    if (const auto config = parse(text, "fuzz.toml")) {
        MUSTER_ASSERT(resolve_hosts(*config).has_value());
        const auto back = parse(format(*config), "back.toml");
        MUSTER_ASSERT(back.has_value() && *back == *config);
    } else {
        MUSTER_ASSERT(config.error().message.starts_with("fuzz.toml:"));
    }

    const UserFile user{"user.toml", text};
    const auto ours = make_config({.hosts = Hostlist::parse("a[0-3]").value(),
                                   .curve_cert = "/c",
                                   .connect = "tcp://%h:%p",
                                   .resource_path = "/R"});
    const auto merged = merge(ours, std::span(&user, 1));
    if (!merged) return 0;
    const auto again = parse(merged->text, "merged.toml");
    MUSTER_ASSERT(again.has_value() && *again == merged->config);
    return 0;
}
