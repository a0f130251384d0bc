// SPDX-License-Identifier: Apache-2.0
#include "overlay_health.hpp"

#include <gmock/gmock.h>

namespace muster::rehearsal {
namespace {

using testing::ElementsAre;

// 0 <- 1 <- {3, 4}, 0 <- 2 <- {5, 6}
Tree binary() {
    return Tree({std::nullopt, 0, 0, 1, 1, 2, 2});
}

TEST(OverlayHealth, FullWhenAllAreThere) {
    EXPECT_THAT(overlay_health(binary(), {0, 1, 2, 3, 4, 5, 6}, {}),
                ElementsAre("full", "full", "full", "full", "full", "full", "full"));
}

TEST(OverlayHealth, PartialAboveWhoNeverCameOrLeft) {
    EXPECT_THAT(overlay_health(binary(), {0, 1, 2, 3, 5, 6}, {}),
                ElementsAre("partial", "partial", "full", "full", "offline", "full", "full"));
    EXPECT_THAT(
        overlay_health(binary(), {0, 1, 2, 3, 5, 6}, {{4, "offline administrative shutdown"}})[4],
        "offline administrative shutdown");
}

TEST(OverlayHealth, DegradedAboveWhoWasLost) {
    EXPECT_THAT(overlay_health(binary(), {0, 1, 2, 4, 5}, {{3, "lost lost connection"}}),
                ElementsAre("degraded", "degraded", "partial", "lost lost connection", "full",
                            "full", "offline"));
}

TEST(OverlayHealth, ALostRouterTakesItsSubtreeAlong) {
    EXPECT_THAT(overlay_health(binary(), {0, 2, 5, 6},
                               {{1, "lost lost connection"}, {3, "lost lost connection"}}),
                ElementsAre("degraded", "lost lost connection", "full", "lost lost connection",
                            "offline", "full", "full"));
}

}  // namespace
}  // namespace muster::rehearsal
