// SPDX-License-Identifier: Apache-2.0
// Many peers side by side: addresses of loopback where nothing listens.
#include <gmock/gmock.h>

#include "muster/bootstrap/handshakes.hpp"
#include "muster/curve.hpp"
#include "muster/discovery/reach.hpp"

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;
using testing::SizeIs;

std::vector<Verdict> pass_all(std::size_t peers, std::size_t at_once) {
    std::vector<ReachRequest> requests;
    for (std::size_t i = 0; i < peers; ++i)
        requests.push_back({.peer = fmt::format("peer {}", i),
                            .name = fmt::format("127.66.0.{}", i + 1),
                            .port = 1,
                            .wait = 100ms,
                            .say_waiting = false});
    const auto keys = *curve::make_key_pair();
    auto verdicts = pass_all_gates(requests, bootstrap::make_handshakes(keys), "127.0.0.1:1",
                                   SystemClock(), at_once);
    EXPECT_TRUE(verdicts.has_value());
    return std::move(*verdicts);
}

TEST(PassAllGates, VerdictsInTheOrderOfTheRequests) {
    for (const std::size_t at_once : {1U, 3U, 100U}) {
        const auto verdicts = pass_all(7, at_once);
        ASSERT_THAT(verdicts, SizeIs(7));
        for (std::size_t i = 0; i < verdicts.size(); ++i) {
            ASSERT_FALSE(verdicts[i].has_value());
            EXPECT_EQ(verdicts[i].error().gate, Gate::listener);
            EXPECT_EQ(verdicts[i].error().asked, fmt::format("127.66.0.{} port 1", i + 1));
        }
    }
}

TEST(PassAllGates, OfNobody) {
    EXPECT_THAT(pass_all(0, 10), SizeIs(0));
}

}  // namespace
}  // namespace muster::discovery
