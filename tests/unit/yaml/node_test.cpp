// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "muster/yaml.hpp"

namespace muster::yaml {
namespace {

struct Row {
    std::string text;
    bool is_string;
};

class PlainScalars : public testing::TestWithParam<Row> {};

TEST_P(PlainScalars, AreStringsUnlessAReaderTakesThemForSomethingElse) {
    const auto& row = GetParam();
    EXPECT_EQ(is_string(literal(row.text)), row.is_string) << row.text;
    EXPECT_TRUE(is_string(string(row.text))) << row.text;
    EXPECT_EQ(string(row.text).is_quoted, !row.is_string) << row.text;
}

INSTANTIATE_TEST_SUITE_P(
    Table, PlainScalars,
    testing::Values(Row{"hello", true}, Row{"/run/muster", true}, Row{"--", true}, Row{"4", false},
                    Row{"-4", false}, Row{"1e3", false}, Row{"0x1F", false}, Row{"0440", false},
                    Row{"1.5", false}, Row{"12:30", false}, Row{"1_000", false}, Row{"", false},
                    Row{"null", false}, Row{"~", false}, Row{"True", false}, Row{"yes", false},
                    Row{"OFF", false}, Row{"n", false}, Row{".NaN", false}, Row{"none", true},
                    Row{"2-3g", true}, Row{"face", true}, Row{"4 cores", true}));

TEST(Node, FindsByKeyAndSaysWhatIsNotThere) {
    const auto node = mapping({{"name", string("a")}, {"list", words({"x", "y"})}});
    ASSERT_NE(find(&node, "name"), nullptr);
    EXPECT_EQ(text_of(&node, "name"), "a");
    EXPECT_EQ(items_of(&node, "list").size(), 2U);
    EXPECT_EQ(find(&node, "x"), nullptr);
    EXPECT_EQ(find(find(&node, "name"), "x"), nullptr) << "a scalar has no keys";
    EXPECT_EQ(text_of(&node, "list"), "");
    EXPECT_TRUE(items_of(&node, "name").empty());
    EXPECT_TRUE(items_of(nullptr, "name").empty());
}

TEST(Node, IsTheSameHoweverItIsWritten) {
    const auto read = [](const char* text) { return Stream::parse(text, "x")->documents()[0]; };
    EXPECT_TRUE(same(read("{a: [b, 'c'], d: \"4\"}"), read("a:\n- b\n- c\nd: '4'\n")));
    EXPECT_FALSE(same(read("a: 4"), read("a: '4'"))) << "a number is no string";
    EXPECT_FALSE(same(read("a: b"), read("a: c")));
    EXPECT_FALSE(same(read("{a: b, c: d}"), read("{c: d, a: b}"))) << "order is kept";
    EXPECT_FALSE(same(read("[a]"), read("[a, b]")));
    EXPECT_FALSE(same(read("{a: b}"), read("[a, b]")));
}

}  // namespace
}  // namespace muster::yaml
