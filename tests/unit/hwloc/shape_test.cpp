// SPDX-License-Identifier: Apache-2.0
#include "muster/resources/shape.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace muster::resources {
namespace {

using testing::ElementsAre;

TEST(Shapes, AreOnePerRank) {
    const auto shapes = [](const char* text, std::uint32_t ranks) {
        return parse_shapes(text, ranks).value();
    };
    EXPECT_THAT(shapes("[0-1]:cores=4;[2-3]:cores=8,gpus=1", 4),
                ElementsAre(Shape{4, 0}, Shape{4, 0}, Shape{8, 1}, Shape{8, 1}));
    EXPECT_THAT(shapes("0,2:cores=4;1:gpus=2,cores=1", 3),
                ElementsAre(Shape{4, 0}, Shape{1, 2}, Shape{4, 0}));
    EXPECT_THAT(shapes("0:cores=1", 1), ElementsAre(Shape{1, 0}));
    EXPECT_THAT(shapes(" [0] : cores = 1 , gpus = 0 ; 1:cores=65536 ; ", 2),
                ElementsAre(Shape{1, 0}, Shape{65'536, 0}));
}

struct Refusal {
    const char* text;
    const char* message;
};

constexpr Refusal refusals[] = {
    {"", "resources '': it names no ranks; write [0-3]:cores=N"},
    {"cores=4", "resources 'cores=4': it names no ranks; write [0-3]:cores=4"},
    {"[0-3", "resources '[0-3': it is not RANKS:cores=N; write [0-3]:cores=N"},
    {"[0-3]:cores=0", "resources '[0-3]:cores=0': cores must be a number from 1 to 65536, not '0'"},
    {"[0-3]:cores=65537",
     "resources '[0-3]:cores=65537': cores must be a number from 1 to 65536, not '65537'"},
    {"[0-3]:cores=-1",
     "resources '[0-3]:cores=-1': cores must be a number from 1 to 65536, not '-1'"},
    {"[0-3]:cores=4x",
     "resources '[0-3]:cores=4x': cores must be a number from 1 to 65536, not '4x'"},
    {"[0-3]:cores", "resources '[0-3]:cores': cores must be a number from 1 to 65536, not ''"},
    {"[0-3]:cores=1,gpus=",
     "resources '[0-3]:cores=1,gpus=': gpus must be a number from 0 to 65536, not ''"},
    {"[0-3]:gpus=1", "resources '[0-3]:gpus=1': it says no cores; add cores=N"},
    {"[0-3]:", "resources '[0-3]:': it says no cores; add cores=N"},
    {"[0-3]:cores=1,cores=2", "resources '[0-3]:cores=1,cores=2': cores is given twice"},
    {"[0-3]:cores=1,mem=2",
     "resources '[0-3]:cores=1,mem=2': 'mem=2' is neither cores=N nor gpus=N"},
    {"[0-3]:cores=1,,gpus=2",
     "resources '[0-3]:cores=1,,gpus=2': '' is neither cores=N nor gpus=N"},
    {"[0-3]:cores=1,", "resources '[0-3]:cores=1,': '' is neither cores=N nor gpus=N"},
    {"[0-2]:cores=1", "resources '[0-2]:cores=1': no shape for rank 3; add [3]:cores=N"},
    {"[0]:cores=1;[2]:cores=1",
     "resources '[0]:cores=1;[2]:cores=1': no shape for ranks 1,3; add [1,3]:cores=N"},
    {"[0-3]:cores=1;[3]:cores=2", "resources '[3]:cores=2': rank 3 has a shape already"},
    {"[0-4]:cores=1",
     "resources '[0-4]:cores=1': rank 4 is out of range; the last of 4 ranks is 3 (max-size)"},
    {":cores=1", "resources ':cores=1': it names no ranks"},
    {"[]:cores=1", "resources '[]:cores=1': it names no ranks"},
    {"[0-:cores=1", "resources '[0-:cores=1': idset '[0-': brackets do not match"},
    {"[0-3]:cores=1;;", "resources '': it names no ranks; write [0-3]:cores=N"},
};

TEST(Shapes, AreRefusedWithTheClauseAndTheMend) {
    for (const auto& [text, message] : refusals) {
        const auto shapes = parse_shapes(text, 4);
        ASSERT_FALSE(shapes) << text;
        EXPECT_EQ(shapes.error().kind, Kind::usage) << text;
        EXPECT_EQ(shapes.error().message, message);
    }
}

TEST(Shapes, NeedRanks) {
    EXPECT_FALSE(parse_shapes("[0]:cores=1", 0));
}

TEST(Shapes, RefuseAHugeRankWithoutListingItsPredecessors) {
    const auto shapes = parse_shapes("[0-16777214]:cores=1", 4);
    ASSERT_FALSE(shapes);
    EXPECT_THAT(shapes.error().message, testing::HasSubstr("out of range"));
}

RC_GTEST_PROP(ShapesProperty, EveryRankHasTheShapeOfItsClause, ()) {
    const auto made = *rc::gen::nonEmpty(rc::gen::container<std::vector<Shape>>(
        rc::gen::apply([](std::uint32_t cores, std::uint32_t gpus) { return Shape{cores, gpus}; },
                       rc::gen::inRange(1u, 5u), rc::gen::inRange(0u, 3u))));
    std::string text;
    for (std::size_t rank = made.size(); rank-- > 0;)
        text += fmt::format("{}:cores={},gpus={};", rank, made[rank].cores, made[rank].gpus);
    RC_ASSERT(parse_shapes(text, static_cast<std::uint32_t>(made.size())).value() == made);
}

}  // namespace
}  // namespace muster::resources
