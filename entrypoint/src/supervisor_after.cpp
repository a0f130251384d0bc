// SPDX-License-Identifier: Apache-2.0
// What follows the end of a life: the verdict, explain, the end of what was left, the pause.
#include "supervisor.hpp"

#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "explain.hpp"

namespace muster::init {
namespace {

constexpr Millis explain_bound{2'000};
constexpr Millis sweep_bound{5'000};  ///< SIGTERM to SIGKILL of leftovers
constexpr Millis kill_bound{1'000};   ///< how long SIGKILL may take

unsigned random_number() {
    unsigned number = 0;
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) {
        number =
            static_cast<unsigned>(now().count()) * 2654435761U ^ static_cast<unsigned>(getpid());
    }
    return number;
}

}  // namespace

void Supervisor::end_life(End end) {
    pipe_.read();   // the role may have been written since we last looked
    relay_.pass();  // before what we say ourselves
    Life life{.role = pipe_.role(),
              .code = end.code(),
              .recorded = {},
              .stop = stop_,
              .forwarded = forwarded_,
              .lasted = role_since_ == never ? Millis(0) : now() - role_since_,
              .short_lives = verdict_.short_lives,
              .on_end = options_.on_end};
    // Before anything of the program's is swept away, which would be recorded as well.
    if (life.role == Role::leader) {
        life.recorded = read_end(pipe_.path());
    }
    verdict_ = decide(life);
    report(life);
    terminal_.take_back(child_);
    pipe_.close();
    child_ = 0;
    hold_until_ = never;
    phase_ = Phase::listening;
    explain_until_ = now() + explain_bound;
    listen();
}

/// To the last words of the life: explain is to know them, and to speak after them.
void Supervisor::listen() {
    if (!verdict_.explain || relay_.pass() || now() >= explain_until_) {
        start_explaining();
    }
}

/// One line where our exit code is not simply the child's.
void Supervisor::report(const Life& life) const {
    if (life.role == Role::follower && life.code != 0 && life.stop == 0) {
        Line line;
        line << "the follower's broker ended with " << life.code << " after " << life.lasted;
        if (verdict_.short_lives > 0) {
            line << " (life " << verdict_.short_lives << " in a row shorter than " << short_life
                 << ", of " << most_short_lives << ")";
        }
        say(line);
    }
    if (life.role != Role::none && life.forwarded && !life.recorded && life.code != verdict_.code) {
        say(Line() << "the " << role_name(life.role) << "'s broker ended with " << life.code
                   << " after " << signal_name(life.stop).view() << ": reported as "
                   << verdict_.code);
    }
}

void Supervisor::start_explaining() {
    if (!verdict_.explain || !has_explain(options_.command)) {
        start_sweeping();
        return;
    }
    const Spawned child = spawn_explain(spawner_, options_.command[0], environment_.of_explain(),
                                        verdict_, pipe_, relay_);
    if (child.error != 0) {
        say(Line() << "cannot run explain: " << error_text(child.error));
        start_sweeping();
        return;
    }
    phase_ = Phase::explaining;
    explainer_ = child.pid;
    has_children_ = true;
    explain_until_ = now() + explain_bound;
}

/// Ends what the life left behind: its children are ours now. Those of a broker that failed must be
/// gone before the next one starts.
void Supervisor::start_sweeping() {
    const Millis time = now();
    phase_ = Phase::sweeping;
    explain_until_ = never;
    sweep_until_ = std::min(time + std::min(sweep_bound, options_.grace / 3), kill_at_);
    sweep_end_ = std::min(sweep_until_, time + sweep_bound) + kill_bound;
    siginfo_t info{};
    has_children_ = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
    if (!is_swept()) {
        descendants_.signal(SIGTERM, 0);
        descendants_.signal(SIGCONT, 0);  // a stopped process cannot end
    }
}

/// Children that were there before CMD stay, and must then be told from CMD's.
bool Supervisor::is_swept() const {
    return !has_children_ || (descendants_.left_out() && descendants_.signal(0, 0) == 0);
}

void Supervisor::after_sweep() {
    sweep_until_ = never;
    sweep_end_ = never;
    if (!verdict_.again) {
        finish(verdict_.code);
        return;
    }
    const Millis pause = pause_before_next(verdict_.short_lives, random_number());
    start_at_ = now() + pause;
    say(Line() << "starting it again in " << pause);
    phase_ = Phase::pausing;
}

void Supervisor::finish(int code) {
    code_ = code;
    start_at_ = never;
    phase_ = Phase::draining;
    drain();
}

/// Nobody is left to write; what has been written is still to go out.
void Supervisor::drain() {
    if (relay_.pass()) {
        phase_ = Phase::over;
    }
}

}  // namespace muster::init
