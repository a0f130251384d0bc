// SPDX-License-Identifier: Apache-2.0
#include "line_splitter.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

using namespace muster::kube;
using testing::ElementsAre;

namespace {

struct Lines {
    explicit Lines(std::size_t longest = 100) : splitter(longest) {}
    bool feed(std::string_view data) {
        return splitter.feed(data, [this](std::string_view line) {
            lines.emplace_back(line);
            return lines.size() < most;
        });
    }
    LineSplitter splitter;
    std::vector<std::string> lines;
    std::size_t most = 1000;
};

TEST(LineSplitter, lines_are_the_same_wherever_they_are_cut) {
    const std::string text = "one\n\ntwo two\nthree\n\n";
    for (std::size_t first = 0; first <= text.size(); ++first)
        for (std::size_t second = first; second <= text.size(); ++second) {
            Lines lines;
            EXPECT_TRUE(lines.feed(text.substr(0, first)));
            EXPECT_TRUE(lines.feed(text.substr(first, second - first)));
            EXPECT_TRUE(lines.feed(text.substr(second)));
            EXPECT_THAT(lines.lines, ElementsAre("one", "two two", "three"));
            EXPECT_FALSE(lines.splitter.has_tail());
        }
}

TEST(LineSplitter, unfinished_line_waits) {
    Lines lines;
    EXPECT_TRUE(lines.feed("a\nb"));
    EXPECT_THAT(lines.lines, ElementsAre("a"));
    EXPECT_TRUE(lines.splitter.has_tail());
    EXPECT_TRUE(lines.feed("c\n"));
    EXPECT_THAT(lines.lines, ElementsAre("a", "bc"));
}

TEST(LineSplitter, line_that_is_too_long_ends_it_before_it_is_kept) {
    Lines whole(4), tail(4), grown(4);
    EXPECT_TRUE(whole.feed("abcd\n"));
    EXPECT_FALSE(whole.feed("abcde\n"));
    EXPECT_FALSE(tail.feed("abcde"));
    EXPECT_TRUE(grown.feed("abc"));
    EXPECT_FALSE(grown.feed("de"));
}

TEST(LineSplitter, reader_that_has_enough_hears_no_more) {
    Lines lines;
    lines.most = 1;
    EXPECT_FALSE(lines.feed("a\nb\nc\n"));
    EXPECT_THAT(lines.lines, ElementsAre("a"));
}

}  // namespace
