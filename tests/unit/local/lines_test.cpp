// SPDX-License-Identifier: Apache-2.0
#include "muster/local/lines.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace muster::local {
namespace {

using Lines = std::vector<std::string>;

Lines split(const std::vector<std::string>& pieces, std::size_t limit = 8) {
    Lines lines;
    LineSplitter splitter(limit);
    const auto take = [&](std::string_view line) { lines.emplace_back(line); };
    for (const auto& piece : pieces) splitter.feed(piece, take);
    splitter.finish(take);
    return lines;
}

TEST(LineSplitter, Table) {
    struct Row {
        std::vector<std::string> pieces;
        Lines lines;
    };
    const Row rows[] = {
        {{}, {}},
        {{""}, {}},
        {{"a\n"}, {"a"}},
        {{"a"}, {"a"}},
        {{"a\nb"}, {"a", "b"}},
        {{"\n\n"}, {"", ""}},
        {{"a", "b", "\n"}, {"ab"}},
        {{"a\nb", "c\nd", "\n"}, {"a", "bc", "d"}},
        {{"a\r\n"}, {"a\r"}},
        {{"12345678\n"}, {"12345678"}},
        {{"123456789\n"}, {"12345678", "9"}},
        {{"12345", "678", "\n9"}, {"12345678", "", "9"}},
        {{"1234567890abcdefgh"}, {"12345678", "90abcdef", "gh"}},
        {{"12345", "6789\nx"}, {"12345678", "9", "x"}},
    };
    for (const auto& row : rows)
        EXPECT_THAT(split(row.pieces), testing::ElementsAreArray(row.lines))
            << testing::PrintToString(row.pieces);
}

RC_GTEST_PROP(LineSplitter, HoweverItIsCutTheLinesAreTheSame,
              (std::string text, std::vector<bool> cuts)) {
    std::vector<std::string> pieces(1);
    for (std::size_t i = 0; i < text.size(); ++i) {
        pieces.back() += text[i];
        if (i < cuts.size() && cuts[i]) pieces.emplace_back();
    }
    Lines expected;
    std::string line;
    for (const char c : text) {
        if (c == '\n')
            expected.push_back(std::exchange(line, {}));
        else
            line += c;
    }
    if (!line.empty()) expected.push_back(line);
    RC_ASSERT(split(pieces, 1u << 20) == expected);
}

RC_GTEST_PROP(LineSplitter, NoPieceIsLongerThanTheLimitAndNothingIsLost,
              (std::vector<std::string> pieces)) {
    const auto without_newlines = [](std::string text) {
        std::erase(text, '\n');
        return text;
    };
    std::string all;
    for (const auto& piece : pieces) all += without_newlines(piece);
    std::string got;
    for (const auto& line : split(pieces, 3)) {
        RC_ASSERT(line.size() <= 3u);
        got += line;
    }
    RC_ASSERT(got == all);
}

}  // namespace
}  // namespace muster::local
