// SPDX-License-Identifier: Apache-2.0
#include "muster/kube/election.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <array>

#include "hand_clock.hpp"

using namespace muster;
using namespace muster::kube;
using namespace std::chrono_literals;
using What = Election::Step::What;

namespace {

tl::unexpected<Failure> failed(int code) {
    return tl::unexpected(Failure{.code = code, .message = "it failed"});
}

/// What an API server does with one Lease.
struct Server {
    json::Value lease;  ///< null: there is none
    int version = 0;
    int writes = 0;

    Answer store(json::Value wanted) {
        auto metadata = json::Value::object();
        metadata.set("name", wanted.get("metadata").get("name"));
        metadata.set("resourceVersion", json::Value::string(std::to_string(++version)));
        lease = wanted.set("metadata", metadata);
        ++writes;
        return lease;
    }
    Answer answer(const Election::Step& step) {
        auto wanted = json::Value::parse(step.lease.format()).value_or(json::Value());
        const bool is_there = !lease.is_null();
        const auto version_of = [](const json::Value& object) {
            return object.get("metadata").get("resourceVersion");
        };
        switch (step.what) {
            case What::get:
                return is_there ? Answer(lease) : failed(404);
            case What::create:
                return is_there ? failed(409) : store(wanted);
            case What::replace:
                if (!is_there) return failed(404);
                return version_of(wanted) == version_of(lease) ? store(wanted) : failed(409);
        }
        return failed(500);
    }
    std::string holder() const {
        return lease.get("spec").get("holderIdentity").as_string().value_or("?");
    }
    std::int64_t transitions() const {
        return lease.get("spec").get("leaseTransitions").as_integer().value_or(-1);
    }
};

struct Candidate {
    explicit Candidate(std::string identity)
        : election("default", "controller", {.identity = std::move(identity)}, clock) {}

    /// A whole try; true when we lead then.
    bool attempt(Server& server) {
        auto step = std::optional(election.begin());
        while (step) step = election.answered(server.answer(*step));
        return election.is_leader();
    }
    /// A try in which nothing gets through.
    void attempt_in_vain() {
        auto step = std::optional(election.begin());
        while (step) step = election.answered(failed(0));
    }

    HandClock clock;
    Election election;
};

class ElectionTest : public testing::Test {
  protected:
    void advance(Duration by) {
        a.clock.advance(by);
        b.clock.advance(by);
    }
    Server server;
    Candidate a{"a"}, b{"b"};
};

TEST_F(ElectionTest, first_one_creates_the_lease_and_leads) {
    EXPECT_TRUE(a.attempt(server));
    EXPECT_EQ(server.holder(), "a");
    EXPECT_EQ(server.transitions(), 0);
    const auto spec = server.lease.get("spec");
    EXPECT_EQ(spec.get("leaseDurationSeconds").as_integer(), 15);
    EXPECT_EQ(spec.get("renewTime").as_string(), "2023-11-14T23:13:20.000000Z");
    EXPECT_EQ(spec.get("acquireTime").as_string(), "2023-11-14T23:13:20.000000Z");
}

TEST_F(ElectionTest, leader_renews_by_one_request_and_keeps_when_it_began) {
    a.attempt(server);
    advance(2s);
    const auto step = a.election.begin();
    EXPECT_EQ(step.what, What::replace);
    EXPECT_FALSE(a.election.answered(server.answer(step)).has_value());
    const auto spec = server.lease.get("spec");
    EXPECT_EQ(spec.get("renewTime").as_string(), "2023-11-14T23:13:22.000000Z");
    EXPECT_EQ(spec.get("acquireTime").as_string(), "2023-11-14T23:13:20.000000Z");
    EXPECT_EQ(server.transitions(), 0);
}

TEST_F(ElectionTest, another_follows_as_long_as_the_lease_changes) {
    a.attempt(server);
    for (int i = 0; i < 20; ++i) {
        EXPECT_FALSE(b.attempt(server));
        EXPECT_EQ(b.election.holder(), "a");
        advance(2s);
        EXPECT_TRUE(a.attempt(server));
    }
}

TEST_F(ElectionTest, lease_that_does_not_change_for_its_duration_is_taken_over) {
    a.attempt(server);
    EXPECT_FALSE(b.attempt(server));
    advance(15s - 1ns);
    EXPECT_FALSE(b.attempt(server));
    advance(1ns);
    EXPECT_TRUE(b.attempt(server));
    EXPECT_EQ(server.holder(), "b");
    EXPECT_EQ(server.transitions(), 1);
}

TEST_F(ElectionTest, anothers_wall_clock_does_not_matter) {
    b.clock.set_wall(WallTime(std::chrono::seconds(2'000'000'000)));
    a.attempt(server);
    EXPECT_FALSE(b.attempt(server));
    advance(14s);
    EXPECT_FALSE(b.attempt(server));
}

TEST_F(ElectionTest, duration_is_the_holders_and_not_ours) {
    a.attempt(server);
    auto spec = server.lease.get("spec");
    spec.set("leaseDurationSeconds", json::Value::integer(60));
    EXPECT_FALSE(b.attempt(server));
    advance(59s);
    EXPECT_FALSE(b.attempt(server));
    advance(1s);
    EXPECT_TRUE(b.attempt(server));
}

TEST_F(ElectionTest, leader_that_cannot_renew_leads_no_more_before_others_may) {
    a.attempt(server);
    b.attempt(server);
    for (int i = 0; i < 4; ++i) {
        advance(2s);
        a.attempt_in_vain();
        EXPECT_TRUE(a.election.is_leader());
    }
    advance(2s);
    a.attempt_in_vain();
    EXPECT_FALSE(a.election.is_leader());
    EXPECT_FALSE(b.attempt(server));
}

TEST_F(ElectionTest, leader_whose_lease_was_taken_sees_it_in_the_same_try) {
    a.attempt(server);
    b.attempt(server);
    advance(15s);
    EXPECT_TRUE(b.attempt(server));
    EXPECT_FALSE(a.attempt(server));
    EXPECT_EQ(a.election.holder(), "b");
    EXPECT_EQ(server.holder(), "b");
}

TEST_F(ElectionTest, foreign_write_to_our_lease_costs_a_look_and_no_more) {
    a.attempt(server);
    server.store(server.lease);  // an annotation, say
    advance(2s);
    EXPECT_TRUE(a.attempt(server));
    EXPECT_EQ(server.transitions(), 0);
}

TEST_F(ElectionTest, lease_that_was_removed_is_made_again) {
    a.attempt(server);
    server.lease = json::Value();
    advance(2s);
    EXPECT_TRUE(a.attempt(server));
    EXPECT_EQ(server.holder(), "a");
}

TEST_F(ElectionTest, write_whose_answer_was_lost_is_found_out) {
    auto step = a.election.begin();
    step = *a.election.answered(server.answer(step));
    EXPECT_EQ(step.what, What::create);
    EXPECT_TRUE(server.answer(step).has_value());
    EXPECT_FALSE(a.election.answered(failed(0)).has_value());
    EXPECT_FALSE(a.election.is_leader());
    EXPECT_TRUE(a.attempt(server));
    EXPECT_EQ(server.transitions(), 0);
}

TEST_F(ElectionTest, released_lease_is_free_at_once) {
    a.attempt(server);
    EXPECT_FALSE(b.attempt(server));
    const auto step = a.election.release();
    ASSERT_TRUE(step.has_value());
    EXPECT_FALSE(a.election.is_leader());
    EXPECT_FALSE(a.election.answered(server.answer(*step)).has_value());
    EXPECT_FALSE(a.election.is_leader());
    EXPECT_EQ(server.holder(), "");
    EXPECT_EQ(server.lease.get("spec").get("leaseDurationSeconds").as_integer(), 1);
    EXPECT_TRUE(b.attempt(server));
    EXPECT_EQ(server.transitions(), 1);
}

TEST_F(ElectionTest, follower_has_nothing_to_release) {
    a.attempt(server);
    b.attempt(server);
    EXPECT_FALSE(b.election.release().has_value());
}

TEST_F(ElectionTest, time_of_a_renewal_is_that_of_its_beginning) {
    auto step = std::optional(a.election.begin());
    advance(4s);
    while (step) step = a.election.answered(server.answer(*step));
    EXPECT_EQ(a.election.leads_until() - a.clock.now(), 6s);
}

/// Whatever gets lost, and however long anything takes: there are never two.
RC_GTEST_PROP(ElectionLaws, never_two_lead, ()) {
    Server server;
    std::array<Candidate, 3> all{Candidate("a"), Candidate("b"), Candidate("c")};
    std::array<std::optional<Election::Step>, 3> pending;
    const auto rounds = *rc::gen::inRange(1, 200);
    for (int round = 0; round < rounds; ++round) {
        const auto by = std::chrono::milliseconds(*rc::gen::inRange(0, 6'000));
        for (auto& one : all) one.clock.advance(by);
        const auto which = static_cast<std::size_t>(*rc::gen::inRange(0, 3));
        auto& election = all.at(which).election;
        auto& step = pending.at(which);
        const int fate = *rc::gen::inRange(0, 8);
        if (!step && fate == 7) {
            step = election.release();
        } else if (!step) {
            step = election.begin();
        } else if (fate == 0) {
            step = election.answered(failed(0));  // it never arrived
        } else {
            const auto answer = server.answer(*step);
            step = election.answered(fate == 1 ? Answer(failed(0)) : answer);
        }
        int leaders = 0;
        for (const auto& one : all) leaders += one.election.is_leader() ? 1 : 0;
        RC_ASSERT(leaders <= 1);
    }
}

/// Left alone, one leads within the lease's duration and two tries, and then stays.
RC_GTEST_PROP(ElectionLaws, one_leads_in_the_end, ()) {
    Server server;
    std::array<Candidate, 2> all{Candidate("a"), Candidate("b")};
    const auto first = static_cast<std::size_t>(*rc::gen::inRange(0, 2));
    if (*rc::gen::arbitrary<bool>()) all.at(first).attempt(server);
    int leaders = 0;
    for (int second = 0; second <= 20; second += 2) {
        leaders = 0;
        for (auto& one : all) {
            leaders += one.attempt(server) ? 1 : 0;
            one.clock.advance(2s);
        }
    }
    RC_ASSERT(leaders == 1);
}

}  // namespace
