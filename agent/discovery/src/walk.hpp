// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "curve_gate.hpp"
#include "dial.hpp"
#include "muster/base/clock.hpp"
#include "muster/discovery/gates.hpp"
#include "muster/discovery/reach.hpp"
#include "muster/discovery/resolver.hpp"
#include "name_watch.hpp"

namespace muster::discovery {

/// A connection attempt on its way; its end ends the attempt without a word.
class Dialling {
  public:
    virtual ~Dialling() = default;
};

/// Dials, one attempt after another or several at once. A seam: tests answer by hand.
class Dialler {
  public:
    using Callback = std::function<void(DialOutcome)>;
    virtual ~Dialler() = default;
    /// Calls back once, never from here.
    virtual std::unique_ptr<Dialling> dial(const std::string& address, std::uint16_t port,
                                           Duration limit, Callback callback) = 0;
};

/// Shakes hands, with one listener at a time. A seam as well.
class Shaker {
  public:
    using Callback = std::function<void(CurveOutcome)>;
    virtual ~Shaker() = default;
    /// Calls back once, never from here, and before that once with `waiting` where the pod of that
    /// address waits itself. `dialled` is how the dial to that address ended.
    virtual void shake_hands(const std::string& address, std::uint16_t port, DialOutcome dialled,
                             Duration limit, Callback callback) = 0;
    /// Ends a handshake without a word.
    virtual void let_go() = 0;
};

/// What a person who waits is told.
struct Voice {
    std::function<void(const std::string&)> inform;
    std::function<void(const std::string&)> warn;
};

/// The four gates, walked again and again until all are passed or the wait is over (design, section
/// 4): passive, driven by tick() and by what its seams call back with.
///
/// Every round of dials follows questions asked for it; what a slot's turn brings up meanwhile
/// joins it. Of several addresses the youngest is dialled first, the others 50 ms apart, and the
/// first to listen is shaken hands with. A plain answer that is still on its way then is heard out:
/// a broker that is given a number would not find a parent that moves.
class Walk {
  public:
    struct Seams {
        const Clock& clock;
        Resolver* resolver;  ///< not used for a numeric name
        Dialler& dialler;
        Shaker& shaker;
        Voice voice;
        std::function<void()> changed;  ///< called after each event: due() and has_ended() anew
        std::uint64_t seed;
    };
    Walk(const ReachRequest& request, Seams seams);
    Walk(const Walk&) = delete;
    Walk& operator=(const Walk&) = delete;

    /// When tick() wants to be called, if no event comes before.
    TimePoint due() const;
    /// Does what is due.
    void tick();
    bool has_ended() const { return verdict_.has_value(); }
    /// Once it has ended.
    const Verdict& verdict() const { return *verdict_; }

  private:
    struct Target {
        enum class State { waiting, dialling, failed };
        std::string address;
        State state = State::waiting;
        std::unique_ptr<Dialling> dialling = nullptr;
    };
    enum class Phase { resting, dialling, shaking, accepted };

    TimePoint now() const { return seams_.clock.now(); }
    Duration since_start() const { return now() - begun_; }
    std::vector<Candidate> candidates() const;
    Target* find_target(const std::string& address);
    const Target* next_target() const;

    void ask_due_questions();
    void hear(const Question& question, const Reply& reply, TimePoint asked_at);
    void welcome_new_candidates();
    void begin_due_round();
    void dial_due_targets();
    void dialled(const std::string& address, TimePoint begun, DialOutcome outcome);
    void shake_hands(const std::string& address, DialOutcome outcome);
    void shaken(const std::string& address, TimePoint begun, const CurveOutcome& outcome);
    void wait_with(const std::string& address, TimePoint begun, const CurveOutcome& outcome);
    void stop_waiting_with(const std::string& address);
    void conclude();
    void end_round();
    bool is_hopeless();
    void after_event();

    void note(Gate gate, bool passed, std::string asked, std::string answered, TimePoint begun);
    void shut(Gate gate);
    void fail_at(Gate gate, Cause cause, std::string asked, std::string answered);
    void settle(GateFailure failure);
    void speak();
    void give_up();
    std::string text_of(const std::string& address) const;

    ReachRequest request_;
    Seams seams_;
    TimePoint begun_;
    std::mt19937_64 random_;
    std::optional<NameWatch> watch_;  ///< none for a numeric name
    Phase phase_ = Phase::resting;
    std::vector<Target> targets_;  ///< of this round, or of the last
    std::string shaking_with_;
    bool parent_waits_ = false;  ///< that peer's pod, itself
    TimePoint hurried_until_ = TimePoint::min();
    TimePoint next_dial_at_{};  ///< of the round's next target
    TimePoint round_at_;        ///< the next round, when resting
    bool ask_anew_ = false;     ///< before that round
    TimePoint asked_anew_at_ = TimePoint::min();
    Duration backoff_;
    std::size_t spoken_ = 0;
    std::optional<GateFailure> round_failure_;
    std::optional<GateFailure> failure_;  ///< of the last round, or of the name since
    TimePoint failing_since_{};
    std::optional<TimePoint> refused_since_;
    Passage passage_;
    std::optional<Verdict> verdict_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace muster::discovery
