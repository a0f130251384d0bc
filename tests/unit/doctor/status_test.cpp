// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/status.hpp"

#include <gmock/gmock.h>

namespace muster::doctor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

BrokerView view() {
    BrokerView view;
    view.uptime = Uptime{.state = "run", .since = "7s", .size = 4, .drained = 1, .offline = 1};
    view.overlay = *parse_overlay(
        "0 m-0: degraded\n├─ 2 m-2: full\n├─ 1 m-1: full\n└─ 3 m-3: lost lost connection\n");
    view.resources = *parse_resource_status("avail|0-1|\navail*|3|\ndrained|2|disk\n");
    view.r = resources::R{.nodes = {{0, "m-0", Idset::range(0, 1), {}},
                                    {1, "m-1", Idset::range(0, 1), Idset::range(0, 0)},
                                    {2, "m-2", Idset::range(0, 1), {}}}};
    return view;
}

constexpr const char* reports =
    "0: {\"resources\":{\"cores\":2,\"gpus\":0},\"lives\":{\"count\":1},"
    "\"phases\":[{\"took_us\":500000},{\"took_us\":20000}]}\n"
    "1: {\"resources\":{\"cores\":1,\"gpus\":0},\"lives\":{\"count\":2},\"phases\":[]}\n"
    "2: cat: report.json: No such file\n";

TEST(MakeStatus, JoinsWhatBrokersAndPodsSay) {
    const auto status = make_status(view(), reports);
    ASSERT_THAT(status.ranks, SizeIs(4));
    std::vector<std::uint32_t> order;
    for (const auto& rank : status.ranks) order.push_back(rank.node.rank);
    EXPECT_THAT(order, ElementsAre(0, 1, 2, 3));
    EXPECT_EQ(status.ranks[0].pod, (resources::Shape{2, 0}));
    EXPECT_FALSE(status.ranks[0].too_small());
    EXPECT_TRUE(status.ranks[1].too_small());
    EXPECT_FALSE(status.ranks[2].pod.has_value());
    EXPECT_FALSE(status.ranks[3].r.has_value());
    EXPECT_EQ(status.ranks[2].resources->reason, "disk");
}

TEST(MakeStatus, OfABrokerThatSaysLittle) {
    BrokerView little;
    little.overlay = *parse_overlay("0 m-0: full\n");
    const auto status = make_status(little, "");
    ASSERT_THAT(status.ranks, SizeIs(1));
    EXPECT_FALSE(status.ranks[0].too_small());
    EXPECT_TRUE(status.ranks[0].report.is_null());
}

TEST(MakeStatus, NamesThoseThatWereOnlineAndDidNotAnswer) {
    auto all_there = view();
    EXPECT_EQ(make_status(all_there, reports, true).silent().format(), "") << "3 is not online";
    const std::string_view two(reports, std::string_view(reports).find("\n1: ") + 1);
    EXPECT_EQ(make_status(all_there, two, true).silent().format(), "1-2");
    EXPECT_EQ(make_status(all_there, two, false).silent().format(), "") << "they have answered";
    EXPECT_EQ(make_status(all_there, "", true).silent().format(), "0-2");
}

TEST(FormatStatus, OfARankThatHangs) {
    const auto all = std::string(reports);
    const auto status = make_status(view(), all.substr(0, all.find("\n2: ") + 1), true);
    const auto text = format_status(status);
    EXPECT_THAT(text, HasSubstr("disk; it did not answer\n"));
    EXPECT_THAT(text, Not(HasSubstr("gave no report")));
    const auto error = status.trouble(std::chrono::seconds(10));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind, Kind::unavailable);
    EXPECT_EQ(
        error->message,
        "rank 2 (m-2) did not answer in 10 s, though it is online: its broker, or one between "
        "it and this pod, is stopped, hangs, or gets no CPU time; run muster check in its "
        "pod");
    const auto object = to_json(status);
    EXPECT_EQ(object.get("ranks").items()[2].get("answered").as_boolean(), false);
    EXPECT_EQ(object.get("ranks").items()[1].get("answered").as_boolean(), true);
    EXPECT_FALSE(object.get("ranks").items()[3].has("answered")) << "nobody was asked there";
    EXPECT_FALSE(make_status(view(), reports).trouble(std::chrono::seconds(10)));
    EXPECT_THAT(make_status(view(), "", true).trouble(std::chrono::milliseconds(600))->message,
                HasSubstr("ranks 0-2 (m-[0-2]) did not answer in 0.6 s, though they are online"));
}

TEST(FormatStatus, ATableWithNotes) {
    EXPECT_EQ(
        format_status(make_status(view(), reports)),
        "run for 7s, size 4, 1 offline, 1 drained\n"
        "RANK  HOST  BROKER    RESOURCES  CORES         GPUS          LIVES  START   NOTE\n"
        "0     m-0   degraded  avail      2             0             1      0.52 s\n"
        "1     m-1   full      avail      2, pod has 1  1, pod has 0  2      -       the pod has "
        "less than R gives it\n"
        "2     m-2   full      drained    2             0             -      -       disk; its pod "
        "gave no report\n"
        "3     m-3   lost      avail*     -             -             -      -       lost "
        "connection\n");
}

TEST(StatusToJson, HasTheSame) {
    const auto object = to_json(make_status(view(), reports));
    EXPECT_EQ(object.get("drained").as_integer(), 1);
    const auto ranks = object.get("ranks").items();
    ASSERT_THAT(ranks, SizeIs(4));
    EXPECT_EQ(ranks[1].get("too_small").as_boolean(), true);
    EXPECT_EQ(ranks[1].get("pod").get("cores").as_integer(), 1);
    EXPECT_EQ(ranks[2].get("reason").as_string(), "disk");
    EXPECT_FALSE(ranks[2].has("report"));
    EXPECT_TRUE(ranks[0].has("report"));
}

}  // namespace
}  // namespace muster::doctor
