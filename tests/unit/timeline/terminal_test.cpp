// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "muster/timeline/format.hpp"
#include "pods.hpp"
#include "text.hpp"

namespace muster::timeline {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

/// Ten times the four pods, and more; rank 7 waits for a name.
Records crowd(std::uint32_t size) {
    Records records;
    records[0] = invent(0, {.states = states(0.05, 0.05, 0.5, 6)});
    for (std::uint32_t rank = 1; rank < size; ++rank)
        records[rank] = invent(
            rank, {.gates = {{"name", 0.05}}, .states = states(0.3, 0.5, 0.9 + 0.001 * rank, 6)});
    records[7] = invent(7, {.gates = {{"name", 5}},
                            .states = states(5.1, 5.2, 5.6, 6),
                            .attempts = {{.gate = "name", .answered = "no such name"}}});
    return records;
}

TEST(Text, FourPods) {
    const auto text = format_text(assemble(four()), {.columns = 60});
    EXPECT_EQ(text,
              "4 brokers formed in 1.20 s\n"
              "\n"
              "         0.0              0.5              1.0 s\n"
              "0 pod-0 |   sbiiiiiiiiiiiiiiiiqqqqqqqqqqqqqqqqqqqq 600 ms\n"
              "1 pod-1 |NNNNNbbjjjjjjjjjjjjjjiiiiiiiiiiiiiiiiiqqq 1.10 s\n"
              "2 pod-2 |NNNNNbbjjjjjjjjjjjjjjiiiiiiiiiiiiiiiiiqqq 1.10 s\n"
              "3 pod-3 |NNNNNbbjjjjjjjjjjjjjjiiiiiiiiiiiiiiiiiqqq 1.10 s\n"
              "\n"
              "s process loads, p plan and files, N waits for the name, K\n"
              "waits for the key's acceptance, b broker begins, j join:\n"
              "waits for its parent's rc1, i rc1, q quorum: waits for the\n"
              "others, = runs\n");
}

TEST(Text, OfManyTheSlowOneIsTheFirstRowAndTheRestASummary) {
    const auto text = format_text(assemble(crowd(256)), {.columns = 100, .rows = 40});
    const auto lines = lines_of(text);
    EXPECT_EQ(lines.at(1).find("* rank 7 (pod-7) waited 4.9"), 0u) << text;
    const auto first = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
        return line.find(" s") != std::string::npos && line.find("NNNN") != std::string::npos;
    });
    ASSERT_NE(first, lines.end()) << text;
    EXPECT_EQ(first->find("7 pod-7"), 0u) << text;
    EXPECT_NE(text.find("and 216 more, online after"), std::string::npos) << text;
    EXPECT_LE(lines.size(), 50u);
}

TEST(Text, FitsItsTerminal) {
    for (const std::size_t columns : {40u, 60u, 80u, 133u, 400u})
        for (const auto& line : lines_of(format_text(assemble(crowd(50)), {.columns = columns})))
            EXPECT_LE(width_of(line), columns) << line;
}

TEST(Text, ColoursDoNotChangeTheLetters) {
    const auto plain = format_text(assemble(four()), {.columns = 80});
    auto coloured = format_text(assemble(four()), {.columns = 80, .colour = true});
    EXPECT_NE(coloured, plain);
    while (coloured.find('\x1b') != std::string::npos) {
        const auto begin = coloured.find('\x1b');
        coloured.erase(begin, coloured.find('m', begin) - begin + 1);
    }
    EXPECT_EQ(coloured, plain);
}

TEST(Text, HostileNamesDoNothingToTheTerminal) {
    auto records = crowd(10);
    records[7].report->host = "\x1b]0;owned\x07\x1b[2J\nnext";
    records[7].report->attempts[0].answered = "\x1b[31m\xff";
    const auto text = format_text(assemble(records), {});
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find('\x07'), std::string::npos);
    EXPECT_EQ(text.find("\nnext"), std::string::npos);
}

TEST(CutTo, CountsCharactersAndKeepsThemWhole) {
    EXPECT_EQ(cut_to("abc", 3), "abc");
    EXPECT_EQ(cut_to("abcd", 3), "ab~");
    EXPECT_EQ(cut_to("\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC", 3), "\xC3\xBC\xC3\xBC~");
    EXPECT_EQ(cut_to("abcd", 1), "~");
}

}  // namespace
}  // namespace muster::timeline
