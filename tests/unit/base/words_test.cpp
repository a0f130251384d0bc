// SPDX-License-Identifier: Apache-2.0
#include "muster/base/words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace muster {
namespace {

using testing::ElementsAre;

TEST(Words, SplitsAsAShellQuotesWithoutExpandingAnything) {
    EXPECT_THAT(*split_words(""), ElementsAre());
    EXPECT_THAT(*split_words("  a\tb\n c "), ElementsAre("a", "b", "c"));
    EXPECT_THAT(*split_words("python -c \"print(1)\""), ElementsAre("python", "-c", "print(1)"));
    EXPECT_THAT(*split_words("'a b' \"c d\" e\\ f"), ElementsAre("a b", "c d", "e f"));
    EXPECT_THAT(*split_words("''\"\" x"), ElementsAre("", "x"));
    EXPECT_THAT(*split_words("'\\n' \"\\n\\\"\\\\\" $HOME `id` *"),
                ElementsAre("\\n", "\\n\"\\", "$HOME", "`id`", "*"));
    EXPECT_THAT(*split_words("a\\\nb"), ElementsAre("ab"));
    EXPECT_THAT(*split_words("ä'ö'ü"), ElementsAre("äöü"));
}

TEST(Words, RefusesWhatIsNotClosed) {
    for (const char* text : {"'a", "\"a", "a\\", "\"a\\\""}) {
        const auto words = split_words(text);
        ASSERT_FALSE(words) << text;
        EXPECT_EQ(words.error().kind, Kind::usage);
    }
}

RC_GTEST_PROP(WordsProperty, QuotedWordsComeBack, (const std::vector<std::string>& words)) {
    std::string text;
    for (const auto& word : words) {
        text += " '";
        for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
        text += '\'';
    }
    RC_ASSERT(split_words(text).value() == words);
}

}  // namespace
}  // namespace muster
