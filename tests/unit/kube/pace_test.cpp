// SPDX-License-Identifier: Apache-2.0
// What is sent when: the rate limit, and the pauses between attempts.
#include <gtest/gtest.h>

#include "backoff.hpp"
#include "hand_clock.hpp"
#include "status.hpp"
#include "token_bucket.hpp"

using namespace muster;
using namespace muster::kube;
using namespace std::chrono_literals;

namespace {

int take_all(TokenBucket& bucket, TimePoint now) {
    int taken = 0;
    while (bucket.take(now)) ++taken;
    return taken;
}

TEST(TokenBucket, lets_a_burst_through_and_then_the_rate) {
    HandClock clock;
    TokenBucket bucket(10, 3, clock.now());
    EXPECT_EQ(take_all(bucket, clock.now()), 3);
    clock.advance(99ms);
    EXPECT_EQ(take_all(bucket, clock.now()), 0);
    clock.advance(1ms + 1ns);
    EXPECT_EQ(take_all(bucket, clock.now()), 1);
    clock.advance(1h);
    EXPECT_EQ(take_all(bucket, clock.now()), 3);
}

TEST(TokenBucket, token_is_there_after_the_wait_that_it_names) {
    HandClock clock;
    for (const double rate : {0.3, 1.0, 7.0, 50.0, 333.0}) {
        TokenBucket bucket(rate, 1, clock.now());
        for (int i = 0; i < 100; ++i) {
            EXPECT_TRUE(bucket.take(clock.now())) << rate << " " << i;
            EXPECT_FALSE(bucket.take(clock.now())) << rate << " " << i;
            clock.advance(bucket.wait(clock.now()));
        }
    }
}

TEST(TokenBucket, wait_is_nothing_where_there_is_a_token) {
    HandClock clock;
    TokenBucket bucket(1, 2, clock.now());
    EXPECT_EQ(bucket.wait(clock.now()), 0ns);
    bucket.take(clock.now());
    EXPECT_EQ(bucket.wait(clock.now()), 0ns);
    bucket.take(clock.now());
    EXPECT_GT(bucket.wait(clock.now()), 900ms);
}

TEST(Backoff, pauses_double_up_to_the_longest_and_are_stretched_by_up_to_as_much) {
    Jitter jitter(1);
    for (int round = 0; round < 20; ++round) {
        Backoff backoff(100ms, 1s);
        for (const auto least : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
            const Duration pause = backoff.next(jitter);
            EXPECT_GE(pause, least);
            EXPECT_LE(pause, 2 * least);
        }
        backoff.reset();
        EXPECT_LE(backoff.next(jitter), 200ms);
    }
}

TEST(Backoff, two_who_fail_together_come_back_apart) {
    Jitter one(1), other(2);
    Backoff a(100ms, 1s), b(100ms, 1s);
    EXPECT_NE(a.next(one), b.next(other));
}

TEST(RetryAfter, seconds_are_read_and_nothing_else) {
    EXPECT_EQ(parse_retry_after("3"), 3s);
    EXPECT_EQ(parse_retry_after(" 12\r\n"), 12s);
    EXPECT_EQ(parse_retry_after("0"), 0s);
    for (const auto* text : {"", " ", "soon", "-1", "Wed, 21 Oct 2026 07:28:00 GMT"})
        EXPECT_FALSE(parse_retry_after(text).has_value()) << text;
}

}  // namespace
