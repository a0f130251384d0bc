// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <fstream>

#include "muster/base/fd.hpp"
#include "muster/timeline/format.hpp"
#include "pods.hpp"

namespace muster::timeline {
namespace {

Records small() {
    Records records;
    records[0] = invent(0, {.start = 0.1, .states = states(0.2, 0.2, 0.6, 2.0)});
    records[1] = invent(1, {.gates = {{"name", 1.2}, {"curve", 0.01}},
                            .states = states(1.3, 1.4, 1.8, 2.0),
                            .attempts = {{.gate = "name",
                                          .asked = "pod-0.",
                                          .answered = "no such name",
                                          .begun = secs(0.5),
                                          .took = secs(0.01)}}});
    records[1].report->questions = 9;
    return records;
}

TEST(Svg, OfTwoPodsIsAsItWas) {
    const auto timeline = assemble(small());
    const auto svg = format_svg(layout(timeline, find_causes(timeline)));
    const std::string path = std::string(MUSTER_TEST_DATA) + "/timeline/two-pods.svg";
    if (std::getenv("MUSTER_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << svg;
    EXPECT_EQ(svg, read_file(path).value());
}

TEST(Html, SaysWhoWasSlowAndWhy) {
    const auto html = format_html(assemble(small()));
    for (const auto* words :
         {"<h1>2 brokers formed in 2.00 s</h1>",
          "<li>rank 1 (pod-1) waited 1.02 s for the name of rank 0 (pod-0): no such name, 9 "
          "questions</li>",
          "waits for the name</li>", "an attempt that failed</li>", "<td>no such name</td>"})
        EXPECT_NE(html.find(words), std::string::npos) << words << "\n" << html;
    EXPECT_EQ(html.find("<script"), std::string::npos);
    EXPECT_EQ(html.find("src="), std::string::npos) << "nothing from elsewhere";
    EXPECT_EQ(html.find("waits for a listener"), std::string::npos) << "not in this legend";
}

TEST(Html, ShowsAPodsAttemptsOnce) {
    auto records = small();
    records[1].report->lives = 2;
    records[1].report->first_life = at(-3);
    const auto timeline = assemble(records);
    ASSERT_GE(find_causes(timeline).size(), 2u) << "more than one about this pod";
    const auto html = format_html(timeline);
    const auto first = html.find("attempts of rank 1");
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(html.find("attempts of rank 1", first + 1), std::string::npos);
}

TEST(Html, OfNothing) {
    EXPECT_NE(format_html(assemble({})).find("nothing is known of any pod"), std::string::npos);
}

TEST(EscapeXml, Table) {
    const std::vector<std::pair<std::string, std::string>> rows{
        {"plain", "plain"},
        {"<script>alert('a' & \"b\")</script>",
         "&lt;script&gt;alert(&#39;a&#39; &amp; &quot;b&quot;)&lt;/script&gt;"},
        {"gr\xC3\xBC\xC3\x9F \xE2\x98\x83 \xF0\x9F\x90\xA7",
         "gr\xC3\xBC\xC3\x9F \xE2\x98\x83 \xF0\x9F\x90\xA7"},
        {std::string("a\0b\x1b[31m", 8),
         "a\xEF\xBF\xBD"
         "b\xEF\xBF\xBD[31m"},
        {"two\nlines", "two\nlines"},
        {"\xff\xC3", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},                  // overlong
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // a surrogate
        {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xC2\x9B", "\xEF\xBF\xBD"},      // a C1 control
        {"\xEF\xBF\xBF", "\xEF\xBF\xBD"},  // no character of XML
    };
    for (const auto& [text, escaped] : rows) EXPECT_EQ(escape_xml(text), escaped) << text;
}

RC_GTEST_PROP(EscapeXmlProperty, LeavesNothingThatEndsATagOrAValue, (const std::string& text)) {
    const auto escaped = escape_xml(text);
    RC_ASSERT(escaped.find_first_of("<>\"'") == std::string::npos);
    for (const char c : escaped) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
}

TEST(Html, HostileNamesStayWords) {
    auto records = small();
    const std::string evil = "\"/><script>alert(1)</script><x y='";
    records[1].report->host = evil;
    records[1].report->instance = evil;
    records[1].report->parent_address = evil;
    records[1].report->attempts[0].answered = evil;
    records[1].report->attempts[0].asked = evil;
    records[0].report->error = evil;
    records[0].report->error_code = 70;
    const auto html = format_html(assemble(records));
    EXPECT_EQ(html.find("<script"), std::string::npos);
    EXPECT_EQ(html.find("<x "), std::string::npos);
    EXPECT_NE(html.find("&lt;script&gt;"), std::string::npos);
}

}  // namespace
}  // namespace muster::timeline
