// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "muster/local.hpp"

namespace muster::local {
namespace {

TEST(Up, RefusesSizesThatCannotBe) {
    struct Row {
        UpOptions options;
        std::string_view message;
    };
    Row rows[] = {
        {{}, "size is 0"}, {{}, "larger than max-size"}, {{}, "min-size 5"}, {{}, "min-size 0"}};
    rows[0].options.size = 0;
    rows[1].options.size = 4;
    rows[1].options.max_size = 3;
    rows[2].options.size = 4;
    rows[2].options.min_size = 5;
    rows[3].options.size = 4;
    rows[3].options.min_size = 0;
    for (const auto& row : rows) {
        const auto code = up(row.options);
        ASSERT_FALSE(code) << row.message;
        EXPECT_EQ(code.error().kind, Kind::usage);
        EXPECT_THAT(code.error().message, testing::HasSubstr(row.message));
    }
}

}  // namespace
}  // namespace muster::local
