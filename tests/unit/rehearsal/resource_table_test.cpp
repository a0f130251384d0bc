// SPDX-License-Identifier: Apache-2.0
#include "resource_table.hpp"

#include <gmock/gmock.h>

namespace muster::rehearsal {
namespace {

// Rank 0 half used, 1 drained and at work, 2 absent, 3 drained for another reason, 4 excluded.
json::Value answer() {
    return *json::Value::parse(R"({
        "ranks": [{"host": "a-0", "online": true}, {"host": "a-1", "online": true, "reason": "x", "since": 1.0},
                  {"host": "a-2", "online": false}, {"host": "a-3", "online": true, "reason": "y", "since": 2.0},
                  {"host": "a-4", "online": true}],
        "nodes": [{"rank": 0, "cores": 2, "used": 1, "available": true},
                  {"rank": 1, "cores": 2, "used": 2, "available": false},
                  {"rank": 2, "cores": 2, "used": 0, "available": false},
                  {"rank": 3, "cores": 2, "used": 0, "available": false},
                  {"rank": 4, "cores": 2, "used": 0, "available": false, "excluded": true}]})");
}

std::string show(ResourceView view, std::string_view format) {
    const auto rows = resource_rows(view, answer(), mentions_reason(format));
    return *format_custom(format, rows, false);
}

TEST(ResourceTable, List) {
    EXPECT_EQ(show(ResourceView::list, "{state}|{nnodes}|{ncores}|{ngpus}|{ranks}|{nodelist}"),
              "free|1|1|0|0|a-0\nallocated|2|3|0|0-1|a-[0-1]\ndown|4|8|0|1-4|a-[1-4]\n");
}

TEST(ResourceTable, StatusByStateAndByReason) {
    EXPECT_EQ(show(ResourceView::status, "{state}|{up}|{ranks}"),
              "avail|✔|0\navail*|✗|2\nexclude|✔|4\ndraining|✔|1\ndrained|✔|3\n");
    EXPECT_EQ(show(ResourceView::status, "{state}|{ranks}|{reason}|{timestamp}"),
              "avail|0||\navail*|2||\nexclude|4||\ndraining|1|x|1.0\ndrained|3|y|2.0\n");
}

TEST(ResourceTable, DrainShowsTheDrainedOnly) {
    EXPECT_EQ(show(ResourceView::drain, "{ranks} {state} {reason}"), "1 draining x\n3 drained y\n");
}

TEST(ResourceTable, DefaultsAsFluxPrintsThem) {
    EXPECT_EQ(format_default(ResourceView::status,
                             resource_rows(ResourceView::status, answer(), false), true),
              "       STATEUP NNODES NODELIST\n"
              "       avail ✔      1 a-0\n"
              "      avail* ✗      1 a-2\n"
              "     exclude ✔      1 a-4\n"
              "    draining ✔      1 a-1\n"
              "     drained ✔      1 a-3\n");
    EXPECT_EQ(format_default(ResourceView::list, {{"free"}}, false),
              "      free      0      0     0 \n");
}

TEST(ResourceTable, HeaderAndPlainText) {
    EXPECT_EQ(*format_custom("a {state}-", {{"free"}}, true), "a STATE-\na free-\n");
    EXPECT_EQ(*format_custom("", {{"free"}}, false), "\n");
}

TEST(ResourceTable, RefusesWhatItDoesNotKnow) {
    for (const auto* format : {"{nope}", "{state:>10}", "{state", "x {"})
        EXPECT_FALSE(format_custom(format, {}, false).has_value()) << format;
}

}  // namespace
}  // namespace muster::rehearsal
