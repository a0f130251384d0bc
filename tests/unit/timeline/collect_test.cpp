// SPDX-License-Identifier: Apache-2.0
#include "muster/timeline/collect.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "scratch.hpp"

namespace muster::timeline {
namespace {

using testing::HasSubstr;

constexpr Duration long_enough = std::chrono::seconds(20);

/// A flux that is a shell script.
class FakeFlux {
  public:
    explicit FakeFlux(const std::string& script)
        : path_(scratch_.file("flux", "#!/bin/sh\n" + script)) {
        std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
    }
    Result<Collected> collect(Duration limit = long_enough) const {
        const SystemClock clock;
        return timeline::collect(path_, {{"PATH", "/usr/bin:/bin"}, {"SAID", "of this"}},
                                 Deadline::after(clock, limit), clock);
    }

  private:
    Scratch scratch_;
    std::string path_;
};

constexpr const char* log_line =
    "echo '1: 2026-11-23T03:21:38.000000Z broker.info[1]: quorum-full: quorum->run 0.2s' >&2\n";

TEST(Collect, AsksEveryRankOfTheInstanceThatTheEnvironmentNames) {
    const FakeFlux flux("[ \"$1 $2 $3 $4 $SAID\" = 'exec -r all -l of this' ] || exit 1\n" +
                        std::string(log_line));
    const auto records = flux.collect();
    ASSERT_TRUE(records) << records.error().message;
    EXPECT_TRUE(records->records.contains(1));
    EXPECT_FALSE(records->cut_short);
}

TEST(Collect, KeepsTheAnswersOfTheOthersWhenARankFails) {
    const FakeFlux flux(std::string(log_line) + "echo 'flux-exec: rank 2: gone' >&2; exit 68\n");
    EXPECT_TRUE(flux.collect()->records.contains(1));
}

TEST(Collect, KeepsTheAnswersOfTheOthersWhenARankHangs) {
    const auto collected =
        FakeFlux(log_line + std::string("exec sleep 600\n")).collect(std::chrono::seconds(1));
    ASSERT_TRUE(collected);
    EXPECT_TRUE(collected->records.contains(1));
    EXPECT_TRUE(collected->cut_short);
}

TEST(Collect, WhatFluxSaidWhereNobodyAnswers) {
    const auto none = FakeFlux("echo 'flux-exec: no broker\nmore' >&2; exit 1\n").collect();
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, Kind::unavailable);
    EXPECT_THAT(none.error().message, HasSubstr("(flux-exec: no broker): run this in a pod"));
    EXPECT_THAT(FakeFlux("exit 5\n").collect().error().message, HasSubstr("(exit code 5)"));
    EXPECT_THAT(FakeFlux("echo '0: sh: flux: not found'; exit 127\n").collect().error().message,
                HasSubstr("(0: sh: flux: not found)"));
    const SystemClock clock;
    const auto missing = collect("/nope/flux", {}, Deadline::never(), clock);
    EXPECT_EQ(missing.error().kind, Kind::no_program);
}

TEST(Collect, EndsAtItsDeadline) {
    for (const auto* script : {"exec sleep 600\n", "exec sleep 600 >&- 2>&-\n"}) {
        const auto late = FakeFlux(script).collect(std::chrono::milliseconds(300));
        ASSERT_FALSE(late);
        EXPECT_EQ(late.error().kind, Kind::unavailable);
        EXPECT_THAT(late.error().message, HasSubstr("did not answer in time"));
    }
}

}  // namespace
}  // namespace muster::timeline
