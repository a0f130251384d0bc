// SPDX-License-Identifier: Apache-2.0
#include "decide.hpp"

#include <algorithm>

#include "muster/base/exit_code.hpp"

namespace muster::init {
namespace {

/// A broker that ended after a forwarded signal n says 0 on a follower, and also on a leader that
/// still waited for quorum: the truth is 128 + n.
int broker_code(const Life& life) {
    return life.forwarded ? 128 + life.stop : life.code;
}

Verdict decide_leader(const Life& life) {
    const int code = life.recorded ? life.recorded->code() : broker_code(life);
    return {.code = code,
            .explain = code != 0 && life.stop == 0,
            .recorded = life.recorded.has_value()};
}

Verdict decide_follower(const Life& life) {
    Verdict verdict{.code = broker_code(life)};
    if (life.stop != 0) {
        return verdict;
    }
    if (life.code == 0) {
        verdict.again = life.on_end == OnEnd::rejoin;
        return verdict;
    }
    verdict.explain = true;
    if (life.code == exit_code(Kind::no_program) || life.code == exit_code(Kind::not_executable)) {
        return verdict;  // the agent could not become the broker
    }
    verdict.short_lives = life.lasted < short_life ? life.short_lives + 1 : 0;
    verdict.again = verdict.short_lives < most_short_lives;
    return verdict;
}

}  // namespace

Verdict decide(const Life& life) {
    switch (life.role) {
        case Role::leader:
            return decide_leader(life);
        case Role::follower:
            return decide_follower(life);
        case Role::none:
            break;
    }
    return {.code = life.code};
}

Millis pause_before_next(int short_lives, unsigned random) {
    Millis longest = 2 * shortest_pause;
    for (int i = 1; i < short_lives && longest < longest_pause; ++i) {
        longest *= 2;
    }
    longest = std::min(longest, longest_pause);
    const Millis half = longest / 2;
    return half + Millis(random % static_cast<unsigned>(half.count() + 1));
}

}  // namespace muster::init
