// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "muster/yaml.hpp"

namespace muster::yaml {
namespace {

struct Row {
    std::string name;
    std::string text;
    Path path;
    std::string expected;  ///< empty: refused
};

void PrintTo(const Row& row, std::ostream* out) {
    *out << row.name;
}

Stream read(const std::string& text) {
    auto stream = Stream::parse(text, "file");
    EXPECT_TRUE(stream.has_value()) << stream.error().message;
    return *stream;
}

std::string name_of(const testing::TestParamInfo<Row>& info) {
    return info.param.name;
}

void check(const Row& row, const Stream& stream, const Result<void>& result) {
    if (row.expected.empty()) {
        ASSERT_FALSE(result.has_value()) << stream.text();
        EXPECT_EQ(result.error().kind, Kind::malformed);
        EXPECT_EQ(stream.text(), row.text) << "a change that fails leaves everything as it was";
        return;
    }
    ASSERT_TRUE(result.has_value()) << result.error().message;
    EXPECT_EQ(stream.text(), row.expected);
}

class Append : public testing::TestWithParam<Row> {};

TEST_P(Append, PutsAnItemAfterTheLast) {
    auto stream = read(GetParam().text);
    check(
        GetParam(), stream,
        stream.append(GetParam().path, mapping({{"name", string("new")}, {"port", string("4")}})));
}

INSTANTIATE_TEST_SUITE_P(
    Table, Append,
    testing::Values(
        Row{"indented",
            "a:\n  - x: 1\n  - y: 2\nb: 3\n",
            {"0", "a"},
            "a:\n  - x: 1\n  - y: 2\n  - name: new\n    port: \"4\"\nb: 3\n"},
        Row{"not_indented",
            "a:\n- x: 1\nb: 3\n",
            {"0", "a"},
            "a:\n- x: 1\n- name: new\n  port: \"4\"\nb: 3\n"},
        Row{"comments_stay",
            "a: # list\n# first\n- x: 1 # one\n# after\n\nb: 3\n",
            {"0", "a"},
            "a: # list\n# first\n- x: 1 # one\n- name: new\n  port: \"4\"\n# after\n\nb: 3\n"},
        Row{"no_newline_at_the_end",
            "a:\n- x: 1",
            {"0", "a"},
            "a:\n- x: 1\n- name: new\n  port: \"4\"\n"},
        Row{"after_a_block_scalar",
            "a:\n- x: |\n    text\n    more\nb: 3\n",
            {"0", "a"},
            "a:\n- x: |\n    text\n    more\n- name: new\n  port: \"4\"\nb: 3\n"},
        Row{"after_a_kept_block_scalar",
            "a:\n- x: |+\n    text\n\n\nb: 3\n",
            {"0", "a"},
            "a:\n- x: |+\n    text\n\n\n- name: new\n  port: \"4\"\nb: 3\n"},
        Row{"after_quotes_over_lines",
            "a:\n- x: \"text\n    more\"\nb: 3\n",
            {"0", "a"},
            "a:\n- x: \"text\n    more\"\n- name: new\n  port: \"4\"\nb: 3\n"},
        Row{"after_an_empty_value",
            "a:\n- x:\nb: 3\n",
            {"0", "a"},
            "a:\n- x:\n- name: new\n  port: \"4\"\nb: 3\n"},
        Row{"after_a_flow",
            "a:\n- {x: 1,\n   y: 2}\nb: 3\n",
            {"0", "a"},
            "a:\n- {x: 1,\n   y: 2}\n- name: new\n  port: \"4\"\nb: 3\n"},
        Row{"deep",
            "a:\n  b:\n    - c:\n        - d: [e]\n",
            {"0", "a", "b", "0", "c"},
            "a:\n  b:\n    - c:\n        - d: [e]\n        - name: new\n          port: \"4\"\n"},
        Row{"second_document",
            "a: 1\n---\nb:\n- x\n---\nc: 1\n",
            {"1", "b"},
            "a: 1\n---\nb:\n- x\n- name: new\n  port: \"4\"\n---\nc: 1\n"},
        Row{"empty_flow", "a: []  # none\n", {"0", "a"}, "a: [{name: new, port: \"4\"}]  # none\n"},
        Row{"flow", "a: [x, 'y']\n", {"0", "a"}, "a: [x, 'y', {name: new, port: \"4\"}]\n"},
        Row{"flow_with_a_comma_at_the_end",
            "a: [x, ]\n",
            {"0", "a"},
            "a: [x, {name: new, port: \"4\"}, ]\n"},
        Row{"json",
            "{\n  \"a\": [\n    \"x\"\n  ]\n}\n",
            {"0", "a"},
            "{\n  \"a\": [\n    \"x\",\n    {\"name\": \"new\", \"port\": \"4\"}\n  ]\n}\n"},
        Row{"crlf",
            "a:\r\n- x\r\nb: 3\r\n",
            {"0", "a"},
            "a:\r\n- x\r\n- name: new\n  port: \"4\"\nb: 3\r\n"},
        Row{"empty_item_at_the_end", "a:\n  - x\n  -\nb: 1\n", {"0", "a"}, ""},
        Row{"anchored", "a: &l\n- x\nb: *l\n", {"0", "a"}, ""},
        Row{"alias", "a: &l\n- x\nb: *l\n", {"0", "b"}, ""},
        Row{"no_such", "a: 1\n", {"0", "b"}, ""}, Row{"no_value", "a:\n", {"0", "a"}, ""},
        Row{"no_such_document", "a: []\n", {"1", "a"}, ""},
        Row{"no_sequence", "a: {}\n", {"0", "a"}, ""}),
    name_of);

class AddKey : public testing::TestWithParam<Row> {};

TEST_P(AddKey, PutsAKeyAfterTheLast) {
    auto stream = read(GetParam().text);
    check(GetParam(), stream, stream.add_key(GetParam().path, "new", words({"a b", "c"})));
}

INSTANTIATE_TEST_SUITE_P(
    Table, AddKey,
    testing::Values(
        Row{"block", "a:\n  b: 1\nc: 2\n", {"0", "a"}, "a:\n  b: 1\n  new: [\"a b\", c]\nc: 2\n"},
        Row{"item",
            "a:\n  - b: 1\n    c:\n      d: 2\n  - e: 3\n",
            {"0", "a", "0"},
            "a:\n  - b: 1\n    c:\n      d: 2\n    new: [\"a b\", c]\n  - e: 3\n"},
        Row{"after_a_sequence",
            "a:\n  b:\n  - x\nc: 2\n",
            {"0", "a"},
            "a:\n  b:\n  - x\n  new: [\"a b\", c]\nc: 2\n"},
        Row{"root", "a: 1\n# end\n", {"0"}, "a: 1\nnew: [\"a b\", c]\n# end\n"},
        Row{"flow", "a: {b: 1}\n", {"0", "a"}, "a: {b: 1, new: [\"a b\", c]}\n"},
        Row{"empty", "a: {}\n", {"0", "a"}, "a: {new: [\"a b\", c]}\n"},
        Row{"is_there", "a: {new: 1}\n", {"0", "a"}, ""}, Row{"scalar", "a: b\n", {"0", "a"}, ""}),
    name_of);

class Prepend : public testing::TestWithParam<Row> {};

TEST_P(Prepend, PutsWordsBeforeTheFirst) {
    auto stream = read(GetParam().text);
    check(GetParam(), stream, stream.prepend(GetParam().path, {"run", "--"}));
}

INSTANTIATE_TEST_SUITE_P(
    Table, Prepend,
    testing::Values(
        Row{"flow", "a: [sh, -c]\n", {"0", "a"}, "a: [run, --, sh, -c]\n"},
        Row{"block",
            "a:\n  - sh # shell\n  - -c\n",
            {"0", "a"},
            "a:\n  - run\n  - --\n  - sh # shell\n  - -c\n"},
        Row{"json", "{\"a\": [\"sh\"]}\n", {"0", "a"}, "{\"a\": [\"run\", \"--\", \"sh\"]}\n"},
        Row{"flow_over_lines", "a: [\n  sh,\n  -c]\n", {"0", "a"}, "a: [\n  run, --, sh,\n  -c]\n"},
        Row{"empty", "a: []\n", {"0", "a"}, "a: [run, --]\n"},
        Row{"in_a_sequence", "- - sh\n  - -c\n", {"0", "0"}, ""}),
    name_of);

TEST(Stream, AddsADocument) {
    auto stream = read("a: 1  # one");
    ASSERT_TRUE(stream.add_document(mapping(
        {{"kind", string("Service")},
         {"spec",
          mapping({{"x", literal("true")}, {"l", sequence({mapping({{"p", literal("1")}})})}})}})));
    EXPECT_EQ(stream.text(),
              "a: 1  # one\n---\nkind: Service\nspec:\n  x: true\n  l:\n    - p: 1\n");
    EXPECT_EQ(stream.documents().size(), 2U);
    EXPECT_EQ(stream.line_of(*stream.at({"1", "spec"})), 5U);
}

TEST(Stream, QuotesWhatAReaderWouldTakeForSomethingElse) {
    for (const std::string text : {"4", "yes", "a: b", "# x", "\"", "\\", "\n", "tab\t", "-", "",
                                   " x", "é", "a]b", "*x", "%d", "---"}) {
        auto stream = read("a: [x]\nb:\n- y\n");
        ASSERT_TRUE(stream.append({"0", "a"}, string(text))) << text;
        ASSERT_TRUE(stream.append({"0", "b"}, string(text))) << text;
        EXPECT_EQ(stream.at({"0", "a", "1"})->text, text);
        EXPECT_EQ(stream.at({"0", "b", "1"})->text, text);
    }
}

struct Bad {
    std::string text;
    std::string said;
};

class Malformed : public testing::TestWithParam<Bad> {};

TEST_P(Malformed, IsRefusedWithItsLine) {
    const auto stream = Stream::parse(GetParam().text, "file");
    ASSERT_FALSE(stream.has_value());
    EXPECT_EQ(stream.error().kind, Kind::malformed);
    EXPECT_NE(stream.error().message.find(GetParam().said), std::string::npos)
        << stream.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Malformed,
    testing::Values(Bad{"a: [", "file: line"}, Bad{"a: b: c\n", "file: line 1"},
                    Bad{"a: 1\n\tb: 2\n", "file: line "},
                    Bad{"a: 1\na: 2\n", "the key 'a' is given twice"},
                    Bad{std::string("a\0b", 3), "line 1: byte 0x00 is no UTF-8 text"},
                    Bad{"%%x h:\xff v\n{\"a:a", "line 1: byte 0xff"},
                    Bad{"a:\n- \xc3", "line 2: byte 0xc3"}, Bad{"\xc0\xaf", "0xc0"},
                    Bad{"\xe0\x80\x80", "0xe0"}, Bad{"\xed\xa0\x80", "0xed"},
                    Bad{"\xf4\x90\x80\x80", "0xf4"}, Bad{"\xf5\x80\x80\x80", "0xf5"},
                    Bad{"\xe2\x28\xa1", "0xe2"}));

TEST(Stream, HoldsTextOfAnyLanguage) {
    EXPECT_EQ(read("a: \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 # \xed\x9f\xbf\n").at({"0", "a"})->text,
              "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST(Stream, OfNothingHasNoDocument) {
    EXPECT_TRUE(read("").documents().empty());
    EXPECT_TRUE(read("# only a comment\n").documents().empty());
    auto stream = read("");
    ASSERT_TRUE(stream.add_document(mapping({{"a", literal("1")}})));
    EXPECT_EQ(stream.text(), "a: 1\n");
}

}  // namespace
}  // namespace muster::yaml
