// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/text_table.hpp"

#include <gtest/gtest.h>

namespace muster::doctor {
namespace {

TEST(FormatTable, ColumnsAsWideAsTheirCells) {
    EXPECT_EQ(format_table({{"A", "B", "C"}, {"long", "", "x"}, {"é", "yy", ""}}),
              "A     B   C\nlong      x\né     yy\n");
}

TEST(FormatTable, Nothing) {
    EXPECT_EQ(format_table({}), "");
    EXPECT_EQ(format_table({{""}}), "\n");
}

}  // namespace
}  // namespace muster::doctor
