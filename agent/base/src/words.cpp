// SPDX-License-Identifier: Apache-2.0
#include "muster/base/words.hpp"

namespace muster {

Result<std::vector<std::string>> split_words(std::string_view text) {
    std::vector<std::string> words;
    bool in_word = false;
    char quote = '\0';
    const auto put = [&](char c) {
        if (!in_word) words.emplace_back();
        in_word = true;
        words.back() += c;
    };
    const auto begin_word = [&] {
        if (!in_word) words.emplace_back();
        in_word = true;
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\\' && quote != '\'') {
            if (++i == text.size()) return fail(Kind::usage, "'{}' ends in a backslash", text);
            // Within double quotes a backslash is itself, except before these (POSIX 2.2.3).
            if (quote == '"' &&
                std::string_view("$`\"\\\n").find(text[i]) == std::string_view::npos)
                put('\\');
            if (text[i] != '\n') put(text[i]);
        } else if (quote != '\0') {
            if (c == quote)
                quote = '\0';
            else
                put(c);
        } else if (c == '\'' || c == '"') {
            quote = c;
            begin_word();
        } else if (c == ' ' || c == '\t' || c == '\n') {
            in_word = false;
        } else {
            put(c);
        }
    }
    if (quote != '\0')
        return fail(Kind::usage, "'{}' has a quote ({}) that is not closed", text, quote);
    return words;
}

}  // namespace muster
